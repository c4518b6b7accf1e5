//! What so few runs cannot show, whatever their values: the floor of the exact tests.

use crate::against::{ALPHA, Against};
use crate::arm::Arm;
use crate::stats::{Test, pairs_needed, values_needed};

/// The limit that the number of runs sets to the verdicts on the primary metric.
#[derive(Debug)]
pub struct Floor {
    /// Where the smallest p cannot pass Holm's correction, by number of runs.
    pub pairs: Vec<Pair>,
    /// Comparisons in the verdict family.
    pub comparisons: usize,
}

/// Arms with the same number of runs that enter, against the baseline.
#[derive(Debug)]
pub struct Pair {
    /// The arms' labels.
    pub arms: Vec<String>,
    /// The test that decides.
    pub test: Test,
    /// Runs of each that enter; pairs where runs pair.
    pub runs: usize,
    /// Runs of the baseline; pairs where runs pair.
    pub baseline: usize,
    /// The smallest two-sided p they can give, before correction.
    pub p: f64,
    /// Runs per arm (or pairs) with which one comparison alone can reach alpha.
    pub needed: usize,
    /// The same for each of all comparisons, under Holm's correction.
    pub needed_by_all: usize,
}

/// The floor of every comparison with the first arm on the column at `primary`; `None` where each can reach alpha.
pub fn floor(arms: &[Arm], against: &[Vec<Against>], primary: usize, m: usize) -> Option<Floor> {
    let level = ALPHA / m.max(1) as f64;
    let mut pairs: Vec<Pair> = Vec::new();
    for (arm, list) in arms.iter().zip(against).skip(1) {
        let own = &list[primary];
        let Some(verdict) = own.verdict.filter(|verdict| verdict.floor > level) else {
            continue;
        };
        let n = |arm: &Arm| arm.cells[primary].map_or(0, |cell| cell.n);
        let (runs, baseline, needs): (usize, usize, fn(f64) -> usize) = match verdict.test {
            Test::Rank => (n(arm), n(&arms[0]), values_needed),
            Test::SignFlip => (own.pairs.len(), own.pairs.len(), pairs_needed),
        };
        let is_alike = |pair: &&mut Pair| pair.test == verdict.test && pair.runs == runs;
        match pairs.iter_mut().find(is_alike) {
            Some(pair) => pair.arms.push(arm.label.clone()),
            None => pairs.push(Pair {
                arms: vec![arm.label.clone()],
                test: verdict.test,
                runs,
                baseline,
                p: verdict.floor,
                needed: needs(ALPHA),
                needed_by_all: needs(level),
            }),
        }
    }
    (!pairs.is_empty()).then_some(Floor {
        pairs,
        comparisons: m,
    })
}
