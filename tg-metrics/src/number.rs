//! The value of a metric: a number, or the reason why there is none.

use serde_json::Value;

/// A known value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Counts and milliseconds, exact.
    Integer(i64),
    /// Means, ratios, money.
    Real(f64),
}

/// A number, or why it is unknown, as a sentence without its full stop.
pub type MetricValue = Result<Number, &'static str>;

/// The reason for a value that overflowed its type.
pub const BEYOND: &str = "the value is beyond all numbers";

/// An exact number. A saturated sum is not the true sum, and is unknown.
pub fn integer(number: i64) -> MetricValue {
    match number {
        i64::MIN | i64::MAX => Err(BEYOND),
        number => Ok(Number::Integer(number)),
    }
}

/// A count, exact.
pub fn count(things: usize) -> MetricValue {
    integer(i64::try_from(things).unwrap_or(i64::MAX))
}

/// `part / whole`, or `reason` if `whole` is not positive.
pub fn ratio(part: f64, whole: f64, reason: &'static str) -> MetricValue {
    if whole > 0.0 {
        Ok(Number::Real(part / whole))
    } else {
        Err(reason)
    }
}

/// [`ratio`] in hundredths.
pub fn percent(part: f64, whole: f64, reason: &'static str) -> MetricValue {
    ratio(100.0 * part, whole, reason)
}

/// [`ratio`] of two counts.
pub fn share(chosen: usize, things: usize, reason: &'static str) -> MetricValue {
    ratio(chosen as f64, things as f64, reason)
}

/// A saturating sum.
pub fn sum(values: impl IntoIterator<Item = i64>) -> i64 {
    values.into_iter().fold(0, i64::saturating_add)
}

/// A sum of real numbers in their order; 0, not -0, if there are none.
pub fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |sum, value| sum + value)
}

impl Number {
    /// The number as JSON: integers stay integers; infinities and NaN, which JSON lacks, become null.
    pub fn json(self) -> Value {
        match self {
            Self::Integer(number) => number.into(),
            Self::Real(number) => number.into(),
        }
    }

    pub fn real(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}
