//! From values to places on an axis.
//!
//! An axis covers the values it must show and round numbers around them. It begins at 0 where the smallest value is
//! below 60 % of the largest, so that lengths on it compare; where it does not, the figure says so ([`Scale::has_zero`]).
//! The end of a wide interval may leave the axis and is cut off there ([`Scale::covers`] tells).

use super::Interval;
use super::ticks;

/// An axis of values, laid out on 0 to 100 percent.
#[derive(Debug)]
pub struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    /// Place and label.
    pub ticks: Vec<(f64, String)>,
}

/// Differences below this share of the largest value cannot be told apart on an axis.
const RESOLUTION: f64 = 1e-5;

impl Scale {
    /// A linear axis that shows all of `values`, and of `intervals` as much as leaves the values half of its length.
    pub fn linear(values: &[f64], intervals: &[Interval]) -> Option<Self> {
        let (mut low, mut high) = range(values)?;
        let size = low.abs().max(high.abs());
        let is_from_zero = low >= 0.0 && low < 0.6 * high;
        if is_from_zero {
            low = 0.0;
        }
        let room = (high / 2.0 - low / 2.0).max(size * 0.02);
        let finite = || {
            intervals
                .iter()
                .filter(|ends| ends.0.is_finite() && ends.1.is_finite())
        };
        let (least, most) = (low - room, high + room);
        low = finite().fold(low, |low, ends| {
            low.min(ends.0.max(if is_from_zero { 0.0 } else { least }))
        });
        high = finite().fold(high, |high, ends| high.max(ends.1.min(most)));
        if size == 0.0 {
            high = 1.0;
        } else if high - low < size * RESOLUTION {
            (low, high) = (low - size * 0.05, high + size * 0.05);
        }
        Some(Self::fitted(
            low.max(f64::MIN / 4.0),
            high.min(f64::MAX / 4.0),
        ))
    }

    /// A linear axis from 0 to at least `high`, which is positive; for lengths and counts.
    pub fn from_zero(high: f64) -> Self {
        let is_usable = high.is_finite() && high > 0.0;
        Self::fitted(
            0.0,
            if is_usable {
                high.min(f64::MAX / 4.0)
            } else {
                1.0
            },
        )
    }

    fn fitted(low: f64, high: f64) -> Self {
        let (places, step) = ticks::linear(low, high);
        let largest = low.abs().max(high.abs());
        let low = places.first().copied().unwrap_or(low).min(low);
        let high = places.last().copied().unwrap_or(high).max(high);
        let mut scale = Self {
            low,
            high,
            is_log: false,
            ticks: Vec::new(),
        };
        let tick = |value: &f64| (scale.at(*value), ticks::label(*value, step, largest));
        scale.ticks = places.iter().map(tick).collect();
        scale
    }

    /// A logarithmic axis with 1 on it, for positive values; intervals may reach a hundredfold past them.
    pub fn ratios(values: &[f64], intervals: &[Interval]) -> Option<Self> {
        const REACH: f64 = 100.0;
        let positive: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| *value > 0.0)
            .collect();
        let (least, most) = range(&positive)?;
        let (mut low, mut high) = (least.min(0.8), most.max(1.25));
        for ends in intervals
            .iter()
            .filter(|ends| ends.0 > 0.0 && ends.1.is_finite())
        {
            low = low.min(ends.0.max(least / REACH));
            high = high.max(ends.1.min(most * REACH));
        }
        (low, high) = ((low * 0.95).max(1e-300), (high * 1.05).min(1e300));
        let mut scale = Self {
            low,
            high,
            is_log: true,
            ticks: Vec::new(),
        };
        let places = ticks::logarithmic(low, high);
        let steps = places.windows(2).map(|pair| pair[1] - pair[0]);
        let step = steps.fold(f64::INFINITY, f64::min).min(1.0);
        let is_even = high / low < 4.0;
        let label = |value: f64| {
            let power = 10f64.powi(value.log10().floor() as i32);
            ticks::label(value, if is_even { step } else { power }, value)
        };
        scale.ticks = places
            .iter()
            .map(|value| (scale.at(*value), label(*value)))
            .collect();
        Some(scale)
    }

    /// Where a value is, in percent; what lies beyond an end is put there.
    pub fn at(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        };
        (100.0 * share).clamp(0.0, 100.0)
    }

    /// Whether a value lies on the axis.
    pub fn covers(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// Whether 0 is on it; else the figure has to say so.
    pub fn has_zero(&self) -> bool {
        !self.is_log && self.covers(0.0)
    }

    /// The label of its first tick.
    pub fn begin(&self) -> &str {
        self.ticks.first().map_or("", |tick| tick.1.as_str())
    }
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    finite().next()?;
    Some((
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(f64::NEG_INFINITY, f64::max),
    ))
}
