//! The comparison of an arm with the baseline on one metric, its verdict, and Holm's correction of a family of them.

use super::{Power, Rank, Ratio, SignFlip, Welch};
use super::{cliff, hedges, mean_difference, permutation, power, rank, ratio, sign_flip, welch};

/// A comparison. Differences and ratios are of the arm to the baseline; an undefined value is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Versus {
    /// mean(arm) - mean(baseline) in the metric's unit; `None` past the largest double.
    pub difference: Option<f64>,
    /// Welch's t test and the interval of the difference.
    pub welch: Option<Welch>,
    /// The rank test.
    pub rank: Rank,
    /// The exact p of the mean difference; `None` above 200,000 arrangements.
    pub permutation: Option<f64>,
    /// The paired test, if runs pair.
    pub sign_flip: Option<SignFlip>,
    /// Cliff's delta.
    pub cliff: f64,
    /// Hedges' g.
    pub hedges: Option<f64>,
    /// Ratio of geometric means.
    pub ratio: Option<Ratio>,
    /// The differences that so many runs find at the given level.
    pub power: Option<Power>,
}

/// The exact test that a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// The rank test.
    Rank,
    /// The paired sign-flip test.
    SignFlip,
}

impl Test {
    /// The name in the machine-readable formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::SignFlip => "sign-flip",
        }
    }
}

/// The p that decides a comparison, before Holm's correction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Two-sided.
    pub p: f64,
    /// The least p that the number of runs allows.
    pub floor: f64,
    /// The test that gave p.
    pub test: Test,
}

impl Verdict {
    /// True if p is as small as the number of runs allows, so that it depends more on that number than on the data.
    pub fn is_at_floor(&self) -> bool {
        self.p <= self.floor * (1.0 + 1e-9)
    }
}

impl Versus {
    /// The verdict of the paired test if runs pair, else of the rank test.
    pub fn verdict(&self) -> Verdict {
        choose(self.sign_flip, self.rank)
    }
}

/// Compares two samples; `None` if one is empty.
///
/// `pairs` are (baseline, arm) of the runs with the same seed in both, if the design pairs them; `alpha` is the level
/// of [`Versus::power`].
pub fn versus(
    baseline: &[f64],
    arm: &[f64],
    pairs: Option<&[(f64, f64)]>,
    alpha: f64,
) -> Option<Versus> {
    Some(Versus {
        difference: mean_difference(baseline, arm),
        welch: welch(baseline, arm),
        rank: rank(baseline, arm)?,
        permutation: permutation(baseline, arm),
        sign_flip: pairs.and_then(sign_flip),
        cliff: cliff(baseline, arm)?,
        hedges: hedges(baseline, arm),
        ratio: ratio(baseline, arm),
        power: power(baseline, arm, alpha),
    })
}

/// The verdict alone, without the rest of [`versus`].
pub fn verdict(baseline: &[f64], arm: &[f64], pairs: Option<&[(f64, f64)]>) -> Option<Verdict> {
    Some(choose(pairs.and_then(sign_flip), rank(baseline, arm)?))
}

fn choose(paired: Option<SignFlip>, rank: Rank) -> Verdict {
    let by_rank = Verdict {
        p: rank.p,
        floor: rank.floor,
        test: Test::Rank,
    };
    let by_pairs = |test: SignFlip| Verdict {
        p: test.p,
        floor: test.floor,
        test: Test::SignFlip,
    };
    paired.map_or(by_rank, by_pairs)
}

/// The adjusted p of each comparison, in the same order; an undefined p leaves the family and stays undefined.
///
/// With the m defined p in ascending order, the k-th becomes the greatest of (m-j+1) times the j-th over j <= k, at
/// most 1: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
/// (1979). The probability of any false positive in the family stays at most alpha, whatever the comparisons have in
/// common (for example the baseline).
pub fn holm(family: &[Option<f64>]) -> Vec<Option<f64>> {
    let defined = family.iter().enumerate();
    let mut order: Vec<(usize, f64)> = defined.filter_map(|(at, p)| Some((at, (*p)?))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut adjusted = vec![None; family.len()];
    let mut least: f64 = 0.0;
    for (rank, (at, p)) in order.iter().enumerate() {
        least = least.max((order.len() - rank) as f64 * p).min(1.0);
        adjusted[*at] = Some(least);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_samples_are_defined() {
        let equal = versus(&[2.0; 3], &[2.0; 3], None, 0.05).unwrap();
        assert_eq!((equal.difference, equal.welch), (Some(0.0), None));
        assert_eq!((equal.rank.p, equal.permutation), (1.0, Some(1.0)));
        assert_eq!((equal.cliff, equal.hedges), (0.0, None));
        let apart = versus(&[2.0; 3], &[3.0; 3], None, 0.05).unwrap();
        assert_eq!((apart.difference, apart.welch), (Some(1.0), None));
        assert!(apart.verdict().is_at_floor() && apart.permutation == Some(0.1));
        assert_eq!(versus(&[], &[1.0], None, 0.05), None);
        let lone = versus(&[1.0], &[2.0], None, 0.05).unwrap();
        assert_eq!((lone.welch, lone.rank.p), (None, 1.0));
    }

    #[test]
    fn pairs_decide_if_there_are_any() {
        let (a, b) = ([1.0, 5.0, 9.0], [2.0, 7.0, 12.0]);
        let pairs: Vec<(f64, f64)> = a.into_iter().zip(b).collect();
        let paired = versus(&a, &b, Some(&pairs), 0.05).unwrap().verdict();
        assert_eq!((paired.test, paired.p), (Test::SignFlip, 0.25));
        assert_eq!(verdict(&a, &b, Some(&pairs)), Some(paired));
        assert_eq!(verdict(&a, &b, Some(&[])).unwrap().test, Test::Rank);
    }

    #[test]
    fn holm_by_hand() {
        let family = [Some(0.0625), None, Some(0.015_625), Some(0.031_25)];
        // 3/64, 2/32, and 1/16 again: no adjusted p is below the one before.
        let adjusted = [Some(0.0625), None, Some(0.046_875), Some(0.0625)];
        assert_eq!(holm(&family), adjusted);
        assert_eq!(holm(&[Some(0.75), Some(0.5)]), [Some(1.0), Some(1.0)]);
        assert_eq!(holm(&[Some(0.25)]), [Some(0.25)]);
        assert_eq!(holm(&[None]), [None]);
    }
}
