//! The summary of one sample: mean, deviation, interval, and order statistics.
//!
//! The mean is the exact sum over n. A second pass takes deviations from it and corrects for its rounding (the
//! corrected two-pass algorithm of Chan and others, "Algorithms for Computing the Sample Variance", 1983). Input is
//! finite: JSON has no other numbers.

use super::interval::{Interval, TAIL};
use super::{exact, student};

/// The summary of an arm's values of one metric, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Number of values.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n-1); `None` for a single value and past the largest double.
    pub sd: Option<f64>,
    /// The mean's 95 % interval, mean ± t(0.975, n-1) sd / √n; `None` if `sd` is. Equal values give an interval without
    /// width.
    pub interval: Option<Interval>,
    /// Smallest value.
    pub min: f64,
    /// The middle value, or the mean of the two in the middle.
    pub median: f64,
    /// Largest value.
    pub max: f64,
}

/// Summarises a sample; `None` if it is empty.
pub fn describe(values: &[f64]) -> Option<Summary> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let n = sorted.len();
    let (mean, sd) = moments(&sorted);
    let half = |sd: f64| student::quantile(TAIL, (n - 1) as f64) * (sd / (n as f64).sqrt());
    Some(Summary {
        n,
        mean,
        sd,
        interval: sd.and_then(|sd| Interval::around(mean, half(sd))),
        min,
        median: median(&sorted),
        max,
    })
}

/// Mean and sample standard deviation of one or more values in ascending order.
fn moments(sorted: &[f64]) -> (f64, Option<f64>) {
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    let many = sorted.len() > 1;
    #[expect(clippy::float_cmp, reason = "constant data, exactly")]
    if min == max {
        return (min, many.then_some(0.0));
    }
    let n = sorted.len() as f64;
    let scale = exact::scale([min, max]);
    let scaled = || sorted.iter().map(|value| value / scale);
    let mean = exact::sum(scaled()) / n;
    let rest = exact::sum(scaled().map(|value| value - mean));
    let squares: f64 = scaled().map(|value| (value - mean).powi(2)).sum();
    let variance = ((squares - rest * rest / n) / (n - 1.0)).max(0.0);
    let sd = variance.sqrt() * scale;
    (mean * scale, sd.is_finite().then_some(sd))
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        return sorted[middle];
    }
    sorted[middle - 1] / 2.0 + sorted[middle] / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn by_hand() {
        let s = describe(&[4.0, 2.0, 9.0]).unwrap();
        assert_eq!(
            (s.n, s.mean, s.min, s.median, s.max),
            (3, 5.0, 2.0, 4.0, 9.0)
        );
        assert!(close(s.sd.unwrap(), 13f64.sqrt())); // (1 + 9 + 16) / 2
        let half = 4.302_652_729_749_464 * (13f64 / 3.0).sqrt();
        assert!(close(s.interval.unwrap().high, 5.0 + half), "{s:?}");
        let s = describe(&[1.0, 2.0, 4.0, 10.0]).unwrap();
        assert!(close(s.median, 3.0));
        let s = describe(&[7.0]).unwrap();
        assert_eq!((s.sd, s.interval), (None, None));
        assert_eq!(describe(&[]), None);
    }

    #[test]
    fn equal_values_have_no_spread() {
        let s = describe(&[0.1, 0.1, 0.1]).unwrap();
        assert_eq!((s.mean, s.sd), (0.1, Some(0.0)));
        assert_eq!(s.interval, Interval::new(0.1, 0.1));
        assert_eq!(describe(&[0.0, 0.0]).unwrap().sd, Some(0.0));
    }

    #[test]
    fn any_scale_and_offset() {
        for scale in [1e-300, 1e-150, 1.0, 1e150, 1e300] {
            let s = describe(&[scale, 2.0 * scale, 3.0 * scale]).unwrap();
            assert!(
                close(s.mean, 2.0 * scale) && close(s.sd.unwrap(), scale),
                "{scale} {s:?}"
            );
        }
        let s = describe(&[1e15 + 1.0, 1e15 + 2.0, 1e15 + 3.0]).unwrap();
        assert_eq!((s.mean, s.sd), (1e15 + 2.0, Some(1.0)));
        let s = describe(&[f64::MAX, f64::MAX / 2.0]).unwrap();
        assert!(s.mean.is_finite() && s.interval.is_none());
        assert_eq!(describe(&[f64::MAX, -f64::MAX]).unwrap().sd, None);
        let s = describe(&[f64::MIN_POSITIVE, 5e-324]).unwrap();
        assert!(s.sd.unwrap().is_finite());
    }
}
