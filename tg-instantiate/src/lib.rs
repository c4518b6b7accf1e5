//! Manifest or template -> databases with the task graph in them, one run record each.
//!
//! The first stage of the chain. It reads a manifest, spans the matrix, decides which rows still have to be run, and
//! for each makes a directory with a database that holds a fresh copy of the template. Everything it writes for a row
//! appears at once, under its name, or not at all.

mod args;
mod cell;
mod due;
mod init;
mod insert;
mod manifest;
mod matrix;
mod metrics;
mod names;
mod nesting;
mod null_arms;
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
use std::time::Duration;
use tg_stage::file::{self, Lock};
use tg_stage::{Error, Exit, Output, Record, Result, say};

/// How long the maker of a single row waits for others that make theirs.
const ONE_ROW: Duration = Duration::from_secs(60);

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
    let mut rows = matrix::rows(&manifest, path, &args.results, args.shared_db)?;
    matrix::choose(&mut rows, args)?;
    if args.plan {
        return plan::print(&rows, args, output);
    }
    if args.due {
        return due::print(&rows, args, output);
    }
    let experiment = args.results.join(&manifest.name);
    file::make_dir(&experiment)?;
    let lock = experiment.join(".lock");
    // Two at once would make the same rows. Who makes one row is a job among others, each of which is soon done with it.
    let patience = if args.row.len() == 1 {
        ONE_ROW
    } else {
        Duration::ZERO
    };
    let Some(_held) = Lock::wait(&lock, patience)? else {
        return Err(Error::held(&lock));
    };
    let shared = if args.shared_db {
        Some(prepare::SharedDb::new(&rows)?)
    } else {
        None
    };
    let mut output = Output::new(output);
    let mut held = Vec::new();
    for row in &rows {
        let record = one(row, args, shared.as_ref())?;
        if shared.is_some() {
            held.push(record); // nobody may begin before all are in the database
        } else {
            output
                .record(&record)
                .map_err(|error| unheard(error, &row.run.id))?;
        }
    }
    for record in held {
        output
            .record(&record)
            .map_err(|error| unheard(error, record.id()))?;
    }
    Ok(Exit::Done)
}

/// The record of a row: as it was left, or of what is made now.
fn one(row: &Row, args: &Args, shared: Option<&prepare::SharedDb>) -> Result<Record> {
    match resume::state(row, args.again)? {
        State::Done { record, why } => {
            explain(args, row, &format!("done before: {why}"));
            Ok(record)
        }
        State::Ready { record } => {
            explain(args, row, "instantiated before, and not launched yet");
            Ok(record)
        }
        State::Due { why } => {
            explain(args, row, &why);
            prepare::row(
                row,
                args.title_prefix.as_deref().unwrap_or_default(),
                shared,
            )
            .map_err(|error| error.within(format!("run {}", row.run.id)))
        }
    }
}

fn explain(args: &Args, row: &Row, why: &str) {
    if args.explain {
        say(format_args!("tg-instantiate: run {}: {why}", row.run.id));
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
