//! An arm against the baseline, on one metric: every number a report gives of it.

use super::{Power, Rank, Ratio, SignFlip, Welch};
use super::{cliff, hedges, mean_difference, permutation, power, rank, ratio, sign_flip, welch};

/// A comparison. Differences and ratios are of the arm to the baseline; what is undefined is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Versus {
    /// mean(arm) - mean(baseline), in the metric's unit; `None` past the largest double.
    pub difference: Option<f64>,
    /// Welch's t test and the difference's interval.
    pub welch: Option<Welch>,
    /// The rank test.
    pub rank: Rank,
    /// The exact p of the mean difference, up to 200,000 arrangements.
    pub permutation: Option<f64>,
    /// The paired test, where runs pair.
    pub sign_flip: Option<SignFlip>,
    /// Cliff's delta.
    pub cliff: f64,
    /// Hedges' g.
    pub hedges: Option<f64>,
    /// Ratio of geometric means.
    pub ratio: Option<Ratio>,
    /// What so many runs could have found at the level asked for.
    pub power: Option<Power>,
}

/// Which exact test a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// The rank test.
    Rank,
    /// The paired sign-flip test.
    SignFlip,
}

impl Test {
    /// For the machine formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::SignFlip => "sign-flip",
        }
    }
}

/// The p that decides, before Holm's correction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Two-sided.
    pub p: f64,
    /// The least p that the number of runs allows.
    pub floor: f64,
    /// Where p comes from.
    pub test: Test,
}

impl Verdict {
    /// Whether p is as small as the number of runs allows, so that it says more of that number than of the data.
    pub fn is_at_floor(&self) -> bool {
        self.p <= self.floor * (1.0 + 1e-9)
    }
}

impl Versus {
    /// The paired test where runs pair, else ranks.
    pub fn verdict(&self) -> Verdict {
        choose(self.sign_flip, self.rank)
    }
}

/// Compare; `None` where a sample is empty.
///
/// `pairs` are (baseline, arm) of the runs with the same seed in both, where the design pairs them; `alpha` is the level
/// that [`Versus::power`] is for.
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

/// The verdict alone, without what else [`versus`] computes.
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
    fn pairs_decide_where_there_are_any() {
        let (a, b) = ([1.0, 5.0, 9.0], [2.0, 7.0, 12.0]);
        let pairs: Vec<(f64, f64)> = a.into_iter().zip(b).collect();
        let paired = versus(&a, &b, Some(&pairs), 0.05).unwrap().verdict();
        assert_eq!((paired.test, paired.p), (Test::SignFlip, 0.25));
        assert_eq!(verdict(&a, &b, Some(&pairs)), Some(paired));
        assert_eq!(verdict(&a, &b, Some(&[])).unwrap().test, Test::Rank);
    }
}
