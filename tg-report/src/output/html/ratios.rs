//! Speedup, cost ratio and efficiency as forest plots.

use super::figure::{Figure, side_by_side};
use super::markup::list;
use super::table::{Cell, Table};
use crate::chart::forest::{Row, draw};
use crate::chart::rows::Head;
use crate::compare::Comparison;
use crate::output::human::{quotient, quotients};
use crate::output::versus;
use crate::ratio::Ratio;

/// What each ratio is, and what its two sides mean.
const SAYS: [(&str, &str, (&str, &str)); 3] = [
    (
        "Speedup",
        "How many times as fast as the baseline; right of 1 is better",
        ("slower", "faster"),
    ),
    (
        "Cost ratio",
        "How many times the baseline's cost; left of 1 is better",
        ("cheaper", "dearer"),
    ),
    (
        "Efficiency",
        "Speedup per agent; right of 1 is better",
        ("less from each agent", "more from each agent"),
    ),
];

/// The figures, and how to read them.
pub fn section(comparison: &Comparison) -> String {
    if comparison.arms.len() < 2 {
        return String::new();
    }
    let figures: Vec<Figure> = (0..SAYS.len())
        .map(|which| figure(comparison, which))
        .collect();
    side_by_side(&figures, false) + &list("notes", &versus::notes(comparison))
}

fn figure(comparison: &Comparison, which: usize) -> Figure {
    let (title, says, sides) = SAYS[which];
    let arms = || {
        comparison
            .arms
            .iter()
            .zip(&comparison.ratios)
            .enumerate()
            .skip(1)
    };
    let rows: Vec<Row> = arms()
        .map(|(at, (arm, ratios))| {
            let ratio = ratios.named()[which].1;
            let known = ratio.as_ref().ok();
            let head = Head {
                name: arm.label.clone(),
                look: at,
                note: words(ratio),
            };
            let interval = known
                .and_then(|ratio| ratio.interval)
                .map(|ends| (ends.low, ends.high));
            Row {
                head,
                ratio: known.map(|ratio| ratio.value),
                interval,
            }
        })
        .collect();
    let spoken: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.head.name, row.head.note))
        .collect();
    let label = format!(
        "{title} against {}: {}",
        comparison.arms[0].label,
        spoken.join("; ")
    );
    let values = Table {
        caption: format!(
            "{title} against {}, ratio of geometric means",
            comparison.arms[0].label
        ),
        heads: Table::heads(&["arm", "ratio", "95 % low", "95 % high", "why not"]),
        rows: arms()
            .map(|(_, (arm, ratios))| row(&arm.label, ratios.named()[which].1))
            .collect(),
    };
    Figure {
        title: title.to_owned(),
        says: format!("{says}. A line that crosses 1 leaves open which way it differs"),
        svg: draw(&rows, sides, &label),
        missing: "No arm has this ratio: see the notes below".to_owned(),
        values: Some(values),
    }
}

fn words(ratio: &Ratio) -> String {
    match ratio {
        Ok(ratio) => match ratio.interval {
            Some(ends) => format!("{} ({})", quotient(ratio.value), quotients(ends)),
            None => format!("{} (no interval)", quotient(ratio.value)),
        },
        Err(_) => "unknown".to_owned(),
    }
}

fn row(name: &str, ratio: &Ratio) -> Vec<Cell> {
    let number = |value: Option<f64>| {
        Cell::plain(value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
    };
    let known = ratio.as_ref().ok();
    let ends = known.and_then(|ratio| ratio.interval);
    vec![
        Cell::plain(name),
        number(known.map(|ratio| ratio.value)),
        number(ends.map(|ends| ends.low)),
        number(ends.map(|ends| ends.high)),
        Cell::Words(ratio.as_ref().err().cloned().unwrap_or_default()),
    ]
}
