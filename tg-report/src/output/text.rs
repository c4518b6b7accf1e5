//! The comparison for a terminal: blocks of columns that fit its width, each beginning with the arms.

use super::blocks::{Column, GAP, blocks, chars, wrap};
use super::human::{self, Cell, Shown};
use super::{notes, versus};
use crate::compare::Comparison;
use crate::words::plain;

/// Title, table, ends, ratios, notes and warnings, in lines of at most `width` columns where the names allow it.
pub fn render(comparison: &Comparison, width: usize) -> String {
    let mut out = String::new();
    let simulated = notes::simulated(comparison);
    for line in [notes::title(comparison)].into_iter().chain(simulated) {
        wrap(&mut out, "", &plain(&line), width);
    }
    out.push('\n');
    let metrics: Vec<Column> = human::columns(comparison).into_iter().map(metric).collect();
    out += &blocks(&arms(comparison), &metrics, width);
    section(
        &mut out,
        "not completed",
        &notes::not_completed(comparison),
        width,
    );
    section(&mut out, "", &notes::table(comparison), width);
    section(&mut out, "", &[versus::title(comparison)], width);
    out += &ratios(comparison, width);
    section(&mut out, "", &versus::notes(comparison), width);
    let warnings: Vec<String> = comparison
        .warnings
        .iter()
        .map(|warning| warning.message.clone())
        .collect();
    section(&mut out, "warnings", &warnings, width);
    out
}

/// What every block begins with: the arms, and how many of their runs completed.
fn arms(comparison: &Comparison) -> [Column; 2] {
    let names = comparison.arms.iter().map(|arm| plain(&arm.label));
    let runs = comparison
        .arms
        .iter()
        .map(|arm| format!("{}/{}", arm.completed, arm.runs.len()));
    let under = |head: [&str; 2]| head.map(str::to_owned).into_iter();
    [
        Column::left(under(["arm", ""]).chain(names).collect()),
        Column::right(under(["runs", "completed"]).chain(runs).collect()),
    ]
}

/// Name, unit and direction, and the cells with their ± in one line.
fn metric(shown: Shown) -> Column {
    let widest = |part: fn(&Cell) -> usize| shown.cells.iter().map(part).max().unwrap_or(0);
    let mean = widest(|cell| chars(&cell.mean));
    let sd = widest(|cell| cell.sd.as_deref().map_or(0, chars));
    let tail = if sd == 0 { 0 } else { sd + " ± ".len() - 1 };
    let cell = |cell: &Cell| match &cell.sd {
        Some(spread) => format!("{:>mean$} ± {spread:>sd$}", cell.mean),
        None => format!("{:>mean$}{:tail$}", cell.mean, ""),
    };
    let mut lines = vec![plain(&shown.title), shown.about];
    lines.extend(shown.cells.iter().map(cell));
    Column::right(lines)
}

fn ratios(comparison: &Comparison, width: usize) -> String {
    let rows = versus::table(comparison);
    let lines = |at: usize| {
        let cells = rows.iter().map(|row| plain(&row[at]));
        [versus::HEADS[at].to_owned()]
            .into_iter()
            .chain(cells)
            .collect()
    };
    if rows.is_empty() {
        return String::new();
    }
    let columns: Vec<Column> = (1..versus::HEADS.len())
        .map(|at| Column::right(lines(at)))
        .collect();
    blocks(&[Column::left(lines(0))], &columns, width)
}

/// A headed list, or lines of their own where there is no heading; nothing at all where there are no lines.
fn section(out: &mut String, heading: &str, lines: &[String], width: usize) {
    if lines.is_empty() {
        return;
    }
    out.push('\n');
    let indent = if heading.is_empty() { "" } else { GAP };
    if !heading.is_empty() {
        out.extend([heading, "\n"]);
    }
    for line in lines {
        wrap(out, indent, &plain(line), width);
    }
}
