//! Values as people read them: one unit and one number of decimals for each column.
//!
//! Times become seconds, minutes or hours by the largest mean of their column. Decimals are as many as the smallest mean
//! needs for three digits or the smallest deviation for one, but no more than six digits in all. A value that would
//! round to 0 without being 0 is written with an exponent.

use crate::columns::Column;
use crate::compare::Comparison;
use crate::metric::Unit;
use crate::stats::Summary;

/// A column ready for printing.
#[derive(Debug)]
pub struct Shown {
    /// The metric's name without its unit.
    pub title: String,
    /// The unit of the cells; empty if there is none to name.
    pub unit: &'static str,
    /// `lower`, `higher`, `near 1`, or empty.
    pub better: &'static str,
    /// Mean and standard deviation of each arm; nothing is known of an arm without the first.
    pub cells: Vec<(Option<String>, Option<String>)>,
}

/// Times are shown in the first of these units that the largest mean (milliseconds) reaches.
const TIMES: [(f64, f64, &str); 4] = [
    (7_200_000.0, 3_600_000.0, "h"),
    (120_000.0, 60_000.0, "min"),
    (1_000.0, 1_000.0, "s"),
    (0.0, 1.0, "ms"),
];

/// All columns of a comparison.
pub fn columns(comparison: &Comparison) -> Vec<Shown> {
    let cells = |at: usize| {
        comparison
            .arms
            .iter()
            .map(move |arm| arm.cells[at])
            .collect::<Vec<_>>()
    };
    comparison
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| shown(column, &cells(at)))
        .collect()
}

fn shown(column: &Column, cells: &[Option<Summary>]) -> Shown {
    let largest = cells
        .iter()
        .flatten()
        .map(|cell| cell.mean.abs())
        .fold(0.0, f64::max);
    let (divisor, unit) = match column.kind.unit {
        Unit::Ms => TIMES
            .iter()
            .find(|time| largest >= time.0)
            .map_or((1.0, "ms"), |time| (time.1, time.2)),
        Unit::Usd => (1.0, "USD"),
        Unit::Count => (1.0, ""),
        other => (1.0, other.name()),
    };
    let scaled = |value: f64| value / divisor;
    let means = cells.iter().flatten().map(|cell| scaled(cell.mean));
    let sds = cells
        .iter()
        .flatten()
        .filter_map(|cell| cell.sd)
        .map(scaled);
    let decimals = decimals(
        means,
        sds,
        if column.kind.unit == Unit::Usd { 2 } else { 0 },
    );
    let cell = |cell: &Option<Summary>| {
        let mean = cell.map(|cell| number(scaled(cell.mean), decimals));
        (
            mean,
            cell.and_then(|cell| cell.sd)
                .map(|sd| number(scaled(sd), decimals)),
        )
    };
    Shown {
        title: column.title(),
        unit,
        better: column.kind.better.name(),
        cells: cells.iter().map(cell).collect(),
    }
}

/// How many decimals a column needs.
fn decimals(means: impl Iterator<Item = f64>, sds: impl Iterator<Item = f64>, least: i32) -> usize {
    let digits = |value: f64| value.abs().log10().floor() as i32;
    let means: Vec<i32> = means.filter(|mean| *mean != 0.0).map(digits).collect();
    let for_means = means.iter().min().map_or(0, |smallest| 2 - smallest);
    let for_sds = sds
        .filter(|sd| *sd != 0.0)
        .map(digits)
        .min()
        .map_or(0, |smallest| -smallest);
    let room = 5 - means.iter().max().copied().unwrap_or(0).max(0);
    for_means.max(for_sds).min(room).max(least).clamp(0, 6) as usize
}

/// A number with so many decimals, or with an exponent where those would hide it or it would not end.
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_hidden = value != 0.0 && text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'));
    if is_hidden || text.len() > 16 {
        format!("{value:.1e}")
    } else {
        text
    }
}

/// A quotient with three digits: `0.750`, `12.3`.
pub fn quotient(value: f64) -> String {
    let decimals = decimals([value].into_iter(), [].into_iter(), 0);
    number(value, decimals)
}
