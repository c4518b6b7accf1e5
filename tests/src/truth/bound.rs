//! A number that is known to lie between two others.
//!
//! Interval arithmetic: a sum, difference or quotient of two intervals holds every value the operation can have. It
//! forgets that one moment may occur on both sides, so intervals are wider than they must be, never too narrow.

use std::iter::Sum;
use std::ops::{Add, Sub};

/// All numbers from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The least it can be.
    pub low: f64,
    /// The most it can be.
    pub high: f64,
}

impl Bound {
    /// Nothing.
    pub const ZERO: Self = Self::exactly(0.0);

    /// A number that is known.
    pub const fn exactly(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// A count, which is known.
    pub fn count(things: usize) -> Self {
        Self::exactly(things as f64)
    }

    /// From `low` to `high`.
    pub fn between(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// So many times as much; `factor` is not negative.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self::between(self.low * factor, self.high * factor)
    }

    /// The quotient of two numbers that are not negative; none where the divisor is surely 0.
    pub fn over(self, divisor: Self) -> Option<Self> {
        (divisor.high > 0.0)
            .then(|| Self::between(self.low / divisor.high, self.high / divisor.low))
    }

    /// The greater of two numbers.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self::between(self.low.max(other.low), self.high.max(other.high))
    }

    /// The lesser of two numbers.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self::between(self.low.min(other.low), self.high.min(other.high))
    }

    /// The same number, known not to be negative.
    #[must_use]
    pub fn not_negative(self) -> Self {
        self.max(Self::ZERO)
    }

    /// The distance of two numbers.
    #[must_use]
    pub fn distance(self, other: Self) -> Self {
        let difference = self - other;
        let low = difference.low.max(-difference.high).max(0.0);
        Self::between(low, difference.high.max(-difference.low))
    }

    /// The width of the interval.
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// True if it can be `value`; a rounding error of the last digits is allowed.
    pub fn holds(self, value: f64) -> bool {
        let slack = 1e-9 * value.abs().max(1.0);
        self.low - slack <= value && value <= self.high + slack
    }

    /// The mean; none of nothing.
    pub fn mean(values: impl IntoIterator<Item = Self>) -> Option<Self> {
        let values: Vec<Self> = values.into_iter().collect();
        let n = values.len();
        let sum: Self = values.into_iter().sum();
        sum.over(Self::count(n))
    }
}

impl Add for Bound {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::between(self.low + other.low, self.high + other.high)
    }
}

impl Sub for Bound {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::between(self.low - other.high, self.high - other.low)
    }
}

impl Sum for Bound {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Add::add)
    }
}
