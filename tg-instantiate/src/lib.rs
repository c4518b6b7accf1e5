//! Manifest or template -> databases with the task graph in them, one run record each.
//!
//! The first stage of the chain. It reads a manifest, spans the matrix, decides which rows still have to be run, and
//! for each makes a directory with a database that holds a fresh copy of the template. Everything it writes for a row
//! appears at once, under its name, or not at all.

mod agent;
mod args;
mod attempts;
mod cell;
mod check;
mod disk;
mod due;
mod estimate;
mod explain;
mod init;
mod insert;
mod limits;
mod manifest;
mod matrix;
mod metrics;
mod names;
mod nesting;
mod null_arms;
mod oneoff;
mod order;
mod plan;
mod prepare;
mod program;
mod provenance;
mod recover;
mod resume;
mod retry;
mod sound;
mod stale;
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
const ONE_ROW: Duration = Duration::from_mins(1);

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
    if args.check {
        return check::run(path, args, output);
    }
    let manifest = Manifest::load(path)?;
    let all = matrix::rows(&manifest, path, &args.results, args.shared_db)?;
    let mut rows = all.clone();
    matrix::choose(&mut rows, args)?;
    let mut exit = Exit::Done;
    if args.retry {
        let (due, given_up) = retry::due(rows, manifest.retries);
        rows = due;
        exit = exit.max(if given_up > 0 {
            Exit::SomeFailed
        } else {
            Exit::Done
        });
    }
    let experiment = args.results.join(&manifest.name);
    if !args.retry {
        stale::name(&experiment, &all);
    }
    if args.plan {
        return plan::print(&rows, args, output);
    }
    if args.due {
        return due::print(&rows, args, &manifest, output);
    }
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
    // Before any row is passed on: the second of two runners would else take what the first has not come to yet.
    rows.iter().try_for_each(resume::free)?;
    file::sweep(&experiment);
    let shared = if args.shared_db {
        Some(prepare::SharedDb::new(&rows)?)
    } else {
        None
    };
    let mut output = Output::new(output);
    let mut held = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let record = one(row, args, &manifest, shared.as_ref())?;
        if at == 0 {
            stale::list(&experiment, &all, &manifest.text)?; // not before it is known that anything can be made
        }
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
    Ok(exit)
}

/// The record of a row: as it was left, or of what is made now.
fn one(
    row: &Row,
    args: &Args,
    manifest: &Manifest,
    shared: Option<&prepare::SharedDb>,
) -> Result<Record> {
    prepare::sweep(row);
    match resume::state(row, args.again)? {
        State::Done { record, why } => {
            explain(args, row, &format!("done before: {why}"));
            Ok(record)
        }
        State::Ready { record, why } => {
            explain(args, row, &why);
            record.save()?;
            Ok(record)
        }
        State::Decided { record, outcome } => {
            let why = format!("ended as {outcome}, which only has to be written down");
            explain(args, row, &why);
            Ok(record)
        }
        State::Due { why } => {
            if args.retry {
                retry::tell(row, &why, manifest.retries);
            } else {
                explain(args, row, &why);
            }
            let prefix = args.title_prefix.as_deref().unwrap_or_default();
            prepare::row(row, prefix, shared, &manifest.text)
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
