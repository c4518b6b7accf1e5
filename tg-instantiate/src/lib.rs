//! Manifest or template -> databases with the task graph in them, one run record each.
//!
//! The first stage of the chain. It reads a manifest, spans the matrix, decides which rows still have to be run, and
//! for each makes a directory with a database that holds a fresh copy of the template. Everything it writes for a row
//! appears at once, under its name, or not at all.

mod args;
mod init;
mod insert;
mod manifest;
mod matrix;
mod oneoff;
mod plan;
mod prepare;
mod resume;
mod template;

pub use args::Args;
pub use template::Template;

use manifest::Manifest;
use matrix::Row;
use resume::State;
use std::io::{BufRead, Write};
use tg_stage::{Error, Exit, Output, Result};

/// Run the tool: the manifest's rows, or the one-off form. Input is not read.
pub fn run(args: &Args, _input: impl BufRead, output: impl Write) -> Result<Exit> {
    if args.init {
        return init::write(args.manifest.as_deref(), output);
    }
    if args.template.is_some() {
        return oneoff::run(args, output);
    }
    let Some(path) = &args.manifest else {
        return Err(
            Error::usage("", "no manifest").hint("tg-instantiate experiments/push-vs-pull.yaml")
        );
    };
    let manifest = Manifest::load(path)?;
    let mut cells = matrix::rows(&manifest, path, &args.results)?;
    matrix::choose(&mut cells, args)?;
    if args.plan {
        return plan::print(&cells, args, output);
    }
    let mut output = Output::new(output);
    for row in &cells {
        let record = match resume::state(row, args.again)? {
            State::Done { record, why } => {
                explain(args, row, &format!("done before: {why}"));
                record
            }
            State::Ready { record } => {
                explain(args, row, "instantiated before, and not launched yet");
                record
            }
            State::Due { why } => {
                explain(args, row, &why);
                prepare::row(row, args.title_prefix.as_deref().unwrap_or_default())
                    .map_err(|error| error.within(format!("run {}", row.run.id)))?
            }
        };
        output
            .record(&record)
            .map_err(|error| unheard(error, &row.run.id))?;
    }
    Ok(Exit::Done)
}

fn explain(args: &Args, row: &Row, why: &str) {
    if args.explain {
        eprintln!("tg-instantiate: run {}: {why}", row.run.id);
    }
}

/// A record that nobody read is a run that nobody will launch: say which.
fn unheard(error: Error, run: &str) -> Error {
    if error.is_closed_pipe() {
        return Error::outside(
            format!("run {run}"),
            "nobody read its record: the next tool has ended",
        );
    }
    error
}
