//! One strip plot for each metric shown.

use super::figure::{Figure, side_by_side};
use super::markup::classed;
use super::table::{Cell, Table};
use crate::arm::Arm;
use crate::chart::rows::Head;
use crate::chart::strip::{Strip, draw};
use crate::chart::{MARKS, svg::LOOKS};
use crate::columns::Column;
use crate::compare::Comparison;
use crate::output::human::{self, Shown};
use tg_stage::metric::{Better, Over};

/// Values of one arm that a figure's own table lists; all of them are under raw values.
const LISTED: usize = 12;

/// The figures.
pub fn section(comparison: &Comparison) -> String {
    let (mut figures, mut empty) = (Vec::new(), Vec::new());
    for (at, column) in comparison.shown() {
        if comparison.arms.iter().any(|arm| arm.cells[at].is_some()) {
            figures.push(figure(comparison, at, column));
        } else {
            empty.push(column.title());
        }
    }
    let missing = format!(
        "No figure, for want of a run with a value that counts: {}",
        empty.join(", ")
    );
    let missing = (!empty.is_empty()).then(|| classed("missing", &missing));
    side_by_side(&figures, false) + &missing.unwrap_or_default()
}

fn figure(comparison: &Comparison, at: usize, column: &Column) -> Figure {
    let shown = human::column(comparison, at);
    let arms = || comparison.arms.iter().enumerate();
    let strips: Vec<Strip> = arms()
        .map(|(place, arm)| strip(place, arm, at, column, &shown))
        .collect();
    let spoken: Vec<String> = strips
        .iter()
        .map(|strip| format!("{} {}", strip.head.name, strip.head.note))
        .collect();
    let label = format!(
        "{} of every run, by arm: {}",
        column.title(),
        spoken.join("; ")
    );
    let measure = [shown.unit, direction(column.kind.better)];
    let measure: Vec<&str> = measure
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    Figure {
        title: column.title(),
        says: says(column, &strips),
        svg: draw(&strips, &measure.join(", "), &label),
        missing: format!("No run that counts has a value of {}", column.name),
        values: Some(values(comparison, at, column)),
    }
}

fn strip(place: usize, arm: &Arm, at: usize, column: &Column, shown: &Shown) -> Strip {
    let inside = |value: f64| value / shown.divisor;
    let value = |(row, value): (&crate::row::Row, f64)| {
        let text = format!(
            "{}: {}{}",
            row.run.id,
            shown.value(value),
            shown.unit_after()
        );
        (inside(value), text)
    };
    let cell = arm.cells[at];
    let interval = cell.and_then(|cell| cell.interval);
    let note = match (cell, interval) {
        (Some(cell), Some(ends)) => format!("{} ({})", shown.value(cell.mean), shown.between(ends)),
        (Some(cell), None) if cell.n == 1 => format!("{}, one run", shown.value(cell.mean)),
        (Some(cell), None) => shown.value(cell.mean),
        (None, _) => "no value".to_owned(),
    };
    Strip {
        head: Head {
            name: arm.label.clone(),
            look: place % LOOKS,
            note,
        },
        values: arm.entering(column).map(value).collect(),
        mean: cell.filter(|cell| cell.n > 1).map(|cell| inside(cell.mean)),
        interval: interval.map(|ends| (inside(ends.low), inside(ends.high))),
    }
}

/// Which way is better, in words that leave no doubt.
fn direction(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
        Better::NearOne => "1 is best",
        Better::Undeclared => "no direction is declared",
    }
}

fn says(column: &Column, strips: &[Strip]) -> String {
    let over = match column.kind.over {
        Over::Completed => "Each completed run is a mark",
        Over::Ended => "Each run with a value is a mark",
    };
    let most = strips
        .iter()
        .map(|strip| strip.values.len())
        .max()
        .unwrap_or(0);
    let capped = if most > MARKS {
        format!(" (of each arm at most {MARKS}, evenly spaced in rank)")
    } else {
        String::new()
    };
    let mean = if strips.iter().any(|strip| strip.interval.is_some()) {
        "; the upright stroke is the arm's mean, the line its 95 % interval"
    } else if strips.iter().any(|strip| strip.mean.is_some()) {
        "; the upright stroke is the arm's mean"
    } else {
        ""
    };
    format!("{over}{capped}{mean}")
}

/// The numbers behind a figure, in the records' own unit.
fn values(comparison: &Comparison, at: usize, column: &Column) -> Table {
    let number = |value: Option<f64>| {
        Cell::plain(value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
    };
    let row = |arm: &Arm| {
        let cell = arm.cells[at];
        let ends = cell.and_then(|cell| cell.interval);
        let all: Vec<f64> = arm.entering(column).map(|entry| entry.1).collect();
        let mut listed: Vec<String> = all.iter().take(LISTED).map(ToString::to_string).collect();
        if all.len() > LISTED {
            listed.push(format!("and {} more, under raw values", all.len() - LISTED));
        }
        vec![
            Cell::plain(arm.label.clone()),
            Cell::plain(format!(
                "{}/{}",
                cell.map_or(0, |cell| cell.n),
                arm.runs.len()
            )),
            number(cell.map(|cell| cell.mean)),
            number(cell.and_then(|cell| cell.sd)),
            number(ends.map(|ends| ends.low)),
            number(ends.map(|ends| ends.high)),
            number(cell.map(|cell| cell.median)),
            number(cell.map(|cell| cell.min)),
            number(cell.map(|cell| cell.max)),
            Cell::Words(listed.join(", ")),
        ]
    };
    Table {
        caption: format!(
            "{}, in the unit of the records ({})",
            column.name,
            column.kind.unit.name()
        ),
        heads: Table::heads(&[
            "arm",
            "n",
            "mean",
            "sd",
            "95 % low",
            "95 % high",
            "median",
            "min",
            "max",
            "values",
        ]),
        rows: comparison.arms.iter().map(row).collect(),
    }
}
