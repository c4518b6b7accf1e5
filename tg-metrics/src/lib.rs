//! Snapshot in, metrics of its run out.
//!
//! A snapshot becomes a [`view`] of one run, its history [`intervals`], the tasks that count are chosen ([`scope`]), and
//! what the metrics rest on is computed once ([`facts`]: clock, workers, waits, cost, graph). The [`table`] of metrics
//! reads only those. No state is called by its name anywhere but `failed`, which every workflow knows.

pub mod answer;
pub mod args;
pub mod begin;
pub mod clock;
pub mod cost;
pub mod evaluate;
pub mod facts;
pub mod filters;
pub mod graph;
pub mod intervals;
pub mod measure;
pub mod own;
pub mod record;
pub mod redo;
pub mod scope;
pub mod size;
pub mod source;
pub mod table;
pub mod view;
pub mod waits;
pub mod warning;
pub mod workers;

pub use args::Args;
pub use measure::measure;

use args::Wanted;
use serde_json::Value;
use source::{Source, load};
use std::io::{BufRead, Write};
use std::path::Path;
use tg_host::Snapshot;
use tg_host::snapshot::RunRow;
use tg_stage::{Error, Exit, Export, Output, Record, Result, stage};
use view::View;
use warning::Warning;

/// The name that errors on stderr begin with.
const TOOL: &str = "tg-metrics";

/// Measure the runs of the records in `input`, or those in the paths of the command line.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if args.list {
        Output::new(output).bytes(args::list().as_bytes())?;
        return Ok(Exit::Done);
    }
    let wanted = args.wanted()?;
    if let Some(from) = evaluate::asked() {
        return evaluate::serve(from, wanted.limits.memory, input, output);
    }
    if args.paths.is_empty() {
        return records(&wanted, input, output);
    }
    let mut output = Output::new(output);
    let mut exit = Exit::Done;
    for path in &args.paths {
        match source::expand(path) {
            Ok(sources) => {
                for source in sources {
                    exit = exit.max(of_source(&source, &wanted, &mut output)?);
                }
            }
            Err(error) => {
                error.report(TOOL);
                exit = exit.max(error.exit);
            }
        }
    }
    Ok(exit)
}

/// A name on the command line that some run does not have is the command line's fault, though it shows only there.
fn records(wanted: &Wanted, input: impl BufRead, output: impl Write) -> Result<Exit> {
    let mut usage = None;
    let exit = stage::each(TOOL, "metrics", input, output, |record| {
        of_record(record, wanted).inspect_err(|error| {
            if error.exit == Exit::Usage {
                usage = Some(Exit::Usage);
            }
        })
    })?;
    Ok(usage.unwrap_or(exit))
}

fn of_record(record: &Record, wanted: &Wanted) -> Result<Value> {
    let named: Export = record.get("export")?;
    if named.path.is_empty() {
        return Err(Error::input(
            format!("run {}", record.id()),
            "the record has no \"export\".\"path\"",
        ));
    }
    let (snapshot, found) = load(Path::new(&named.path))?;
    let row =
        the_run(&snapshot, record.id()).map_err(|cause| Error::outside(&named.path, cause))?;
    let mut view = View::of(&snapshot, row);
    if view.run.is_null() {
        view.run = record.value("run").cloned().unwrap_or_default();
    }
    if !named.sha256.is_empty() && named.sha256 != found.sha256 {
        view.warnings.push(Warning::new(
            "snapshot_changed",
            "the snapshot is not the one that was exported for this record",
        ));
    }
    let run = record.value("run").cloned().unwrap_or_default();
    own::metrics(&view, &run, wanted, Path::new(&named.path))
}

/// The run called `id`; none in a snapshot that knows of no runs.
fn the_run<'a>(snapshot: &'a Snapshot, id: &str) -> Result<Option<&'a RunRow>, String> {
    let runs = &snapshot.tables.experiment_runs;
    match runs.iter().find(|row| row.id == id) {
        None if !runs.is_empty() => {
            let names: Vec<_> = runs.iter().map(|row| row.id.as_str()).collect();
            Err(format!("holds the run {}, not {id}", names.join(", ")))
        }
        found => Ok(found),
    }
}

fn of_source(source: &Source, wanted: &Wanted, output: &mut Output<impl Write>) -> Result<Exit> {
    let (snapshot, export) = match load(&source.snapshot) {
        Ok(loaded) => loaded,
        Err(error) => return without_snapshot(source, error, output),
    };
    let mut rows: Vec<_> = snapshot.tables.experiment_runs.iter().map(Some).collect();
    if rows.is_empty() {
        rows.push(None);
    }
    for row in rows {
        let view = View::of(&snapshot, row);
        let mut record = record::of(&snapshot, &view, &export)?;
        let run = record.value("run").cloned().unwrap_or_default();
        record.set(
            "metrics",
            &own::metrics(&view, &run, wanted, &source.snapshot)?,
        )?;
        output.record(&record)?;
    }
    Ok(Exit::Done)
}

/// A run whose snapshot is missing or broken still counts, by the record it left.
fn without_snapshot(
    source: &Source,
    error: Error,
    output: &mut Output<impl Write>,
) -> Result<Exit> {
    let Some(path) = &source.record else {
        error.report(TOOL);
        return Ok(error.exit);
    };
    let mut record = match Record::load(path) {
        Ok(record) => record,
        Err(broken) => {
            error.report(TOOL);
            broken.report(TOOL);
            return Ok(error.exit);
        }
    };
    let error = if source.snapshot.exists() {
        error
    } else {
        error.hint(format!("tg-export < {}", path.display()))
    };
    let has_failed = record
        .failed_stage()
        .is_some_and(|stage| stage != "metrics");
    let exit = if has_failed {
        Exit::SomeFailed
    } else {
        stage::failed(TOOL, "metrics", &mut record, error)?
    };
    output.record(&record)?;
    Ok(exit)
}
