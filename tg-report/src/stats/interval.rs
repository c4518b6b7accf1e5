//! Intervals, and the quantiles of a sample that some of them consist of.

/// The probability that a 95 % interval leaves out on each side.
pub const TAIL: f64 = 0.025;

/// A 95 % interval in the unit of its quantity; both ends are finite and belong to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end, not below `low`.
    pub high: f64,
}

impl Interval {
    /// Builds `centre` ± `half`; `None` if an end exceeds the largest double.
    pub(crate) fn around(centre: f64, half: f64) -> Option<Self> {
        Self::new(centre - half, centre + half)
    }

    /// Builds an interval from its ends; `None` if one is not finite.
    pub(crate) fn new(low: f64, high: f64) -> Option<Self> {
        (low.is_finite() && high.is_finite()).then_some(Self { low, high })
    }

    /// Multiplies both ends by a positive factor; `None` if one exceeds the largest double.
    pub(crate) fn times(self, factor: f64) -> Option<Self> {
        Self::new(self.low * factor, self.high * factor)
    }

    /// True if `value` lies in the interval.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The value below which the share `at` (0 to 1) of `sorted` lies, linear between neighbours; `None` of no values.
///
/// Definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages" (1996): that of R, numpy and
/// spreadsheets.
pub fn quantile(sorted: &[f64], at: f64) -> Option<f64> {
    let place = at.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let below = place.floor();
    let low = sorted[below as usize];
    let high = sorted[place.ceil() as usize];
    let share = place - below;
    Some(low * (1.0 - share) + high * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        let at = |share| quantile(&sorted, share).unwrap();
        assert_eq!((at(0.0), at(0.5), at(1.0)), (1.0, 4.0, 16.0));
        assert_eq!((at(0.125), at(0.875)), (1.5, 12.0));
        assert_eq!(quantile(&[3.0], 0.7), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
