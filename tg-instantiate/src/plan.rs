//! `--plan`: the rows and the action that each would get; nothing is changed.

use crate::args::Args;
use crate::resume::{self, Verdict};
use crate::row::Row;
use std::io::Write;
use tg_stage::{Exit, Output, Result};

/// Prints the plan; with --retry, nothing if no row is tried again.
pub fn print(rows: &[Row], args: &Args, output: impl Write) -> Result<Exit> {
    if !(args.retry && rows.is_empty()) {
        Output::new(output).bytes(table(rows, args).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// The plan as an aligned table.
pub fn table(rows: &[Row], args: &Args) -> String {
    let mut table = vec![
        [
            "row", "run", "workflow", "template", "agents", "seed", "plan",
        ]
        .map(String::from),
    ];
    for row in rows {
        let plan = match resume::verdict(row, args.again) {
            Ok(Verdict::Done { why, .. }) => format!("done: {why}"),
            Ok(Verdict::Decided { outcome, .. }) => format!("write down: {outcome}"),
            Ok(Verdict::Ready { why, .. }) => format!("launch: {why}"),
            Ok(Verdict::Due { why }) => format!("run: {why}"),
            Err(error) => error.cause,
        };
        let run = &row.run;
        table.push([
            row.number.to_string(),
            run.id.clone(),
            run.workflow.clone(),
            run.template.clone(),
            run.agents.to_string(),
            run.seed.to_string(),
            plan,
        ]);
    }
    let widths: [usize; 7] =
        std::array::from_fn(|column| table.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut text = String::new();
    for row in &table {
        let cells = row.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}
