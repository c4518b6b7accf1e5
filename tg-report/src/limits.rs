//! Limits of the verdicts: the smallest p that so few runs can give, and the noise between two equal arms.

use crate::arm::Arm;
use crate::contrast::{ALPHA, Contrast};
use crate::stats::{Interval, Test, pairs_needed, values_needed};

/// The limit that the number of runs sets to the verdicts on the primary metric.
#[derive(Debug)]
pub struct Floor {
    /// Comparisons whose smallest p cannot pass Holm's correction, by number of runs.
    pub pairs: Vec<FloorPair>,
    /// The number of comparisons in the verdict family.
    pub comparisons: usize,
}

/// Arms with the same number of runs that enter, against the baseline.
#[derive(Debug)]
pub struct FloorPair {
    pub arms: Vec<String>,
    pub test: Test,
    /// Runs of each that enter; pairs if runs pair.
    pub runs: usize,
    /// Runs of the baseline that enter; pairs if runs pair.
    pub baseline: usize,
    /// The smallest two-sided p they can give, before correction.
    pub p: f64,
    /// Runs per arm (or pairs) with which one comparison alone can reach alpha.
    pub needed: usize,
    /// Runs per arm (or pairs) with which each comparison can, under Holm's correction.
    pub needed_by_all: usize,
}

/// The floor of every comparison with the first arm on the column at `primary`; `None` if each can reach alpha.
pub fn floor(arms: &[Arm], contrasts: &[Vec<Contrast>], primary: usize, m: usize) -> Option<Floor> {
    let level = ALPHA / m.max(1) as f64;
    let mut pairs: Vec<FloorPair> = Vec::new();
    for (arm, list) in arms.iter().zip(contrasts).skip(1) {
        let own = &list[primary];
        let Some(verdict) = own.verdict.filter(|verdict| verdict.floor > level) else {
            continue;
        };
        let n = |arm: &Arm| arm.summaries[primary].map_or(0, |summary| summary.n);
        let (runs, baseline, needs): (usize, usize, fn(f64) -> usize) = match verdict.test {
            Test::Rank => (n(arm), n(&arms[0]), values_needed),
            Test::SignFlip => (own.pairs.len(), own.pairs.len(), pairs_needed),
        };
        let is_alike = |pair: &&mut FloorPair| pair.test == verdict.test && pair.runs == runs;
        match pairs.iter_mut().find(is_alike) {
            Some(pair) => pair.arms.push(arm.label.clone()),
            None => pairs.push(FloorPair {
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

/// The distance between two arms of the same configuration.
///
/// A manifest with `null_arms: true` runs the baseline's configuration under a second name. The difference between the two
/// is noise by construction; an effect inside its 95 % interval is no larger than that of no change at all. It is chance
/// which of the two is called the baseline, so the interval counts in both directions.
#[derive(Debug)]
pub struct Noise {
    /// The place of the A/A arm among the arms.
    pub arm: usize,
    /// One for each column: the 95 % interval of the difference between the two, in the metric's unit; `None` if it is
    /// undefined.
    pub differences: Vec<Option<Interval>>,
}

/// The noise between the baseline and its A/A arm, if there is one. Marks the effects that lie inside it.
pub fn noise(arms: &[Arm], contrasts: &mut [Vec<Contrast>]) -> Option<Noise> {
    let baseline = arms.first()?.name();
    let is_null = |arm: &Arm| arm.null_of() == Some(baseline);
    let at = arms.iter().position(is_null).filter(|at| *at > 0)?;
    let differences: Vec<_> = contrasts[at].iter().map(Contrast::interval).collect();
    let others = contrasts
        .iter_mut()
        .enumerate()
        .filter(|(place, _)| *place != at);
    for (contrast, noise) in others.flat_map(|(_, list)| list.iter_mut().zip(&differences)) {
        let known = noise.zip(contrast.difference());
        contrast.within_noise =
            known.map(|(noise, effect)| noise.contains(effect) || noise.contains(-effect));
    }
    Some(Noise {
        arm: at,
        differences,
    })
}
