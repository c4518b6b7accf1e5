//! `--plan`: the rows and what would be done about each, with nothing touched.

use crate::args::Args;
use crate::matrix::Row;
use crate::resume::{self, State};
use std::io::Write;
use tg_stage::{Exit, Output, Result};

/// Print the plan; nothing where nothing is to be tried again.
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
        let plan = match resume::state(row, args.again) {
            Ok(State::Done { why, .. }) => format!("done: {why}"),
            Ok(State::Decided { outcome, .. }) => format!("write down: {outcome}"),
            Ok(State::Ready { why, .. }) => format!("launch: {why}"),
            Ok(State::Due { why }) => format!("run: {why}"),
            Err(error) => error.cause,
        };
        let run = &row.run;
        let (number, agents, seed) = (
            row.number.to_string(),
            run.agents.to_string(),
            run.seed.to_string(),
        );
        table.push([
            number,
            run.id.clone(),
            run.workflow.clone(),
            run.template.clone(),
            agents,
            seed,
            plan,
        ]);
    }
    let widths: [usize; 7] =
        std::array::from_fn(|column| table.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut text = String::new();
    for row in &table {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
