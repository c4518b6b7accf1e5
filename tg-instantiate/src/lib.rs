//! Manifest or template -> databases with the task graph in them, one run record each.
//!
//! The first stage of the chain. It reads a manifest, spans the matrix, decides which rows still have to be run, and makes
//! for each a directory with a database that holds a fresh copy of the template. Everything it writes for a row appears
//! at once, under its name, or not at all.

mod agent;
mod args;
mod attempts;
mod check;
mod check_profile;
mod disk;
mod due;
mod estimate;
mod explain;
mod finding;
mod init;
mod manifest;
mod matrix;
mod metrics;
mod names;
mod nesting;
mod null_arms;
mod oneoff;
mod order;
mod orphans;
mod paths;
mod plan;
mod prepare;
mod program;
mod provenance;
mod recover;
mod resume;
mod retry;
mod row;
mod run_spec;
mod sections;
mod select;
mod template;

pub use args::Args;

use manifest::Manifest;
use matrix::Sources;
use prepare::SharedDb;
use resume::Verdict;
use row::Row;
use std::io::{BufRead, Write};
use std::time::Duration;
use tg_stage::file::{self, Lock};
use tg_stage::{Error, Exit, Experiment, Output, Record, Result, say};

/// Time that a call for a single row waits for the experiment's lock.
const ONE_ROW: Duration = Duration::from_mins(1);

/// Runs the tool: the manifest's rows, or the one-off form. Input is not read.
pub fn run(args: &Args, _input: impl BufRead, mut output: impl Write) -> Result<Exit> {
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
    let experiment = Experiment::new(args.results.join(&manifest.name));
    if args.retry && !retry::has_candidates(&experiment) {
        return Ok(Exit::Done);
    }
    let sources = Sources::load(&manifest, path);
    let all = matrix::rows(&manifest, path, &sources, &args.results, args.shared_db);
    let chosen = all.clone().and_then(|rows| select::choose(rows, args));
    if args.check || !args.preflight.is_empty() {
        let exit = check::run(&manifest, &sources, &chosen, args, &mut output)?;
        if args.check || exit != Exit::Done {
            return Ok(exit);
        }
    }
    let (all, mut rows) = (all?, chosen?);
    let mut exit = Exit::Done;
    if args.retry {
        let (due, given_up) = retry::due(rows, manifest.retries);
        rows = due;
        if given_up > 0 {
            exit = Exit::SomeFailed;
        }
    } else {
        orphans::warn(&experiment, &all);
    }
    if args.plan {
        return plan::print(&rows, args, output);
    }
    if args.due {
        return due::print(&rows, args, &manifest, output);
    }
    if !rows.is_empty() {
        make(&rows, &all, &experiment, args, &manifest, output)?;
    }
    Ok(exit)
}

/// Makes the rows and prints their records.
fn make(
    rows: &[Row],
    all: &[Row],
    experiment: &Experiment,
    args: &Args,
    manifest: &Manifest,
    output: impl Write,
) -> Result<()> {
    file::make_dir(experiment.path())?;
    let lock = experiment.lock();
    // Two calls at once would make the same rows. A call for one row is one of several jobs, each of which is soon done.
    let is_one = args.row.len() == 1;
    let patience = if is_one { ONE_ROW } else { Duration::ZERO };
    let Some(_held) = Lock::wait(&lock, patience)? else {
        return Err(Lock::held(&lock));
    };
    // Before any record is printed: a second call would else take the rows that the first one has not reached yet.
    rows.iter().try_for_each(resume::check_free)?;
    file::sweep(experiment.path());
    let shared = args.shared_db.then(|| SharedDb::new(rows)).transpose()?;
    let mut output = Output::new(output);
    let mut print = |record: &Record| {
        let printed = output.record(record);
        printed.map_err(|error| unread(error, record.id()))
    };
    let mut held = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let record = record_of(row, args, manifest, shared.as_ref())?;
        if at == 0 {
            orphans::list(experiment, all, &manifest.text)?; // only once something could be made
        }
        if shared.is_some() {
            held.push(record); // no run may start before all are in the database
        } else {
            print(&record)?;
        }
    }
    held.iter().try_for_each(print)
}

/// The record of a row: the kept one, or that of the run which is made now.
fn record_of(
    row: &Row,
    args: &Args,
    manifest: &Manifest,
    shared: Option<&SharedDb>,
) -> Result<Record> {
    let explain = |why: &str| {
        if args.explain {
            say(format_args!("tg-instantiate: run {}: {why}", row.run.id));
        }
    };
    prepare::sweep(row);
    match resume::verdict(row, args.again)? {
        Verdict::Done { record, why } => {
            explain(&format!("done before: {why}"));
            Ok(record)
        }
        Verdict::Ready { record, why } => {
            explain(&why);
            record.save()?;
            Ok(record)
        }
        Verdict::Decided { record, outcome } => {
            explain(&format!("ended as {outcome}, which is not recorded yet"));
            Ok(record)
        }
        Verdict::Due { why } => {
            if args.retry {
                retry::report(row, &why, manifest.retries);
            } else {
                explain(&why);
            }
            let prefix = args.title_prefix.as_deref().unwrap_or_default();
            prepare::row(row, prefix, shared, &manifest.text)
                .map_err(|error| error.within(format!("run {}", row.run.id)))
        }
    }
}

/// The error for a record that the next tool did not read: its run will not be launched.
fn unread(error: Error, run: &str) -> Error {
    if error.is_closed_pipe() {
        let why = "its record was not read: the next tool has ended";
        return Error::outside(format!("run {run}"), why);
    }
    error
}
