//! What a metric comes to: a number, or the reason why there is none.

use serde_json::Value;

/// A metric's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Counts and milliseconds, exact.
    Integer(i64),
    /// Means, ratios, money.
    Real(f64),
}

/// A number, or why it is not known, as a sentence without its full stop.
pub type Answer = Result<Number, &'static str>;

/// Why there is no number where one would be too large to be true.
pub const BEYOND: &str = "the value is beyond all numbers";

/// An exact number. A sum that stopped at an end of its range is not the sum, and is not told.
pub fn integer(number: i64) -> Answer {
    match number {
        i64::MIN | i64::MAX => Err(BEYOND),
        number => Ok(Number::Integer(number)),
    }
}

/// How many.
pub fn count(things: usize) -> Answer {
    integer(i64::try_from(things).unwrap_or(i64::MAX))
}

/// `part / whole`; where `whole` is not positive, there is none, because of `reason`.
pub fn ratio(part: f64, whole: f64, reason: &'static str) -> Answer {
    if whole > 0.0 {
        Ok(Number::Real(part / whole))
    } else {
        Err(reason)
    }
}

/// The same in hundredths.
pub fn percent(part: f64, whole: f64, reason: &'static str) -> Answer {
    ratio(100.0 * part, whole, reason)
}

/// The share of `things` that are `chosen`.
pub fn share(chosen: usize, things: usize, reason: &'static str) -> Answer {
    ratio(chosen as f64, things as f64, reason)
}

/// The mean of integers; where there are none, `reason`.
pub fn mean(values: impl IntoIterator<Item = i64>, reason: &'static str) -> Answer {
    mean_of(values.into_iter().map(|value| value as f64), reason)
}

/// The mean; where there are no values, `reason`.
pub fn mean_of(values: impl IntoIterator<Item = f64>, reason: &'static str) -> Answer {
    let (sum, n) = values
        .into_iter()
        .fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    ratio(sum, n as f64, reason)
}

/// A sum that stops at the ends of its range instead of wrapping.
pub fn sum(values: impl IntoIterator<Item = i64>) -> i64 {
    values.into_iter().fold(0, i64::saturating_add)
}

/// A sum of real numbers in the order they come; 0, not -0, of none.
pub fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |sum, value| sum + value)
}

impl Number {
    /// As JSON; integers stay integers, and what JSON cannot hold is null.
    pub fn json(self) -> Value {
        match self {
            Self::Integer(number) => number.into(),
            Self::Real(number) => number.into(),
        }
    }

    /// As a real number.
    pub fn real(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}
