//! The difference of two means, and Welch's t test of it.
//!
//! t = d / s, s² = s₁²/n₁ + s₂²/n₂, with (s₁²/n₁ + s₂²/n₂)² / (s₁⁴/(n₁²(n₁-1)) + s₂⁴/(n₂²(n₂-1))) degrees of freedom:
//! Welch, "The generalization of 'Student's' problem when several different population variances are involved",
//! Biometrika 34 (1947). Variances may differ; normality is assumed, which three runs cannot check.

use super::interval::{Interval, TAIL};
use super::{describe, exact, student};

/// Welch's test of an arm's mean against the baseline's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// The difference in units of its standard error; positive where the arm's mean is the greater.
    pub t: f64,
    /// Welch-Satterthwaite degrees of freedom, not whole in general.
    pub df: f64,
    /// Two-sided, never 0.
    pub p: f64,
    /// The 95 % interval of the difference, in the unit of the data.
    pub interval: Interval,
}

/// Tests an arm against the baseline; `None` if a sample has fewer than two values, if both are constant, and past the
/// largest double.
pub fn welch(baseline: &[f64], arm: &[f64]) -> Option<Welch> {
    let difference = mean_difference(baseline, arm)?;
    let (a, b) = (describe(baseline)?.sd?, describe(arm)?.sd?);
    let scale = exact::scale([a, b]);
    let part = |sd: f64, n: usize| (sd / scale).powi(2) / n as f64;
    let (va, vb) = (part(a, baseline.len()), part(b, arm.len()));
    let error = scale * (va + vb).sqrt();
    if error <= 0.0 {
        return None;
    }
    let df = satterthwaite(va, (baseline.len() - 1) as f64, vb, (arm.len() - 1) as f64);
    let t = (difference / error).clamp(f64::MIN, f64::MAX);
    Some(Welch {
        t,
        df,
        p: student::two_sided(t, df),
        interval: Interval::around(difference, student::quantile(TAIL, df) * error)?,
    })
}

/// The degrees of freedom of the sum of two variances; each has its own, and one is positive.
pub(super) fn satterthwaite(va: f64, df_a: f64, vb: f64, df_b: f64) -> f64 {
    let whole = va + vb;
    let share = |variance: f64, df: f64| (variance / whole).powi(2) / df;
    1.0 / (share(va, df_a) + share(vb, df_b))
}

/// mean(arm) - mean(baseline), rounded once from the exact value; `None` if a sample is empty, and past the largest
/// double.
pub fn mean_difference(baseline: &[f64], arm: &[f64]) -> Option<f64> {
    let (n, m) = (baseline.len() as f64, arm.len() as f64);
    let scale = exact::scale(baseline.iter().chain(arm).copied());
    let mut sum = exact::Sum::default();
    for value in arm {
        sum.add_product(n, value / scale);
    }
    for value in baseline {
        sum.add_product(-m, value / scale);
    }
    let difference = sum.value() / (n * m) * scale;
    difference.is_finite().then_some(difference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Means 2 and 5, variances 1 and 4: s² = 5/3, df = (5/3)² / (1/18 + 16/18).
        let w = welch(&[1.0, 2.0, 3.0], &[3.0, 5.0, 7.0]).unwrap();
        assert!((w.t - 3.0 / (5f64 / 3.0).sqrt()).abs() < 1e-14);
        assert!((w.df - 50.0 / 17.0).abs() < 1e-13);
        assert!(w.interval.contains(3.0) && w.p > 0.05 && w.interval.contains(0.0));
    }

    #[test]
    fn undefined() {
        assert_eq!(welch(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(welch(&[2.0, 2.0], &[3.0, 3.0]), None);
        assert_eq!(mean_difference(&[], &[1.0]), None);
        assert_eq!(mean_difference(&[f64::MAX], &[-f64::MAX]), None);
        let one_constant = welch(&[2.0, 2.0, 2.0], &[3.0, 4.0]).unwrap();
        assert!((one_constant.df - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_order_of_values_does_not_matter() {
        let d = mean_difference(&[0.1, 0.2, 0.3], &[0.3, 0.1, 0.2]);
        assert_eq!(d, Some(0.0));
        let d = mean_difference(&[1e15, 1e15 + 1.0, 1e15], &[1e15, 1e15 + 1.0]);
        assert!((d.unwrap() - 1.0 / 6.0).abs() < 1e-16, "{d:?}");
    }

    #[test]
    fn far_out() {
        let w = welch(&[0.0, 1e-300], &[1e300, 1e300 + 1e285]).unwrap();
        assert!(w.t.is_finite() && w.p > 0.0 && w.interval.high.is_finite());
    }
}
