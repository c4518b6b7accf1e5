//! Every run's value of every metric shown, at full precision.

use super::markup::paragraph;
use super::table::{Cell, Table};
use crate::arm::Arm;
use crate::compare::Comparison;
use crate::row::Row;

/// Runs of one arm that are listed; a page of megabytes helps nobody.
const RUNS: usize = 250;

/// One table for each arm.
pub fn section(comparison: &Comparison) -> String {
    let tables = comparison.arms.iter().map(|arm| {
        let more = arm.runs.len().saturating_sub(RUNS);
        let more = match more {
            0 => String::new(),
            more => paragraph(&format!(
                "{more} more runs of {} are not listed; tg-report --format tidy has them all",
                arm.label
            )),
        };
        let summary = format!(
            "{}, {}",
            arm.label,
            crate::words::count(arm.runs.len(), "run")
        );
        table(comparison, arm).folded(&summary) + &more
    });
    let intro = "Each run's values, in the units of the records, at full precision; - is unknown. On paper stand those that were open";
    paragraph(intro) + &tables.collect::<String>()
}

fn table(comparison: &Comparison, arm: &Arm) -> Table {
    let mut heads = Table::heads(&["run", "replicate", "seed", "outcome"]);
    let unit = |unit: &str| unit.to_owned();
    heads.extend(
        comparison
            .shown()
            .map(|(_, column)| (column.name.clone(), unit(column.kind.unit.name()))),
    );
    let row = |row: &&Row| {
        let mut cells = vec![
            Cell::plain(row.run.id.clone()),
            Cell::plain(row.run.replicate.to_string()),
            Cell::plain(row.run.seed.to_string()),
            Cell::plain(row.end()),
        ];
        cells.extend(comparison.shown().map(|(_, column)| {
            Cell::plain(
                row.value(&column.name)
                    .map_or_else(|| "-".to_owned(), |value| value.to_string()),
            )
        }));
        cells
    };
    Table {
        caption: format!("Runs of {}", arm.label),
        heads,
        rows: arm.runs.iter().take(RUNS).map(row).collect(),
    }
}
