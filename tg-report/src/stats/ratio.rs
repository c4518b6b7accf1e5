//! Ratios of geometric means, with their intervals.
//!
//! Times and costs vary by factors, so they are compared by a factor. The ratio of geometric means is e to the
//! difference of the means of logarithms, and its interval e to the ends of Welch's interval of that difference. It is
//! not the ratio of the arithmetic means that a report shows beside it.

use super::{Interval, mean_difference, welch};

/// A ratio of geometric means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The arm over the baseline.
    pub value: f64,
    /// Its 95 % interval; `None` if Welch's test of the logarithms is undefined.
    pub interval: Option<Interval>,
}

impl Ratio {
    /// 1 / the ratio: the speedup if the ratio is one of times.
    #[must_use]
    pub fn inverse(self) -> Self {
        let turned = |ends: Interval| Interval::new(1.0 / ends.high, 1.0 / ends.low);
        Self {
            value: 1.0 / self.value,
            interval: self.interval.and_then(turned),
        }
    }

    /// The ratio times a positive constant: the efficiency if a speedup is multiplied by a ratio of agents.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            interval: self.interval.and_then(|ends| ends.times(factor)),
        }
    }
}

/// The geometric mean of `arm` over that of `baseline`.
///
/// `None` if a sample is empty, if a value is not positive (its logarithm would be left out silently), or if the ratio
/// is not a normal double.
pub fn ratio(baseline: &[f64], arm: &[f64]) -> Option<Ratio> {
    let (baseline, arm) = logs(baseline, arm)?;
    let value = mean_difference(&baseline, &arm)?.exp();
    let raised = |ends: Interval| Interval::new(ends.low.exp(), ends.high.exp());
    let interval = welch(&baseline, &arm).and_then(|welch| raised(welch.interval));
    value.is_normal().then_some(Ratio { value, interval })
}

/// The logarithms of all values over the least of them; `None` if there are no values, or if one is not positive.
///
/// Division by the least value keeps the spread of values that are close together and far from 1.
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

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
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
