//! Effect sizes: how large a difference is, apart from its significance.

use super::rank::dominance;
use super::{describe, exact, mean_difference};

/// Cliff's delta: P(arm > baseline) - P(arm < baseline) over all pairs of runs, from -1 to 1; `None` if a sample is
/// empty.
///
/// Cliff, "Dominance statistics", Psychological Bulletin 114 (1993).
pub fn cliff(baseline: &[f64], arm: &[f64]) -> Option<f64> {
    dominance(baseline, arm)
}

/// Hedges' g: the difference of means in pooled standard deviations, corrected for bias.
///
/// g = J(v) d, v = n₁+n₂-2, with the exact J(v) = Γ(v/2) / (√(v/2) Γ((v-1)/2)), not 1 - 3/(4v-1): Hedges, "Distribution
/// theory for Glass's estimator of effect size", 1981. `None` if v < 2 (then g has no expectation), if both samples are
/// constant, or if the quotient exceeds the largest double.
pub fn hedges(baseline: &[f64], arm: &[f64]) -> Option<f64> {
    let difference = mean_difference(baseline, arm)?;
    let freedom = (baseline.len() + arm.len()).checked_sub(2)?;
    let sd = pooled_sd(baseline, arm)?;
    let g = difference / sd * unbiasing(freedom)?;
    (sd > 0.0 && g.is_finite()).then_some(g)
}

/// √((s₁²(n₁-1) + s₂²(n₂-1)) / (n₁+n₂-2)); `None` without degrees of freedom.
pub(super) fn pooled_sd(a: &[f64], b: &[f64]) -> Option<f64> {
    let freedom = (a.len() + b.len()).checked_sub(2)?;
    let sds = [sd(a)?, sd(b)?];
    let scale = exact::scale(sds);
    let squares = |sd: f64, n: usize| (sd / scale).powi(2) * (n - 1) as f64;
    let sum = squares(sds[0], a.len()) + squares(sds[1], b.len());
    (freedom > 0).then(|| scale * (sum / freedom as f64).sqrt())
}

/// The standard deviation; 0 for a single value, which adds nothing to the pool.
fn sd(values: &[f64]) -> Option<f64> {
    let summary = describe(values)?;
    summary.sd.or((summary.n == 1).then_some(0.0))
}

/// J(v), computed from r(v) r(v-1) = v/2 - 1 with r(v) = Γ(v/2) / Γ((v-1)/2) and r(2) = 1/√π.
fn unbiasing(freedom: usize) -> Option<f64> {
    let first = 1.0 / std::f64::consts::PI.sqrt();
    let step = |r: f64, v: usize| (v as f64 / 2.0 - 1.0) / r;
    let last = (freedom >= 2).then(|| (3..=freedom).fold(first, step))?;
    Some(last / (freedom as f64 / 2.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(cliff(&[1.0, 2.0], &[2.0, 3.0]), Some(0.75)); // 3 greater, 1 tie, of 4
        assert_eq!(cliff(&[1.0], &[0.0]), Some(-1.0));
        // d = 3 / 1, v = 4: J = Γ(2) / (√2 Γ(1.5)).
        let g = hedges(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
        assert!(
            (g - 3.0 * 2f64.sqrt() / std::f64::consts::PI.sqrt()).abs() < 1e-14,
            "{g}"
        );
    }

    #[test]
    fn undefined() {
        assert_eq!(cliff(&[], &[1.0]), None);
        assert_eq!(hedges(&[1.0], &[2.0]), None);
        assert_eq!(hedges(&[1.0, 3.0], &[2.0]), None);
        assert_eq!(hedges(&[1.0, 1.0], &[2.0, 2.0]), None);
        assert!(hedges(&[1.0, 3.0, 4.0], &[2.0]).is_some());
    }

    #[test]
    fn unbiasing_stays_right_far_out() {
        let j = unbiasing(100_000).unwrap();
        assert!((j - (1.0 - 3.0 / 399_999.0)).abs() < 1e-11, "{j}");
    }
}
