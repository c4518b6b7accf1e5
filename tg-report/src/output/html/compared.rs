//! What was compared: the environment that was held constant, and the arms.

use super::markup::{list, terms};
use super::table::{Cell, Table};
use crate::arm::Arm;
use crate::attempts;
use crate::compare::Comparison;
use crate::output::notes;
use crate::row::Row;
use crate::words::{self, percent_between};
use std::collections::BTreeSet;

/// The block that stands above all results.
pub fn section(comparison: &Comparison) -> String {
    let all = |of: fn(&Row) -> Option<String>| {
        let rows = comparison.arms.iter().flat_map(|arm| &arm.runs);
        let values: BTreeSet<String> = rows.filter_map(|row| of(row)).collect();
        words::list(values.into_iter().collect())
    };
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let baseline = comparison.arms.first().map(|arm| arm.label.as_str());
    let primary = comparison.columns.get(comparison.primary.at);
    let environment = terms(&[
        (
            "template",
            all(|row| (!row.run.template.is_empty()).then(|| row.run.template.clone())),
        ),
        ("host", all(|row| row.host.clone())),
        ("model", all(|row| row.run.model.clone())),
        (
            "temperature",
            all(|row| row.run.temperature.map(|t| t.to_string())),
        ),
        (
            "agent",
            all(|row| (!row.run.command.is_empty()).then(|| row.run.command.join(" "))),
        ),
        ("cost from", all(|row| row.cost_source.clone())),
        ("compared by", comparison.by.join(", ")),
        (
            "baseline",
            filled(baseline.unwrap_or_default()).map_or_else(String::new, |name| {
                format!("{name} ({})", comparison.baseline_by)
            }),
        ),
        (
            "primary metric",
            primary.map_or_else(String::new, |column| {
                format!("{} ({})", column.title(), comparison.primary.by)
            }),
        ),
    ]);
    environment
        + &arms(comparison).html()
        + &list("", &notes::not_completed(comparison))
        + &list("", &attempts::sentences(&comparison.arms))
}

fn arms(comparison: &Comparison) -> Table {
    Table {
        caption: "Arms: one configuration each; a run is one repetition of it".to_owned(),
        heads: [
            ("arm", ""),
            ("workflow", ""),
            ("agents", ""),
            ("runs", ""),
            ("completed", "share, 95 %"),
        ]
        .map(|(name, about)| (name.to_owned(), about.to_owned()))
        .to_vec(),
        rows: comparison
            .arms
            .iter()
            .enumerate()
            .map(|(at, arm)| row(at, arm))
            .collect(),
    }
}

fn row(at: usize, arm: &Arm) -> Vec<Cell> {
    let workflows: BTreeSet<&str> = arm
        .runs
        .iter()
        .map(|row| row.run.workflow.as_str())
        .collect();
    let workflows = words::list(workflows.into_iter().map(str::to_owned).collect());
    let agents = arm
        .agents()
        .map_or_else(|| "-".to_owned(), |agents| agents.to_string());
    let share = arm
        .completion
        .map(|ends| percent_between(ends.low, ends.high));
    let note = match (at, arm.null_of()) {
        (0, _) => "baseline".to_owned(),
        (_, Some(of)) => format!("{of} again, under another name"),
        _ => String::new(),
    };
    vec![
        Cell::Value(arm.label.clone(), note),
        Cell::plain(workflows),
        Cell::plain(agents),
        Cell::plain(arm.runs.len().to_string()),
        Cell::Value(
            format!("{}/{}", arm.completed, arm.runs.len()),
            share.unwrap_or_default(),
        ),
    ]
}
