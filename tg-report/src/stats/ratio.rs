//! Ratios: of geometric means, with their interval.
//!
//! Times and costs spread by factors, so they are compared by one. The ratio of geometric means is e to the difference
//! of the means of logarithms, and its interval e to the ends of Welch's interval for that difference. It is not the ratio
//! of the arithmetic means shown beside it.

use super::{Interval, mean_difference, welch};

/// A ratio of geometric means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The ratio.
    pub value: f64,
    /// Its 95 % interval; `None` where Welch's test of the logarithms is undefined.
    pub interval: Option<Interval>,
}

impl Ratio {
    /// 1 / the ratio: the speedup where the ratio is one of times.
    #[must_use]
    pub fn inverse(self) -> Self {
        let turned = |ends: Interval| Interval::new(1.0 / ends.high, 1.0 / ends.low);
        Self {
            value: 1.0 / self.value,
            interval: self.interval.and_then(turned),
        }
    }

    /// The ratio times a positive constant: the efficiency where that is agents per agent.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            interval: self.interval.and_then(|ends| ends.times(factor)),
        }
    }
}

/// Geometric mean of `arm` over that of `baseline`.
///
/// `None` where a sample is empty, a value is not positive (its logarithm would be left out, and silently), or the ratio is
/// not a normal double.
pub fn ratio(baseline: &[f64], arm: &[f64]) -> Option<Ratio> {
    let (baseline, arm) = logs(baseline, arm)?;
    let value = mean_difference(&baseline, &arm)?.exp();
    let raised = |ends: Interval| Interval::new(ends.low.exp(), ends.high.exp());
    let interval = welch(&baseline, &arm).and_then(|welch| raised(welch.interval));
    value.is_normal().then_some(Ratio { value, interval })
}

/// Logarithms of both samples' values over the least of all; `None` where there is none, or one is not positive.
///
/// The least value for a unit keeps the spread of values that are close together and far from 1.
pub(super) fn logs(a: &[f64], b: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let least = a.iter().chain(b).copied().reduce(f64::min)?;
    let log = |value: &f64| {
        let above = (value - least) / least;
        if above.is_finite() {
            above.ln_1p()
        } else {
            value.ln() - least.ln()
        }
    };
    let logs = |values: &[f64]| values.iter().map(log).collect();
    (least > 0.0).then(|| (logs(a), logs(b)))
}

/// Geometric mean of the positive values; `None` where there are none. Of equal values it is that value, exactly.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let mut positive = values.iter().copied().filter(|value| *value > 0.0);
    let first = positive.next()?;
    let logs: Vec<f64> = positive.map(|value| value.ln() - first.ln()).collect();
    let mean = logs.iter().sum::<f64>() / (logs.len() + 1) as f64;
    Some(first * mean.exp())
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn geometric_means() {
        assert!(close(geometric_mean(&[2.0, 0.0, 8.0, -1.0]).unwrap(), 4.0));
        assert_eq!(geometric_mean(&[0.0]), None);
        assert!(close(geometric_mean(&[1e-300, 1e300]).unwrap(), 1.0));
    }

    #[test]
    fn by_hand() {
        let r = ratio(&[2.0, 8.0], &[4.0, 16.0]).unwrap();
        assert!(close(r.value, 2.0));
        // Logs of sd ln 4 / √2 each and 2 degrees of freedom: ln 2 ± t √(2 · (ln 4)² / 4).
        let half = 4.302_652_729_749_464 * 4f64.ln() / 2f64.sqrt();
        assert!(close(r.interval.unwrap().high, 2.0 * half.exp()), "{r:?}");
        let speedup = r.inverse();
        assert!(
            close(speedup.value, 0.5) && close(speedup.interval.unwrap().low, 0.5 / half.exp())
        );
        assert!(close(r.times(3.0).interval.unwrap().low, 6.0 / half.exp()));
    }

    #[test]
    fn undefined() {
        assert_eq!(ratio(&[0.0, 1.0], &[1.0]), None);
        assert_eq!(ratio(&[], &[1.0]), None);
        assert_eq!(ratio(&[1e-300], &[1e300]), None);
        let lone = ratio(&[2.0], &[3.0]).unwrap();
        assert!(close(lone.value, 1.5) && lone.interval.is_none());
        assert_eq!(ratio(&[2.0; 3], &[2.0; 3]).unwrap().value, 1.0);
    }
}
