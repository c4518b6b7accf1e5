//! Axes: the positions of values, from 0 to 100 percent.
//!
//! An axis covers the values it must show and round numbers around them. It begins at 0 if the smallest value is
//! below 60 % of the largest, so that lengths on it compare; otherwise the figure says so ([`Scale::has_zero`]).
//! A wide interval may reach beyond the axis and is cut off at its end ([`Scale::covers`]).

use super::Interval;
use super::ticks;

/// An axis of values, laid out on 0 to 100 percent.
#[derive(Debug)]
pub struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    /// Position and label of each tick.
    pub ticks: Vec<(f64, String)>,
}

/// The share of the largest value below which an axis cannot show a difference.
const RESOLUTION: f64 = 1e-5;

impl Scale {
    /// A linear axis that shows all of `values`, and as much of `intervals` as leaves half of its length to the values.
    pub fn linear(values: &[f64], intervals: &[Interval]) -> Option<Self> {
        let (mut low, mut high) = range(values)?;
        let size = low.abs().max(high.abs());
        let is_from_zero = low >= 0.0 && low < 0.6 * high;
        if is_from_zero {
            low = 0.0;
        }
        let room = (high / 2.0 - low / 2.0).max(size * 0.02);
        let (mut least, most) = (low - room, high + room);
        if is_from_zero {
            least = 0.0;
        }
        let is_finite = |ends: &&Interval| ends.0.is_finite() && ends.1.is_finite();
        for ends in intervals.iter().filter(is_finite) {
            low = low.min(ends.0.max(least));
            high = high.max(ends.1.min(most));
        }
        if size == 0.0 {
            high = 1.0;
        } else if high - low < size * RESOLUTION {
            (low, high) = (low - size * 0.05, high + size * 0.05);
        }
        let (low, high) = (low.max(f64::MIN / 4.0), high.min(f64::MAX / 4.0));
        Some(Self::fitted(low, high))
    }

    /// A linear axis from 0 to at least `high` for lengths and counts; `high` is positive.
    pub fn from_zero(high: f64) -> Self {
        let is_usable = high.is_finite() && high > 0.0;
        let high = if is_usable { high } else { 1.0 };
        Self::fitted(0.0, high.min(f64::MAX / 4.0))
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

    /// A logarithmic axis with 1 on it for positive values; it shows intervals up to a factor of 100 beyond them.
    pub fn ratios(values: &[f64], intervals: &[Interval]) -> Option<Self> {
        const REACH: f64 = 100.0;
        let positive = values.iter().copied().filter(|value| *value > 0.0);
        let positive: Vec<f64> = positive.collect();
        let (least, most) = range(&positive)?;
        let (mut low, mut high) = (least.min(0.8), most.max(1.25));
        let is_usable = |ends: &&Interval| ends.0 > 0.0 && ends.1.is_finite();
        for ends in intervals.iter().filter(is_usable) {
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
        let tick = |value: &f64| (scale.at(*value), label(*value));
        scale.ticks = places.iter().map(tick).collect();
        Some(scale)
    }

    /// The position of a value in percent; a value beyond an end is moved to that end.
    pub fn at(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        };
        (100.0 * share).clamp(0.0, 100.0)
    }

    /// True if a value lies on the axis.
    pub fn covers(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// True if 0 is on the axis; otherwise the figure has to say so.
    pub fn has_zero(&self) -> bool {
        !self.is_log && self.covers(0.0)
    }

    /// The label of the first tick.
    pub fn first_label(&self) -> &str {
        self.ticks.first().map_or("", |tick| tick.1.as_str())
    }
}

/// The least and the greatest finite value.
fn range(values: &[f64]) -> Option<(f64, f64)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    finite().next()?;
    Some((
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(f64::NEG_INFINITY, f64::max),
    ))
}
