//! Numbers for people: one unit and one number of decimals for each column.
//!
//! Times become seconds, minutes or hours by the largest mean of their column. A value that would round to 0 without
//! being 0, or that has too many digits, is written with an exponent.

use crate::columns::Column;
use crate::compare::Comparison;
use crate::stats::{Interval, Summary};
use crate::text::or_dash;
use tg_stage::metric::Unit;

/// A column ready for printing.
#[derive(Debug)]
pub struct Shown {
    /// The metric's name without its unit.
    pub title: String,
    /// Unit and better direction, as far as there are any: `min, lower`.
    pub about: String,
    /// The unit shown; empty for counts and the like.
    pub unit: &'static str,
    /// The unit shown, in units of the records.
    pub divisor: f64,
    decimals: usize,
    /// One for each arm.
    pub cells: Vec<MeanSd>,
}

#[derive(Debug)]
pub struct MeanSd {
    /// The mean, or `-`.
    pub mean: String,
    /// The standard deviation, if there is more than one value.
    pub sd: Option<String>,
}

/// Times are shown in the first unit whose bound the largest mean reaches: bound and unit in milliseconds.
const TIMES: [(f64, f64, &str); 4] = [
    (7_200_000.0, 3_600_000.0, "h"),
    (120_000.0, 60_000.0, "min"),
    (1_000.0, 1_000.0, "s"),
    (0.0, 1.0, "ms"),
];

pub fn columns(comparison: &Comparison) -> Vec<Shown> {
    let shown = comparison.shown();
    shown.map(|(at, _)| column(comparison, at)).collect()
}

pub fn column(comparison: &Comparison, at: usize) -> Shown {
    let summaries = comparison.arms.iter().map(|arm| arm.summaries[at]);
    shown(&comparison.columns[at], &summaries.collect::<Vec<_>>())
}

fn shown(column: &Column, summaries: &[Option<Summary>]) -> Shown {
    let known = || summaries.iter().flatten();
    let (unit, divisor) = unit(column.kind.unit, largest(known().map(|own| own.mean)));
    let means = known().map(|own| own.mean / divisor);
    let sds = known().filter_map(|own| own.sd).map(|sd| sd / divisor);
    let decimals = decimals(means, sds, bounds(column.kind.unit));
    let cell = |own: &Option<Summary>| MeanSd {
        mean: or_dash(own.map(|own| number(own.mean / divisor, decimals))),
        sd: own.and_then(|own| Some(spread(own.sd? / divisor, decimals))),
    };
    let about = [unit, column.kind.better.name()].into_iter();
    let about = about.filter(|word| !word.is_empty());
    Shown {
        title: column.title(),
        about: about.collect::<Vec<_>>().join(", "),
        unit,
        divisor,
        decimals,
        cells: summaries.iter().map(cell).collect(),
    }
}

impl Shown {
    /// A value of the records in the unit shown, without its name.
    pub fn value(&self, value: f64) -> String {
        number(value / self.divisor, self.decimals)
    }

    /// A difference, with its sign.
    pub fn signed(&self, value: f64) -> String {
        let text = self.value(value);
        let plus = value > 0.0 && !text.starts_with('-');
        format!("{}{text}", if plus { "+" } else { "" })
    }

    /// `6.79 s`
    pub fn with_unit(&self, value: f64) -> String {
        self.value(value) + &self.unit_after()
    }

    /// `-0.3 to 2.6 s`
    pub fn range(&self, ends: Interval) -> String {
        self.between(ends) + &self.unit_after()
    }

    /// `-0.3 to 2.6`
    pub fn between(&self, ends: Interval) -> String {
        format!("{} to {}", self.value(ends.low), self.value(ends.high))
    }

    /// The unit after a value: ` s`, or nothing.
    pub fn unit_after(&self) -> String {
        match self.unit {
            "" | "ratio" => String::new(),
            unit => format!(" {unit}"),
        }
    }
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.map(f64::abs).fold(0.0, f64::max)
}

/// The unit to show, and its size in units of the records.
fn unit(unit: Unit, largest: f64) -> (&'static str, f64) {
    let time = || TIMES.iter().find(|time| largest >= time.0);
    match unit {
        Unit::Ms => time().map_or(("ms", 1.0), |time| (time.2, time.1)),
        Unit::Usd => ("USD", 1.0),
        Unit::Count => ("", 1.0),
        Unit::Percent | Unit::Ratio | Unit::PerHour | Unit::Plain => (unit.name(), 1.0),
    }
}

/// The fewest and the most decimals of a unit.
fn bounds(unit: Unit) -> (i32, i32) {
    match unit {
        Unit::Usd => (2, 6),
        Unit::Percent => (1, 2),
        Unit::Ratio => (2, 3),
        Unit::Ms | Unit::PerHour | Unit::Count | Unit::Plain => (0, 6),
    }
}

/// As many decimals as give the largest mean three digits, the smallest two, and the smallest deviation one; but no
/// more than six digits in all.
fn decimals(
    means: impl Iterator<Item = f64>,
    sds: impl Iterator<Item = f64>,
    (least, most): (i32, i32),
) -> usize {
    let magnitude = |value: f64| value.abs().log10().floor() as i32;
    let magnitudes: Vec<i32> = means.filter(|mean| *mean != 0.0).map(magnitude).collect();
    let smallest_sd = sds.filter(|sd| *sd != 0.0).map(magnitude).min();
    let largest = magnitudes.iter().max().copied();
    let smallest = magnitudes.iter().min().copied();
    let wanted = [
        largest.map(|m| 2 - m),
        smallest.map(|m| 1 - m),
        smallest_sd.map(|m| -m),
    ];
    let wanted = wanted.into_iter().flatten().max().unwrap_or(0);
    let room = 5 - largest.unwrap_or(0).max(0);
    wanted.min(room).clamp(least, most) as usize
}

/// A number with so many decimals, or with an exponent if they would hide it or it has too many digits.
fn number(value: f64, decimals: usize) -> String {
    let text = spread(value, decimals);
    let is_hidden = value != 0.0 && !text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if is_hidden {
        format!("{value:.1e}")
    } else {
        text
    }
}

/// A deviation with so many decimals; it may round to 0.
fn spread(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.len() > 16 {
        format!("{value:.1e}")
    } else {
        text
    }
}

/// A quotient with three digits: `0.750`, `12.3`.
pub fn quotient(value: f64) -> String {
    number(value, decimals([value].into_iter(), [].into_iter(), (0, 6)))
}

/// The unit in which times up to `largest` milliseconds are shown, and its size in milliseconds.
pub fn unit_of_time(largest: f64) -> (&'static str, f64) {
    unit(Unit::Ms, largest)
}

/// The ends of a quotient's interval: `0.61 to 1.20`.
pub fn quotients(ends: Interval) -> String {
    format!("{} to {}", quotient(ends.low), quotient(ends.high))
}

/// `1.20 (1.02 to 1.41)`, or the value alone.
pub fn with_interval(value: f64, ends: Option<Interval>) -> String {
    let ends = ends.map(|ends| format!(" ({})", quotients(ends)));
    quotient(value) + &ends.unwrap_or_default()
}

/// A time of the records in the unit that suits it: `640 ms`, `6.79 s`.
pub fn time(ms: f64) -> String {
    let (name, divisor) = unit(Unit::Ms, ms.abs());
    let value = ms / divisor;
    let decimals = decimals([value].into_iter(), [].into_iter(), (0, 3));
    format!("{} {name}", number(value, decimals))
}
