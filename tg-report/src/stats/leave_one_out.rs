//! Whether a verdict rests on a single run: each is left out in turn.
//!
//! With few runs one less may lower what the test can show at all: four against four can reach 0.05, three against four
//! cannot. Such a flip says nothing of the run left out, so those runs are counted apart.

use super::versus::{Verdict, verdict};

/// Where a run belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// To the baseline.
    Baseline,
    /// To the arm.
    Arm,
    /// To both: a pair.
    Pair,
}

/// A run whose absence turns the verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// Whose run.
    pub side: Side,
    /// Its place in the values, or among the pairs.
    pub at: usize,
    /// p without it.
    pub p: f64,
}

/// What leaving out each run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaveOneOut {
    /// Runs left out in turn with a p that could have been on either side of alpha.
    pub tried: usize,
    /// Runs without which no data could have reached alpha.
    pub too_few: usize,
    /// Those of the tried that turn the verdict.
    pub flips: Vec<Left>,
}

/// Leave each run (or pair) out; the verdict is whether p is at most `alpha`. `None` where a sample is empty.
///
/// For a comparison in a family, `alpha` is the level its raw p had to reach under Holm's correction.
pub fn leave_one_out(
    baseline: &[f64],
    arm: &[f64],
    pairs: Option<&[(f64, f64)]>,
    alpha: f64,
) -> Option<LeaveOneOut> {
    let shown = verdict(baseline, arm, pairs)?.p <= alpha;
    let pairs = pairs.filter(|pairs| !pairs.is_empty());
    let mut all = LeaveOneOut {
        tried: 0,
        too_few: 0,
        flips: Vec::new(),
    };
    let mut look = |side, at, without: Option<Verdict>| match without {
        Some(without) if without.floor <= alpha => {
            all.tried += 1;
            if (without.p <= alpha) != shown {
                let p = without.p;
                all.flips.push(Left { side, at, p });
            }
        }
        _ => all.too_few += 1,
    };
    if let Some(pairs) = pairs {
        for at in 0..pairs.len() {
            let rest = without(pairs, at);
            let (a, b): (Vec<f64>, Vec<f64>) = rest.iter().copied().unzip();
            look(Side::Pair, at, verdict(&a, &b, Some(&rest)));
        }
        return Some(all);
    }
    for at in 0..baseline.len() {
        look(
            Side::Baseline,
            at,
            verdict(&without(baseline, at), arm, None),
        );
    }
    for at in 0..arm.len() {
        look(Side::Arm, at, verdict(baseline, &without(arm, at), None));
    }
    Some(all)
}

fn without<T: Copy>(all: &[T], at: usize) -> Vec<T> {
    let others = all.iter().enumerate().filter(|(place, _)| *place != at);
    others.map(|(_, value)| *value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_to_tell() {
        let all = leave_one_out(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], None, 0.05);
        let none = LeaveOneOut {
            tried: 0,
            too_few: 8,
            flips: Vec::new(),
        };
        assert_eq!(all, Some(none));
    }

    #[test]
    fn one_run_hides_a_difference() {
        // Without the 0 the arm is above throughout.
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
