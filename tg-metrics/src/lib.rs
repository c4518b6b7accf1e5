//! Snapshot in, metrics of its run out.
//!
//! A snapshot becomes a [`view`] of one run, its history [`intervals`], the tasks that count are chosen ([`scope`]), and
//! what the metrics rest on is computed once ([`facts`]: clock, workers, waits, cost, graph). The [`table`] of metrics
//! reads only those. No state is called by its name anywhere but `failed`, which every workflow knows.

pub mod answer;
pub mod args;
pub mod begin;
pub mod checks;
pub mod clock;
pub mod contention;
pub mod cost;
pub mod evaluate;
pub mod facts;
pub mod filters;
pub mod graph;
pub mod how;
pub mod intervals;
pub mod measure;
pub mod own;
pub mod paths;
pub mod per;
pub mod record;
pub mod redo;
pub mod runs;
pub mod scope;
pub mod size;
pub mod source;
pub mod table;
pub mod tally;
pub mod trim;
pub mod unseen;
pub mod verify;
pub mod view;
pub mod waits;
pub mod walk;
pub mod warning;
pub mod workers;

pub use args::Args;
pub use measure::measure;

use how::How;
use serde_json::Value;
use source::{export, load};
use std::io::{BufRead, Write};
use std::path::Path;
use tg_host::Ledger;
use tg_host::snapshot::RunRow;
use tg_stage::{Error, Exit, Export, Output, Record, Result, stage};
use view::View;
use warning::Warning;

/// The name that errors on stderr begin with.
const TOOL: &str = "tg-metrics";

/// How many runs a message names.
const SHOWN: usize = 5;

/// Measure the runs of the records in `input`, or those in the paths of the command line.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if args.list {
        Output::new(output).bytes(args::list().as_bytes())?;
        return Ok(Exit::Done);
    }
    let how = args.how()?;
    if let Some(from) = evaluate::asked() {
        return evaluate::serve(from, how.limits.memory, input, output);
    }
    if args.verify {
        return verify::each(&args.paths, &how, &mut Output::new(output));
    }
    if args.paths.is_empty() {
        return records(&how, input, output);
    }
    paths::each(&args.paths, &how, &mut Output::new(output))
}

/// A name on the command line that some run does not have is the command line's fault, though it shows only there.
fn records(how: &How, input: impl BufRead, output: impl Write) -> Result<Exit> {
    let mut usage = None;
    let exit = stage::each_and_more(TOOL, "metrics", input, output, |record| {
        of_record(record, how).inspect_err(|error| {
            if error.exit == Exit::Usage {
                usage = Some(Exit::Usage);
            }
        })
    })?;
    Ok(usage.unwrap_or(exit))
}

fn of_record(record: &Record, how: &How) -> Result<(Value, Vec<Value>)> {
    let named: Export = record.get("export")?;
    if named.path.is_empty() {
        return Err(Error::input(
            format!("run {}", record.id()),
            "the record has no \"export\".\"path\"",
        ));
    }
    let (snapshot, facts) = load(
        Path::new(&named.path),
        how,
        record.value("run").unwrap_or(&Value::Null),
    )?;
    let found = export(facts, Path::new(&named.path))?;
    let row =
        the_run(&snapshot, record.id()).map_err(|cause| Error::outside(&named.path, cause))?;
    let mut view = View::of(&snapshot, row);
    view.run = told(view.run, record.value("run"));
    let is_named = |found: Export| named.sha256.is_empty() || named.sha256 == found.sha256;
    if !found.is_none_or(is_named) {
        view.warnings.push(Warning::new(
            "snapshot_changed",
            "the snapshot is not the one that was exported for this record",
        ));
    }
    how.measure(&view, Path::new(&named.path))
}

/// The run as its snapshot tells it, with what may change without a new run from the record; all of the record's where
/// the snapshot says nothing.
fn told(snapshot: Value, record: Option<&Value>) -> Value {
    let (Value::Object(mut run), Some(Value::Object(now))) = (snapshot.clone(), record) else {
        return if snapshot.is_null() {
            record.cloned().unwrap_or_default()
        } else {
            snapshot
        };
    };
    for key in ["report", "slots", "warmup"] {
        match now.get(key) {
            Some(value) => run.insert(key.into(), value.clone()),
            None => run.shift_remove(key),
        };
    }
    run.into()
}

/// The run called `id`; none in a snapshot that knows of no runs.
fn the_run<'a>(snapshot: &'a Ledger, id: &str) -> Result<Option<&'a RunRow>, String> {
    let runs = &snapshot.runs;
    match runs.iter().find(|row| row.id == id) {
        None if !runs.is_empty() => {
            let names: Vec<_> = runs.iter().map(|row| row.id.as_str()).take(SHOWN).collect();
            let more = if runs.len() > SHOWN { ", ..." } else { "" };
            let names = names.join(", ");
            Err(format!("holds the run {names}{more}, not {id}"))
        }
        found => Ok(found),
    }
}
