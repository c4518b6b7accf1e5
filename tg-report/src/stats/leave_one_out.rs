//! The influence of single runs: each run is left out in turn, to see if the verdict rests on it.
//!
//! With few runs, one less may change what the test can show at all: four against four can reach 0.05, three against
//! four cannot. Such a flip says nothing about the run left out, so those runs are counted apart.

use super::versus::{Verdict, verdict};

/// The sample of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The baseline.
    Baseline,
    /// The arm.
    Arm,
    /// Both: a pair of runs.
    Pair,
}

/// A run whose absence changes the verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// The sample it belongs to.
    pub side: Side,
    /// Its index among the values, or among the pairs.
    pub at: usize,
    /// The p without it.
    pub p: f64,
}

/// The result of leaving out each run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeaveOneOut {
    /// Runs without which p could have been on either side of alpha.
    pub tried: usize,
    /// Runs without which no data could have reached alpha.
    pub too_few: usize,
    /// The tried runs whose absence changes the verdict.
    pub flips: Vec<Left>,
}

/// Leaves each run (or pair) out in turn; the verdict is that p is at most `alpha`. `None` if a sample is empty.
///
/// For a comparison in a family, `alpha` is the level its raw p had to reach under Holm's correction.
pub fn leave_one_out(
    baseline: &[f64],
    arm: &[f64],
    pairs: Option<&[(f64, f64)]>,
    alpha: f64,
) -> Option<LeaveOneOut> {
    let is_shown = verdict(baseline, arm, pairs)?.p <= alpha;
    let pairs = pairs.unwrap_or_default();
    let mut all = LeaveOneOut::default();
    let mut count = |side, at, rest: Option<Verdict>| match rest {
        Some(rest) if rest.floor <= alpha => {
            all.tried += 1;
            if (rest.p <= alpha) != is_shown {
                all.flips.push(Left {
                    side,
                    at,
                    p: rest.p,
                });
            }
        }
        _ => all.too_few += 1,
    };
    for at in 0..pairs.len() {
        let rest = without(pairs, at);
        let (a, b): (Vec<f64>, Vec<f64>) = rest.iter().copied().unzip();
        count(Side::Pair, at, verdict(&a, &b, Some(&rest)));
    }
    if pairs.is_empty() {
        for at in 0..baseline.len() {
            let rest = without(baseline, at);
            count(Side::Baseline, at, verdict(&rest, arm, None));
        }
        for at in 0..arm.len() {
            let rest = without(arm, at);
            count(Side::Arm, at, verdict(baseline, &rest, None));
        }
    }
    Some(all)
}

fn without<T: Copy>(all: &[T], at: usize) -> Vec<T> {
    [&all[..at], &all[at + 1..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_to_tell() {
        let all = leave_one_out(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], None, 0.05);
        let too_few = 8;
        let none = LeaveOneOut {
            too_few,
            ..LeaveOneOut::default()
        };
        assert_eq!(all, Some(none));
    }

    #[test]
    fn one_run_hides_a_difference() {
        // Without the 0, every value of the arm is above the baseline.
        let baseline = [1.0, 2.0, 3.0, 4.0, 5.0];
        let all = leave_one_out(&baseline, &[6.0, 7.0, 8.0, 9.0, 0.0], None, 0.05).unwrap();
        assert_eq!((all.tried, all.too_few), (10, 0));
        assert_eq!(all.flips.len(), 1, "{all:?}");
        assert_eq!((all.flips[0].side, all.flips[0].at), (Side::Arm, 4));
        assert!((all.flips[0].p - 2.0 / 126.0).abs() < 1e-12);
    }

    #[test]
    fn pairs_leave_together() {
        let mut pairs: Vec<(f64, f64)> =
            (0..8).map(|k| (f64::from(k), f64::from(k) + 1.0)).collect();
        pairs[3].1 = -40.0;
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let all = leave_one_out(&a, &b, Some(&pairs), 0.05).unwrap();
        let Left { side, at, p } = all.flips[0];
        assert_eq!(
            (all.flips.len(), side, at, p),
            (1, Side::Pair, 3, 2.0 / 128.0)
        );
    }
}
