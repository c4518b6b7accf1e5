//! Statistical power: the ratio that a number of runs can find, and the runs that a ratio needs.
//!
//! With s the pooled standard deviation of logarithms, v = n₁+n₂-2 degrees of freedom, the ratio found with power 80 %
//! at level alpha is exp(s √(1/n₁+1/n₂) (t(1-alpha/2, v) + t(0.8, v))): the usual planning formula for two means
//! (Snedecor and Cochran, "Statistical Methods", sample size in comparative experiments, with t for z), on logarithms.
//! The true power of a t test of normal logarithms is then 77 % at two runs per arm, 79 % at three and 80 % from ten
//! on. An exact test cannot reach alpha at all below [`super::values_needed`] runs, whatever this formula says. And few
//! runs estimate s badly: the result is an order of magnitude, not a promise.

use super::effect::pooled_sd;
use super::ratio::logs;
use super::student::quantile;

/// The power that all numbers of this file are for.
pub const POWER: f64 = 0.8;
/// The largest number of runs per arm that is given.
const MOST: usize = 1_000_000;

/// The differences that a comparison can find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    /// Pooled standard deviation of the logarithms.
    pub log_sd: f64,
    /// The least ratio above 1 that these runs find with 80 % power, as they find its inverse. `None` past the largest
    /// double.
    pub detectable: Option<f64>,
    /// Ratios of 1.2, 1.5 and 2 with the runs per arm that each needs; `None` above a million.
    pub needed: [(f64, Option<usize>); 3],
}

/// The power of a comparison of two samples; `None` if a value is not positive, a sample is empty, or neither has two.
pub fn power(baseline: &[f64], arm: &[f64], alpha: f64) -> Option<Power> {
    let (a, b) = logs(baseline, arm)?;
    let log_sd = pooled_sd(&a, &b)?; // defined only with degrees of freedom
    let detectable = detectable_ratio(log_sd, a.len(), b.len(), alpha);
    let needed = [1.2, 1.5, 2.0].map(|ratio| (ratio, runs_for_ratio(log_sd, ratio, alpha)));
    Some(Power {
        log_sd,
        detectable,
        needed,
    })
}

/// The ratio that `n` against `m` runs find; `None` without degrees of freedom, or past the largest double.
pub fn detectable_ratio(log_sd: f64, n: usize, m: usize, alpha: f64) -> Option<f64> {
    let freedom = (n + m)
        .checked_sub(2)
        .filter(|v| *v > 0 && n > 0 && m > 0)? as f64;
    let reach = quantile(alpha / 2.0, freedom) + quantile(1.0 - POWER, freedom);
    let ratio = (log_sd * (1.0 / n as f64 + 1.0 / m as f64).sqrt() * reach).exp();
    ratio.is_finite().then_some(ratio)
}

/// The runs per arm, two or more, that find `ratio` (above 1); `None` above a million.
pub fn runs_for_ratio(log_sd: f64, ratio: f64, alpha: f64) -> Option<usize> {
    // The search starts just below an estimate by t quantiles of 10,000 degrees of freedom, which are nearly normal.
    let reach = quantile(alpha / 2.0, 1e4) + quantile(1.0 - POWER, 1e4);
    let nearly = 2.0 * (log_sd * reach / ratio.ln()).powi(2);
    let from = (0.999 * nearly).min(MOST as f64) as usize;
    let finds =
        |n: &usize| detectable_ratio(log_sd, *n, *n, alpha).is_some_and(|least| least <= ratio);
    (from.max(2)..=MOST).find(finds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Three against three, s = 0.3: t(0.975, 4) = 2.776445, t(0.8, 4) = 0.940965.
        let ratio = detectable_ratio(0.3, 3, 3, 0.05).unwrap();
        let hand = (0.3 * (2.0f64 / 3.0).sqrt() * (2.776_445_105 + 0.940_964_577)).exp();
        assert!((ratio - hand).abs() < 1e-8, "{ratio} {hand}");
        let n = runs_for_ratio(0.3, 1.2, 0.05).unwrap();
        let found = |n| detectable_ratio(0.3, n, n, 0.05).unwrap();
        assert!(found(n) <= 1.2 && found(n - 1) > 1.2, "{n}");
    }

    #[test]
    fn ends() {
        let p = power(&[2.0, 2.0], &[3.0, 3.0], 0.05).unwrap();
        assert_eq!(
            (p.log_sd, p.detectable, p.needed[0].1),
            (0.0, Some(1.0), Some(2))
        );
        assert_eq!(power(&[2.0], &[3.0], 0.05), None);
        assert_eq!(power(&[2.0, 0.0], &[3.0, 1.0], 0.05), None);
        assert_eq!(runs_for_ratio(0.3, 1.000_001, 0.05), None);
        assert_eq!(detectable_ratio(0.3, 0, 5, 0.05), None);
    }
}
