//! The comparison as Markdown: one pipe table, as renderers scroll what does not fit.
//!
//! Every name and sentence is escaped as a whole, so that no name can open a link, a tag, a formula or a cell.

use super::{human, notes, plain};
use crate::compare::Comparison;

/// Heading, table, ends, ratios, notes and warnings.
pub fn render(comparison: &Comparison) -> String {
    let mut out = format!("## {}\n\n", escape(&notes::title(comparison)));
    if let Some(simulated) = notes::simulated(comparison) {
        out += &format!("**{}**\n\n", escape(&simulated));
    }
    out += &table(comparison);
    section(&mut out, "Not completed", notes::not_completed(comparison));
    section(&mut out, "", notes::table_notes(comparison));
    out += &format!("\n### {}\n", escape(&capital(&notes::baseline(comparison))));
    if comparison.arms.len() > 1 {
        out += &format!("\n{}", ratios(comparison));
    }
    section(&mut out, "", notes::ratio_notes(comparison));
    let warnings = comparison
        .warnings
        .iter()
        .map(|warning| warning.message.clone());
    section(&mut out, "Warnings", warnings.collect());
    out
}

fn table(comparison: &Comparison) -> String {
    let columns = human::columns(comparison);
    let mut head = vec!["arm".to_owned(), "runs completed".to_owned()];
    head.extend(columns.iter().map(|column| {
        let about = [column.unit, column.better]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>();
        let about = if about.is_empty() {
            String::new()
        } else {
            format!(" ({})", about.join(", "))
        };
        escape(&(column.title.clone() + &about))
    }));
    let rows = comparison.arms.iter().enumerate().map(|(at, arm)| {
        let cells = columns.iter().map(|column| match &column.cells[at] {
            (None, _) => "-".to_owned(),
            (Some(mean), None) => mean.clone(),
            (Some(mean), Some(sd)) => format!("{mean} ± {sd}"),
        });
        let runs = format!("{}/{}", arm.completed, arm.runs.len());
        [escape(&arm.label), runs]
            .into_iter()
            .chain(cells)
            .collect()
    });
    pipes(&head, rows)
}

fn ratios(comparison: &Comparison) -> String {
    let head: Vec<String> = ["arm"]
        .iter()
        .chain(&notes::RATIOS)
        .map(ToString::to_string)
        .collect();
    let rows = notes::ratios(comparison).into_iter();
    pipes(
        &head,
        rows.map(|(arm, cells)| [escape(arm)].into_iter().chain(cells).collect()),
    )
}

/// A table: the first column to the left, the others to the right.
fn pipes(head: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|---|{}\n", "---:|".repeat(head.len() - 1));
    rows.fold(line(head) + &rule, |table, row| table + &line(&row))
}

fn section(out: &mut String, heading: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    if !heading.is_empty() {
        *out += &format!("\n### {heading}\n");
    }
    out.push('\n');
    for line in lines {
        *out += &format!("- {}\n", escape(&line));
    }
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
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
