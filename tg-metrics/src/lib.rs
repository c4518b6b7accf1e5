//! Snapshot in, metrics of its run out.
//!
//! A snapshot becomes a [`view`] of one run, its history [`intervals`], the tasks that count are chosen ([`scope`]), and
//! what the metrics rest on is computed once ([`facts`]: clock, workers, waits, cost, graph). The [`table`] of metrics
//! reads only those. No state is called by its name anywhere but `failed`, which every workflow knows.

pub mod answer;
pub mod args;
pub mod clock;
pub mod cost;
pub mod facts;
pub mod graph;
pub mod intervals;
pub mod record;
pub mod redo;
pub mod scope;
pub mod source;
pub mod table;
pub mod view;
pub mod waits;
pub mod warning;
pub mod workers;

pub use args::Args;

use facts::Facts;
use serde_json::{Map, Value};
use source::Source;
use std::io::{BufRead, Write};
use std::path::Path;
use table::Metric;
use tg_host::Snapshot;
use tg_host::snapshot::RunRow;
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Exit, Export, Output, Record, Result, file, stage};
use view::View;
use warning::Warning;

/// The name that errors on stderr begin with.
const TOOL: &str = "tg-metrics";

/// Measure the runs of the records in `input`, or those in the paths of the command line.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    let metrics = args.metrics()?;
    if args.paths.is_empty() {
        return stage::each(TOOL, "metrics", input, output, |record| {
            of_record(record, &metrics)
        });
    }
    let mut output = Output::new(output);
    let mut exit = Exit::Done;
    for path in &args.paths {
        match source::expand(path) {
            Ok(sources) => {
                for source in sources {
                    exit = exit.max(of_source(&source, &metrics, &mut output)?);
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

/// A snapshot and the file it was read from.
fn load(path: &Path) -> Result<(Snapshot, Export)> {
    let export = export(path)?;
    let snapshot = Snapshot::load(path).map_err(outside)?;
    if snapshot.exported_by.is_empty() && snapshot.tables.tasks.is_empty() {
        return Err(Error::outside(
            path.display(),
            "not a snapshot: it has no tasks and does not say who wrote it",
        ));
    }
    Ok((snapshot, export))
}

fn export(path: &Path) -> Result<Export> {
    let bytes = std::fs::read(path).map_err(file_error(path))?;
    Ok(Export {
        path: path.display().to_string(),
        sha256: file::sha256(&bytes),
        bytes: bytes.len() as u64,
    })
}

fn of_record(record: &Record, metrics: &[&Metric]) -> Result<Value> {
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
    Ok(measure(&view, metrics))
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

fn of_source(
    source: &Source,
    metrics: &[&Metric],
    output: &mut Output<impl Write>,
) -> Result<Exit> {
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
        record.set("metrics", &measure(&view, metrics))?;
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
    let error = match source.snapshot.exists() {
        true => error,
        false => error.hint(format!("tg-export < {}", path.display())),
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

/// The metrics of a run, flat, with where the cost comes from and what must be known about them.
pub fn measure(view: &View, metrics: &[&Metric]) -> Value {
    let facts = Facts::of(view);
    let mut object = Map::new();
    let mut undefined: Vec<Warning> = Vec::new();
    for (name, compute) in metrics {
        let answer = compute(&facts).and_then(|number| match number.real().is_finite() {
            true => Ok(number),
            false => Err("the value is beyond all numbers"),
        });
        object.insert(
            (*name).into(),
            answer.map_or(Value::Null, answer::Number::json),
        );
        let Err(reason) = answer else { continue };
        match undefined
            .iter_mut()
            .find(|warning| warning.message == reason)
        {
            Some(warning) => warning.metrics.push(name),
            None => undefined.push(Warning {
                metrics: vec![name],
                ..Warning::new("undefined", reason)
            }),
        }
    }
    object.insert("cost_source".into(), facts.cost.source.as_str().into());
    let warnings = facts.warnings.iter().chain(&undefined).map(Warning::json);
    object.insert("warnings".into(), warnings.collect());
    object.into()
}
