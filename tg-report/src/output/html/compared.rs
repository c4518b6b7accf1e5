//! The subject of the comparison: the environment that was held constant, and the arms.

use super::markup::{list, terms};
use super::table::{Cell, Table};
use crate::arm::Arm;
use crate::compare::Comparison;
use crate::output::notes::{self, baseline_by, completed, primary_by};
use crate::row::RunRow;
use crate::text::{self, or_dash, percent_between};
use std::collections::BTreeSet;

/// The block above all results.
pub fn section(comparison: &Comparison) -> String {
    let all = |value: fn(&RunRow) -> Option<String>| {
        let rows = comparison.arms.iter().flat_map(|arm| &arm.runs);
        let values: BTreeSet<String> = rows.filter_map(|row| value(row)).collect();
        text::list(values.iter().filter(|value| !value.is_empty()))
    };
    let (baseline, primary) = (&comparison.arms[0].label, comparison.primary());
    let (by, primary_by) = (
        baseline_by(comparison.baseline_by),
        primary_by(comparison.primary.by),
    );
    let environment = terms(&[
        ("template", all(|row| Some(row.run.template.clone()))),
        ("host", all(|row| row.host.clone())),
        ("model", all(|row| row.run.model.clone())),
        (
            "temperature",
            all(|row| row.run.temperature.map(|t| t.to_string())),
        ),
        ("agent", all(|row| Some(row.run.command.join(" ")))),
        ("cost from", all(|row| row.cost_source.clone())),
        ("compared by", comparison.by.join(", ")),
        ("baseline", format!("{baseline} ({by})")),
        (
            "primary metric",
            format!("{} ({primary_by})", primary.title()),
        ),
    ]);
    let mut heads = Table::heads(&["arm", "workflow", "agents", "runs", completed()]);
    "share, 95 %".clone_into(&mut heads[4].1);
    let rows = comparison.arms.iter().enumerate();
    let arms = Table {
        caption: "Arms: one configuration each; a run is one repetition of it".to_owned(),
        heads,
        rows: rows.map(|(at, arm)| row(at, arm)).collect(),
    };
    environment
        + &arms.html()
        + &list("", &notes::not_completed(comparison))
        + &list("", &notes::attempts(comparison))
}

fn row(at: usize, arm: &Arm) -> Vec<Cell> {
    let workflows: BTreeSet<&str> = arm
        .runs
        .iter()
        .map(|row| row.run.workflow.as_str())
        .collect();
    let share = arm.completion;
    let share = share.map(|ends| percent_between(ends.low, ends.high));
    let note = match (at, arm.null_of()) {
        (0, _) => "baseline".to_owned(),
        (_, Some(of)) => format!("{of} again, under another name"),
        _ => String::new(),
    };
    let completed = format!("{}/{}", arm.completed, arm.runs.len());
    vec![
        Cell::Value(arm.label.clone(), note),
        Cell::plain(text::list(workflows)),
        Cell::plain(or_dash(arm.agents())),
        Cell::plain(arm.runs.len()),
        Cell::Value(completed, share.unwrap_or_default()),
    ]
}
