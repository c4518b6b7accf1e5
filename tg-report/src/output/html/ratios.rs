//! Speedup, cost ratio and efficiency as forest plots.

use super::figure::{Figure, head, side_by_side, spoken};
use super::markup::list;
use super::table::{Cell, Table};
use crate::chart::forest::{Row, draw};
use crate::compare::Comparison;
use crate::output::numbers::{quotient, with_interval};
use crate::output::ratios;
use crate::ratio::Ratio;
use crate::text::or_dash;

/// Each ratio, its explanation, and the meaning of its two sides.
const RATIOS: [(&str, &str, (&str, &str)); 3] = [
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

/// The figures and their notes.
pub fn section(comparison: &Comparison) -> String {
    if comparison.arms.len() < 2 {
        return String::new();
    }
    let figures = (0..RATIOS.len()).map(|which| figure(comparison, which));
    let figures: Vec<Figure> = figures.collect();
    side_by_side(&figures, false) + &list("notes", &ratios::notes(comparison))
}

fn figure(comparison: &Comparison, which: usize) -> Figure {
    let (title, explanation, sides) = RATIOS[which];
    let baseline = &comparison.arms[0].label;
    let (mut drawn, mut values) = (Vec::new(), Vec::new());
    let arms = comparison.arms.iter().zip(&comparison.ratios).enumerate();
    for (at, (arm, ratios)) in arms.skip(1) {
        let ratio = ratios.named()[which].1;
        let known = ratio.as_ref().ok();
        let ends = known.and_then(|ratio| ratio.interval);
        drawn.push(Row {
            head: head(at, &arm.label, note(ratio)),
            ratio: known.map(|ratio| ratio.value),
            interval: ends.map(|ends| (ends.low, ends.high)),
        });
        let why = ratio.as_ref().err().map(ratios::reason);
        values.push(vec![
            Cell::plain(&arm.label),
            Cell::plain(or_dash(known.map(|ratio| ratio.value))),
            Cell::plain(or_dash(ends.map(|ends| ends.low))),
            Cell::plain(or_dash(ends.map(|ends| ends.high))),
            Cell::Words(why.unwrap_or_default()),
        ]);
    }
    let label = spoken(drawn.iter().map(|row| &row.head));
    let label = format!("{title} against {baseline}: {label}");
    Figure {
        title: title.to_owned(),
        explanation: format!(
            "{explanation}. A line that crosses 1 leaves open which way it differs"
        ),
        svg: draw(&drawn, sides, &label),
        missing: "No arm has this ratio: see the notes below".to_owned(),
        values: Some(Table::new(
            format!("{title} against {baseline}, ratio of geometric means"),
            &["arm", "ratio", "95 % low", "95 % high", "why not"],
            values,
        )),
    }
}

fn note(ratio: &Ratio) -> String {
    match ratio {
        Ok(ratio) if ratio.interval.is_none() => {
            format!("{} (no interval)", quotient(ratio.value))
        }
        Ok(ratio) => with_interval(ratio.value, ratio.interval),
        Err(_) => "unknown".to_owned(),
    }
}
