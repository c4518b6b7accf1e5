//! Every run's value of every metric shown, at full precision.

use super::markup::paragraph;
use super::table::{Cell, Table};
use crate::arm::Arm;
use crate::compare::Comparison;
use crate::row::RunRow;
use crate::text::{count, or_dash};

/// The number of runs of one arm that are listed; more would make a page of megabytes.
const RUNS: usize = 250;

/// One table for each arm.
pub fn section(comparison: &Comparison) -> String {
    let tables = comparison.arms.iter().map(|arm| {
        let (label, runs) = (&arm.label, arm.runs.len());
        let more = (runs > RUNS).then(|| {
            let more = runs - RUNS;
            paragraph(&format!(
                "{more} more runs of {label} are not listed; tg-report --format tidy has them all"
            ))
        });
        let summary = format!("{label}, {}", count(runs, "run"));
        table(comparison, arm).folded(&summary) + &more.unwrap_or_default()
    });
    let intro = "Each run's values, in the units of the records, at full precision; - is unknown. A print has the tables that were open";
    paragraph(intro) + &tables.collect::<String>()
}

fn table(comparison: &Comparison, arm: &Arm) -> Table {
    let columns = || comparison.shown().map(|(_, column)| column);
    let mut heads = Table::heads(&["run", "replicate", "seed", "outcome"]);
    heads.extend(columns().map(|own| (own.name.clone(), own.kind.unit.name().to_owned())));
    let row = |row: &&RunRow| {
        let mut cells = Cell::row(&[
            &row.run.id,
            &row.run.replicate,
            &row.run.seed,
            &row.ending.name(),
        ]);
        cells.extend(columns().map(|own| Cell::plain(or_dash(row.value(&own.name)))));
        cells
    };
    Table {
        caption: format!("Runs of {}", arm.label),
        heads,
        rows: arm.runs.iter().take(RUNS).map(row).collect(),
    }
}
