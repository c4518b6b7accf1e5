//! What so few runs cannot show, whatever their values: the floor of the exact rank test.

use crate::arm::Arm;
use crate::stats::{smallest_rank_p, values_needed};

/// The p that a comparison is expected to be able to reach.
pub const ALPHA: f64 = 0.05;

/// The limit that the number of runs sets to every rank test.
#[derive(Debug)]
pub struct Floor {
    /// Where the smallest p is above alpha, by number of runs.
    pub pairs: Vec<Pair>,
    /// Runs per arm with which one comparison can reach alpha.
    pub needed: usize,
    /// Arms compared with the baseline.
    pub comparisons: usize,
    /// Runs per arm with which each of them can reach alpha under Holm's correction.
    pub needed_by_all: usize,
}

/// Arms with the same number of completed runs, against the baseline.
#[derive(Debug)]
pub struct Pair {
    /// The arms' labels.
    pub arms: Vec<String>,
    /// Completed runs of each.
    pub runs: usize,
    /// Completed runs of the baseline.
    pub baseline: usize,
    /// The smallest two-sided p they can give.
    pub p: f64,
}

/// The floor of every comparison with the first arm; `None` where each can reach alpha.
pub fn floor(arms: &[Arm]) -> Option<Floor> {
    let (baseline, others) = arms.split_first()?;
    let mut pairs: Vec<Pair> = Vec::new();
    for arm in others {
        let (runs, baseline) = (arm.completed, baseline.completed);
        let p = smallest_rank_p(runs, baseline);
        match pairs.iter_mut().find(|pair| pair.runs == runs) {
            Some(pair) => pair.arms.push(arm.label.clone()),
            None if p > ALPHA => {
                pairs.push(Pair {
                    arms: vec![arm.label.clone()],
                    runs,
                    baseline,
                    p,
                });
            }
            None => {}
        }
    }
    let comparisons = others.len();
    (!pairs.is_empty()).then(|| Floor {
        pairs,
        needed: values_needed(ALPHA),
        comparisons,
        needed_by_all: values_needed(ALPHA / comparisons as f64),
    })
}
