//! The comparison for a terminal: blocks of columns that fit its width, each beginning with the arms.

use super::blocks::{Column, GAP, blocks, chars, wrap};
use super::human::{self, Cell, Shown};
use super::sections::sections;
use super::verdict::Line;
use super::{notes, verdict, versus};
use crate::attempts;
use crate::compare::Comparison;
use crate::stats::Interval;
use crate::words::{percent_between, plain};

/// Title, table, verdict, ratios, notes and warnings, in lines of at most `width` columns where the names allow it.
pub fn render(comparison: &Comparison, width: usize, is_coloured: bool) -> String {
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
    section(
        &mut out,
        "attempts",
        &attempts::sentences(&comparison.arms),
        width,
    );
    section(&mut out, "", &notes::table(comparison), width);
    section(&mut out, "", &[verdict::title(comparison)], width);
    out += &findings(&verdict::table(comparison), width, is_coloured);
    section(&mut out, "", &verdict::sentences(comparison), width);
    section(&mut out, "", &verdict::notes(comparison), width);
    section(&mut out, "", verdict::noise(comparison).as_slice(), width);
    let ratios = ratios(comparison, width);
    if !ratios.is_empty() {
        out.push('\n');
        out += &ratios;
    }
    section(&mut out, "", &versus::notes(comparison), width);
    let explored = verdict::exploratory(comparison);
    if !explored.is_empty() {
        section(&mut out, "", &verdict::exploratory_notes(comparison), width);
        out += &findings(&explored, width, is_coloured);
    }
    for (heading, lines) in sections(comparison) {
        section(&mut out, heading, &lines, width);
    }
    let warnings: Vec<String> = comparison
        .warnings
        .iter()
        .map(|warning| warning.message.clone())
        .collect();
    section(&mut out, "warnings", &warnings, width);
    out
}

/// Cells of a finding that fit a terminal: without the ratio, which the ratios' table has.
const CELLS: [usize; 6] = [1, 2, FINDING, 5, 6, 7];
/// The place of the finding, which is a sentence and stands to the left.
const FINDING: usize = 8;

fn findings(lines: &[Line], width: usize, is_coloured: bool) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let column = |at: usize| {
        let head = std::iter::once(verdict::HEADS[at].to_owned());
        let cells = lines.iter().map(|line| plain(&line.cells[at]));
        head.chain(cells).collect::<Vec<_>>()
    };
    let better: Vec<Option<bool>> = lines.iter().map(|line| line.is_better).collect();
    let better = [&[None], better.as_slice()].concat();
    let cells = |at: &usize| match (*at, is_coloured) {
        (FINDING, true) => Column::left(column(FINDING)).paint(&better),
        (FINDING, false) => Column::left(column(FINDING)),
        (at, _) => Column::right(column(at)),
    };
    let columns: Vec<Column> = CELLS.iter().map(cells).collect();
    blocks(&[Column::left(column(0))], &columns, width)
}

/// What every block begins with: the arms, and how many of their runs completed.
fn arms(comparison: &Comparison) -> [Column; 3] {
    let names = comparison.arms.iter().map(|arm| plain(&arm.label));
    let runs = comparison
        .arms
        .iter()
        .map(|arm| format!("{}/{}", arm.completed, arm.runs.len()));
    let share = comparison.arms.iter().map(|arm| {
        let between = |ends: Interval| percent_between(ends.low, ends.high);
        arm.completion.map_or_else(String::new, between)
    });
    let under = |head: [&str; 2]| head.map(str::to_owned).into_iter();
    [
        Column::left(under(["arm", ""]).chain(names).collect()),
        Column::right(under(["runs", "completed"]).chain(runs).collect()),
        Column::right(under(["", "95 %"]).chain(share).collect()),
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
