//! An interval: where a quantity may lie, in the quantity's unit.

/// A 95 % interval; both ends belong to it and are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end, not below `low`.
    pub high: f64,
}

impl Interval {
    /// `centre` ± `half`; `None` where an end is past the largest double.
    pub(crate) fn around(centre: f64, half: f64) -> Option<Self> {
        Self::new(centre - half, centre + half)
    }

    /// From its ends; `None` where one is not finite.
    pub(crate) fn new(low: f64, high: f64) -> Option<Self> {
        (low.is_finite() && high.is_finite()).then_some(Self { low, high })
    }

    /// Both ends times a positive factor; `None` where one is past the largest double.
    pub(crate) fn times(self, factor: f64) -> Option<Self> {
        Self::new(self.low * factor, self.high * factor)
    }

    /// Whether `value` lies in it.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}
