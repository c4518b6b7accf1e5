//! The report for a terminal: blocks of columns that fit its width, each beginning with the arms.

use super::blocks::{Column, GAP, blocks, chars, wrap};
use super::numbers::{self, MeanSd, Shown};
use super::parts::Grid;
use super::sections::sections;
use super::{notes, ratios, verdict, verdict_notes, warnings};
use crate::compare::Comparison;
use crate::report::Report;
use crate::stats::Interval;
use crate::text::{percent_between, plain};

/// Title, table, verdict, ratios, notes and warnings, in lines of at most `width` columns if the names allow it.
pub fn render(report: &Report, width: usize, is_coloured: bool) -> String {
    let comparison = &report.comparison;
    let mut out = String::new();
    wrap(&mut out, "", &plain(&notes::title(comparison)), width);
    if let Some(simulated) = notes::simulated(comparison) {
        wrap(
            &mut out,
            "",
            &plain(&format!("simulated: {simulated}")),
            width,
        );
    }
    out.push('\n');
    let metrics: Vec<Column> = numbers::columns(comparison)
        .into_iter()
        .map(metric)
        .collect();
    out += &blocks(&arms(comparison), &metrics, width);
    let mut section = |heading: &str, lines: &[String], table: Option<&str>| {
        add_section(&mut out, heading, lines, width);
        out += table.unwrap_or_default();
    };
    section("not completed", &notes::not_completed(comparison), None);
    section("attempts", &notes::attempts(comparison), None);
    section("", &notes::table(comparison), None);
    let findings = grid(&verdict::table(comparison), &FINDING, width, is_coloured);
    section("", &[verdict::title(comparison)], Some(&findings));
    let sentences = verdict::sentences(comparison);
    let sentences: Vec<String> = sentences.iter().map(ToString::to_string).collect();
    section("", &sentences, None);
    section("", &verdict_notes::notes(comparison), None);
    let ratios = grid(&ratios::table(comparison), &[1, 2, 3, 4], width, false);
    let ratios = if ratios.is_empty() {
        ratios
    } else {
        format!("\n{ratios}")
    };
    section(
        "",
        verdict_notes::noise(comparison).as_slice(),
        Some(&ratios),
    );
    section("", &ratios::notes(comparison), None);
    let explored = grid(
        &verdict::exploratory(comparison),
        &FINDING,
        width,
        is_coloured,
    );
    if !explored.is_empty() {
        section(
            "",
            &verdict_notes::exploratory_notes(comparison),
            Some(&explored),
        );
    }
    for (heading, lines) in sections(report) {
        section(heading, &lines, None);
    }
    section("warnings", &warnings::messages(comparison), None);
    out
}

/// The columns of a finding that fit a terminal: without the ratio, which the table of ratios has.
const FINDING: [usize; 6] = [1, 2, 8, 5, 6, 7];

/// The first column of a table and those at `columns`. Findings are sentences, and aligned left.
fn grid(grid: &Grid, columns: &[usize], width: usize, is_coloured: bool) -> String {
    if grid.rows.is_empty() {
        return String::new();
    }
    let lines = |at: usize| {
        let cells = grid.rows.iter().map(|row| plain(&row[at]));
        let head = std::iter::once(grid.heads[at].to_owned());
        head.chain(cells).collect()
    };
    let better = [&[None], grid.better.as_slice()].concat();
    let column = |at: &usize| match (grid.heads[*at], is_coloured) {
        ("finding", true) => Column::left(lines(*at)).paint(&better),
        ("finding", false) => Column::left(lines(*at)),
        _ => Column::right(lines(*at)),
    };
    let columns: Vec<Column> = columns.iter().map(column).collect();
    blocks(&[Column::left(lines(0))], &columns, width)
}

/// The first columns of every block: the arms, and the number of their runs that completed.
fn arms(comparison: &Comparison) -> [Column; 3] {
    let arms = || comparison.arms.iter();
    let names = arms().map(|arm| plain(&arm.label));
    let runs = arms().map(|arm| format!("{}/{}", arm.completed, arm.runs.len()));
    let between = |ends: Interval| percent_between(ends.low, ends.high);
    let share = arms().map(|arm| arm.completion.map(between).unwrap_or_default());
    let under = |head: [&str; 2]| head.map(str::to_owned).into_iter();
    [
        Column::left(under(["arm", ""]).chain(names).collect()),
        Column::right(under(["runs", notes::completed()]).chain(runs).collect()),
        Column::right(under(["", "95 %"]).chain(share).collect()),
    ]
}

/// Name, unit and direction, and the cells with their ± aligned.
fn metric(shown: Shown) -> Column {
    let widest = |part: fn(&MeanSd) -> usize| shown.cells.iter().map(part).max().unwrap_or(0);
    let mean = widest(|cell| chars(&cell.mean));
    let sd = widest(|cell| cell.sd.as_deref().map_or(0, chars));
    let tail = if sd == 0 { 0 } else { sd + " ± ".len() - 1 };
    let cell = |cell: &MeanSd| match &cell.sd {
        Some(spread) => format!("{:>mean$} ± {spread:>sd$}", cell.mean),
        None => format!("{:>mean$}{:tail$}", cell.mean, ""),
    };
    let mut lines = vec![plain(&shown.title), shown.about];
    lines.extend(shown.cells.iter().map(cell));
    Column::right(lines)
}

/// Adds a list with a heading, or plain lines without one; nothing if there are no lines.
fn add_section(out: &mut String, heading: &str, lines: &[String], width: usize) {
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
