//! Numbers over a few values: mean, standard deviation, median, geometric mean, and what ranks can show at best.
//!
//! Values are scaled by a power of two before they are squared, so neither 1e-150 nor 1e300 overflows or vanishes; the
//! mean takes two passes with a correction term. Input is finite: JSON has no other numbers.

/// What an arm's values of one metric come to, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Values.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n-1); `None` for a single value.
    pub sd: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Middle value, or the mean of the two in the middle.
    pub median: f64,
    /// Largest value.
    pub max: f64,
}

/// Summarise; `None` where there are no values.
pub fn summary(values: &[f64]) -> Option<Summary> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let (mean, sd) = moments(&sorted);
    let n = sorted.len();
    Some(Summary {
        n,
        mean,
        sd,
        min,
        median: median(&sorted),
        max,
    })
}

/// Mean and sample standard deviation of values in ascending order, not empty.
fn moments(sorted: &[f64]) -> (f64, Option<f64>) {
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    let many = sorted.len() > 1;
    #[expect(clippy::float_cmp, reason = "constant data, exactly")]
    if min == max {
        return (min, many.then_some(0.0));
    }
    let n = sorted.len() as f64;
    let scale = power_of_two(min.abs().max(max.abs()));
    let scaled: Vec<f64> = sorted.iter().map(|value| value / scale).collect();
    let first = scaled.iter().sum::<f64>() / n;
    let mean = first + scaled.iter().map(|value| value - first).sum::<f64>() / n;
    let rest: f64 = scaled.iter().map(|value| value - mean).sum();
    let squares: f64 = scaled.iter().map(|value| (value - mean).powi(2)).sum();
    let variance = ((squares - rest * rest / n) / (n - 1.0)).max(0.0);
    (mean * scale, Some(variance.sqrt() * scale))
}

/// The largest power of two not above `size`, which is positive.
fn power_of_two(size: f64) -> f64 {
    2f64.powi(size.log2().floor().clamp(-1022.0, 1023.0) as i32)
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        return sorted[middle];
    }
    sorted[middle - 1] / 2.0 + sorted[middle] / 2.0
}

/// Geometric mean of the positive values; `None` where there are none. Of equal values it is that value, exactly.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let mut positive = values.iter().copied().filter(|value| *value > 0.0);
    let first = positive.next()?;
    let logs: Vec<f64> = positive.map(|value| value.ln() - first.ln()).collect();
    let mean = logs.iter().sum::<f64>() / (logs.len() + 1) as f64;
    Some(first * mean.exp())
}

/// The smallest two-sided p that an exact rank test of `a` against `b` values can give: 2 / C(a+b, a), at most 1.
pub fn smallest_rank_p(a: usize, b: usize) -> f64 {
    let mut arrangements = 1.0;
    for k in 1..=a.min(b) {
        arrangements *= (a + b + 1 - k) as f64 / k as f64;
        if arrangements > 1e300 {
            break;
        }
    }
    (2.0 / arrangements).min(1.0)
}

/// How many values each of two samples must have for an exact rank test to reach `alpha` at all.
pub fn values_needed(alpha: f64) -> usize {
    (1..500)
        .find(|n| smallest_rank_p(*n, *n) <= alpha)
        .unwrap_or(500)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn by_hand() {
        let s = summary(&[4.0, 2.0, 9.0]).unwrap();
        assert_eq!(
            (s.n, s.mean, s.min, s.median, s.max),
            (3, 5.0, 2.0, 4.0, 9.0)
        );
        assert!(close(s.sd.unwrap(), 13f64.sqrt())); // (1 + 9 + 16) / 2
        let s = summary(&[1.0, 2.0, 4.0, 10.0]).unwrap();
        assert!(close(s.median, 3.0));
        assert_eq!(summary(&[7.0]).unwrap().sd, None);
        assert_eq!(summary(&[]), None);
        assert!(close(geometric_mean(&[2.0, 0.0, 8.0, -1.0]).unwrap(), 4.0));
        assert_eq!(geometric_mean(&[0.0]), None);
        assert!(close(geometric_mean(&[1e-300, 1e300]).unwrap(), 1.0));
    }

    #[test]
    fn equal_values_have_no_spread() {
        let s = summary(&[0.1, 0.1, 0.1]).unwrap();
        assert_eq!((s.mean, s.sd), (0.1, Some(0.0)));
        assert_eq!(summary(&[0.0, 0.0]).unwrap().sd, Some(0.0));
    }

    #[test]
    fn any_scale_and_offset() {
        for scale in [1e-300, 1e-150, 1.0, 1e150, 1e300] {
            let s = summary(&[scale, 2.0 * scale, 3.0 * scale]).unwrap();
            assert!(
                close(s.mean, 2.0 * scale) && close(s.sd.unwrap(), scale),
                "{scale} {s:?}"
            );
        }
        let s = summary(&[1e15 + 1.0, 1e15 + 2.0, 1e15 + 3.0]).unwrap();
        assert_eq!((s.mean, s.sd), (1e15 + 2.0, Some(1.0)));
        assert!(
            summary(&[f64::MAX, f64::MAX / 2.0])
                .unwrap()
                .mean
                .is_finite()
        );
        assert!(
            summary(&[f64::MIN_POSITIVE, 5e-324])
                .unwrap()
                .sd
                .unwrap()
                .is_finite()
        );
    }

    #[test]
    fn what_ranks_can_show() {
        assert!(close(smallest_rank_p(3, 3), 0.1));
        assert!(close(smallest_rank_p(4, 4), 2.0 / 70.0));
        assert!(close(smallest_rank_p(2, 3), 0.2));
        assert!(close(smallest_rank_p(1, 1), 1.0));
        assert!(close(smallest_rank_p(0, 5), 1.0));
        assert!(smallest_rank_p(5000, 5000) < 1e-299);
        assert_eq!((values_needed(0.05), values_needed(0.05 / 4.0)), (4, 5));
    }
}
