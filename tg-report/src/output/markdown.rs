//! The report as Markdown: one pipe table, because renderers scroll a table that does not fit.
//!
//! Every name and sentence is escaped as a whole, so that no name can open a link, a tag, a formula or a cell.

use super::numbers::{self, MeanSd};
use super::parts::Grid;
use super::sections::sections;
use super::{notes, ratios, verdict, verdict_notes, warnings};
use crate::compare::Comparison;
use crate::report::Report;
use crate::text::{percent_between, plain};

/// Heading, table, verdict, ratios, notes and warnings.
pub fn render(report: &Report) -> String {
    let comparison = &report.comparison;
    let mut out = format!("## {}\n\n", escape(&notes::title(comparison)));
    if let Some(simulated) = notes::simulated(comparison) {
        out.extend(["**simulated: ", &escape(&simulated), "**\n\n"]);
    }
    out += &means(comparison);
    let mut section = |heading: &str, lines: &[String], table: Option<&str>| {
        add_section(&mut out, heading, lines);
        out += table.unwrap_or_default();
    };
    section("Not completed", &notes::not_completed(comparison), None);
    section("Attempts", &notes::attempts(comparison), None);
    let title = escape(&verdict::title(comparison));
    let findings = grid(&verdict::table(comparison));
    let findings = format!("\n### Verdict\n\n{title}\n{findings}");
    section("", &notes::table(comparison), Some(&findings));
    let sentences = verdict::sentences(comparison);
    let sentences: Vec<String> = sentences.iter().map(ToString::to_string).collect();
    section("", &sentences, None);
    section("", &verdict_notes::notes(comparison), None);
    let ratios = match grid(&ratios::table(comparison)) {
        table if table.is_empty() => table,
        table => format!("\n### Ratios\n{table}"),
    };
    section(
        "",
        verdict_notes::noise(comparison).as_slice(),
        Some(&ratios),
    );
    let explored = match grid(&verdict::exploratory(comparison)) {
        table if table.is_empty() => table,
        table => format!("\n### Explored\n{table}"),
    };
    section("", &ratios::notes(comparison), Some(&explored));
    if !explored.is_empty() {
        section("", &verdict_notes::exploratory_notes(comparison), None);
    }
    for (heading, lines) in sections(report) {
        let (first, rest) = heading.split_at(1);
        section(&(first.to_uppercase() + rest), &lines, None);
    }
    section("Warnings", &warnings::messages(comparison), None);
    out
}

fn means(comparison: &Comparison) -> String {
    let columns = numbers::columns(comparison);
    let mut heads = vec!["arm".to_owned(), "runs completed".to_owned()];
    heads.extend(columns.iter().map(|column| match column.about.as_str() {
        "" => escape(&column.title),
        about => escape(&format!("{} ({about})", column.title)),
    }));
    let rows = comparison.arms.iter().enumerate().map(|(at, arm)| {
        let share = arm.completion;
        let share = share.map(|ends| format!(" ({})", percent_between(ends.low, ends.high)));
        let share = share.unwrap_or_default();
        let mut row = vec![
            escape(&arm.label),
            format!("{}/{}{share}", arm.completed, arm.runs.len()),
        ];
        row.extend(columns.iter().map(|column| mean_sd(&column.cells[at])));
        row
    });
    pipes(&heads, rows)
}

fn mean_sd(cell: &MeanSd) -> String {
    let spread = cell.sd.as_ref().map(|sd| format!(" ± {sd}"));
    cell.mean.clone() + &spread.unwrap_or_default()
}

/// The table after an empty line; nothing if it has no rows.
fn grid(grid: &Grid) -> String {
    if grid.rows.is_empty() {
        return String::new();
    }
    let heads: Vec<String> = grid.heads.iter().map(ToString::to_string).collect();
    let rows = grid.rows.iter();
    let rows = rows.map(|row| row.iter().map(|cell| escape(cell)).collect());
    format!("\n{}", pipes(&heads, rows))
}

/// A table: the first column is aligned left, the others right.
fn pipes(heads: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|---|{}\n", "---:|".repeat(heads.len() - 1));
    rows.fold(line(heads) + &rule, |table, row| table + &line(&row))
}

/// Adds a list, with a heading if there is one; nothing if there are no lines.
fn add_section(out: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    if !heading.is_empty() {
        out.extend(["\n### ", heading, "\n"]);
    }
    out.push('\n');
    for line in lines {
        out.extend(["- ", &escape(line), "\n"]);
    }
}

/// Text that Markdown prints as it is. An underscore between letters needs no escape.
fn escape(text: &str) -> String {
    let text = plain(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        let is_special = match c {
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            _ => "\\`*|<>[]&#$~!".contains(c),
        };
        if is_special {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}
