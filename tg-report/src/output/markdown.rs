//! The comparison as Markdown: one pipe table, as renderers scroll what does not fit.
//!
//! Every name and sentence is escaped as a whole, so that no name can open a link, a tag, a formula or a cell.

use super::human::{self, Cell};
use super::sections::sections;
use super::verdict::Line;
use super::{notes, verdict, versus};
use crate::attempts;
use crate::compare::Comparison;
use crate::words::{percent_between, plain};

/// Heading, table, verdict, ratios, notes and warnings.
pub fn render(comparison: &Comparison) -> String {
    let mut out = format!("## {}\n\n", escape(&notes::title(comparison)));
    if let Some(simulated) = notes::simulated(comparison) {
        out.extend(["**", &escape(&simulated), "**\n\n"]);
    }
    out += &table(comparison);
    section(&mut out, "Not completed", &notes::not_completed(comparison));
    section(&mut out, "Attempts", &attempts::sentences(&comparison.arms));
    section(&mut out, "", &notes::table(comparison));
    out.extend([
        "\n### Verdict\n\n",
        &escape(&verdict::title(comparison)),
        "\n",
    ]);
    out += &findings(&verdict::table(comparison));
    section(&mut out, "", &verdict::sentences(comparison));
    section(&mut out, "", &verdict::notes(comparison));
    section(&mut out, "", verdict::noise(comparison).as_slice());
    let ratios = versus::table(comparison);
    if !ratios.is_empty() {
        let rows = ratios
            .iter()
            .map(|row| row.iter().map(|cell| escape(cell)).collect());
        out += "\n### Ratios\n\n";
        out += &pipes(&versus::HEADS.map(str::to_owned), rows);
    }
    section(&mut out, "", &versus::notes(comparison));
    let explored = verdict::exploratory(comparison);
    if !explored.is_empty() {
        out += "\n### Explored\n";
        out += &findings(&explored);
        section(&mut out, "", &verdict::exploratory_notes(comparison));
    }
    for (heading, lines) in sections(comparison) {
        let (first, rest) = heading.split_at(1);
        section(&mut out, &(first.to_uppercase() + rest), &lines);
    }
    let warnings: Vec<String> = comparison
        .warnings
        .iter()
        .map(|warning| warning.message.clone())
        .collect();
    section(&mut out, "Warnings", &warnings);
    out
}

fn findings(lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let rows = lines
        .iter()
        .map(|line| line.cells.iter().map(|cell| escape(cell)).collect());
    "\n".to_owned() + &pipes(&verdict::HEADS.map(str::to_owned), rows)
}

fn table(comparison: &Comparison) -> String {
    let columns = human::columns(comparison);
    let mut head = vec!["arm".to_owned(), "runs completed".to_owned()];
    for column in &columns {
        let about = if column.about.is_empty() {
            String::new()
        } else {
            format!(" ({})", column.about)
        };
        head.push(escape(&format!("{}{about}", column.title)));
    }
    let rows = comparison.arms.iter().enumerate().map(|(at, arm)| {
        let runs = format!("{}/{}", arm.completed, arm.runs.len());
        let share = arm
            .completion
            .map(|ends| percent_between(ends.low, ends.high));
        let runs = share.map_or_else(|| runs.clone(), |share| format!("{runs} ({share})"));
        let cells = columns.iter().map(|column| cell(&column.cells[at]));
        [escape(&arm.label), runs]
            .into_iter()
            .chain(cells)
            .collect()
    });
    pipes(&head, rows)
}

fn cell(cell: &Cell) -> String {
    let spread = cell.sd.as_ref().map(|sd| format!(" ± {sd}"));
    format!("{}{}", cell.mean, spread.unwrap_or_default())
}

/// A table: the first column to the left, the others to the right.
fn pipes(head: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|---|{}\n", "---:|".repeat(head.len() - 1));
    rows.fold(line(head) + &rule, |table, row| table + &line(&row))
}

/// A list, with a heading if there is one; nothing at all where there are no lines.
fn section(out: &mut String, heading: &str, lines: &[String]) {
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

/// Text that Markdown prints as it is. An underscore between letters is left alone: it means nothing there.
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
