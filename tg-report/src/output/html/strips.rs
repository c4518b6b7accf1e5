//! One strip plot for each metric shown.

use super::figure::{Figure, head, side_by_side, spoken};
use super::markup::classed;
use super::table::{Cell, Table};
use crate::arm::Arm;
use crate::chart::strip::{Strip, draw};
use crate::chart::{MARKS, svg::LOOKS};
use crate::columns::Column;
use crate::compare::Comparison;
use crate::output::numbers::{self, Shown};
use crate::row::RunRow;
use crate::text::{join, or_dash};
use tg_stage::metric::{Better, Over};

/// The number of values of one arm that a figure's own table lists; all of them are under raw values.
const LISTED: usize = 12;

/// The figures.
pub fn section(comparison: &Comparison) -> String {
    let (mut figures, mut empty) = (Vec::new(), Vec::new());
    for (at, column) in comparison.shown() {
        if comparison
            .arms
            .iter()
            .any(|arm| arm.summaries[at].is_some())
        {
            figures.push(figure(comparison, at, column));
        } else {
            empty.push(column.title());
        }
    }
    let empty = join(empty, ", ");
    let missing = format!("No figure, for want of a run with a value that counts: {empty}");
    let missing = (!empty.is_empty()).then(|| classed("missing", &missing));
    side_by_side(&figures, false) + &missing.unwrap_or_default()
}

fn figure(comparison: &Comparison, at: usize, column: &Column) -> Figure {
    let shown = numbers::column(comparison, at);
    let strips = comparison.arms.iter().enumerate();
    let strips = strips.map(|(place, arm)| strip(place, arm, at, column, &shown));
    let strips: Vec<Strip> = strips.collect();
    let label = spoken(strips.iter().map(|strip| &strip.head));
    let label = format!("{} of every run, by arm: {label}", column.title());
    let measure = [shown.unit, direction(column.kind.better)].into_iter();
    let measure = join(measure.filter(|word| !word.is_empty()), ", ");
    Figure {
        title: column.title(),
        explanation: explanation(column, &strips),
        svg: draw(&strips, &measure, &label),
        missing: format!("No run that counts has a value of {}", column.name),
        values: Some(values(comparison, at, column)),
    }
}

fn strip(place: usize, arm: &Arm, at: usize, column: &Column, shown: &Shown) -> Strip {
    let scaled = |value: f64| value / shown.divisor;
    let value = |(row, value): (&RunRow, f64)| {
        let text = format!("{}: {}", row.run.id, shown.with_unit(value));
        (scaled(value), text)
    };
    let summary = arm.summaries[at];
    let interval = summary.and_then(|own| own.interval);
    let note = match (summary, interval) {
        (Some(own), Some(ends)) => format!("{} ({})", shown.value(own.mean), shown.between(ends)),
        (Some(own), None) if own.n == 1 => format!("{}, one run", shown.value(own.mean)),
        (Some(own), None) => shown.value(own.mean),
        (None, _) => "no value".to_owned(),
    };
    let mean = summary.filter(|own| own.n > 1);
    Strip {
        head: head(place % LOOKS, &arm.label, note),
        values: arm.entering(column).map(value).collect(),
        mean: mean.map(|own| scaled(own.mean)),
        interval: interval.map(|ends| (scaled(ends.low), scaled(ends.high))),
    }
}

fn direction(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
        Better::NearOne => "1 is best",
        Better::Undeclared => "no direction is declared",
    }
}

fn explanation(column: &Column, strips: &[Strip]) -> String {
    let over = match column.kind.over {
        Over::Completed => "Each completed run is a mark",
        Over::Ended => "Each run with a value is a mark",
    };
    let is_capped = strips.iter().any(|strip| strip.values.len() > MARKS);
    let capped =
        is_capped.then(|| format!(" (of each arm at most {MARKS}, evenly spaced in rank)"));
    let capped = capped.unwrap_or_default();
    let mean = if strips.iter().any(|strip| strip.interval.is_some()) {
        "; the upright stroke is the arm's mean, the line its 95 % interval"
    } else if strips.iter().any(|strip| strip.mean.is_some()) {
        "; the upright stroke is the arm's mean"
    } else {
        ""
    };
    format!("{over}{capped}{mean}")
}

/// The values of a figure, in the unit of the records.
fn values(comparison: &Comparison, at: usize, column: &Column) -> Table {
    let row = |arm: &Arm| {
        let summary = arm.summaries[at];
        let ends = summary.and_then(|own| own.interval);
        let all = arm.values(column);
        let mut listed: Vec<String> = all.iter().take(LISTED).map(ToString::to_string).collect();
        if all.len() > LISTED {
            listed.push(format!("and {} more, under raw values", all.len() - LISTED));
        }
        let numbers = [
            summary.map(|own| own.mean),
            summary.and_then(|own| own.sd),
            ends.map(|ends| ends.low),
            ends.map(|ends| ends.high),
            summary.map(|own| own.median),
            summary.map(|own| own.min),
            summary.map(|own| own.max),
        ];
        let n = summary.map_or(0, |own| own.n);
        let mut row = Cell::row(&[&arm.label, &format!("{n}/{}", arm.runs.len())]);
        row.extend(numbers.map(|value| Cell::plain(or_dash(value))));
        row.push(Cell::Words(listed.join(", ")));
        row
    };
    let unit = column.kind.unit.name();
    Table::new(
        format!("{}, in the unit of the records ({unit})", column.name),
        &[
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
        ],
        comparison.arms.iter().map(row).collect(),
    )
}
