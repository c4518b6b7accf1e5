//! Runs in paths: snapshots, databases, and directories of runs.
//!
//! With thousands of runs, one thread per core measures them; the output keeps the order of the paths.

use crate::args::TOOL;
use crate::options::Options;
use crate::record::snapshot_record;
use crate::run_info::RunInfo;
use crate::runs::Runs;
use crate::source::{self, Source, export, load};
use crate::view::View;
use crate::warning::Warning;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use tg_stage::{Error, Exit, Output, Record, Result, stage};

/// The most files that are read at once: each takes memory.
const MOST_AT_ONCE: usize = 8;

/// The result for one path.
#[derive(Default)]
struct Measured {
    lines: Vec<u8>,
    errors: Vec<Error>,
    exit: Option<Exit>,
    /// The record of a run without a readable snapshot, and the reason.
    unmeasured: Option<(Record, Error)>,
}

/// Measures the runs in all paths; a path that cannot be read does not stop the others.
pub fn measure(
    paths: &[PathBuf],
    options: &Options,
    output: &mut Output<impl Write>,
) -> Result<Exit> {
    let mut sources = Vec::new();
    for path in paths {
        match source::expand(path) {
            Ok(found) => sources.extend(found.into_iter().map(Ok)),
            Err(error) => sources.push(Err(error)),
        }
    }
    let threads = match sources.len() {
        0 | 1 => 1, // the number of cores is in three files
        many => {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            many.min(cores).min(MOST_AT_ONCE)
        }
    };
    let mut exit = Exit::Done;
    if threads < 2 {
        for source in &sources {
            exit = exit.max(print(measure_source(source, options)?, output)?);
        }
        return Ok(exit);
    }
    let next = AtomicUsize::new(0);
    let (sender, results) = channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (sources, next) = (&sources, &next);
            scope.spawn(move || work(sources, options, next, &sender));
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut turn = 0;
        for (at, result) in results {
            early.insert(at, result);
            while let Some(result) = early.remove(&turn) {
                let done = result.and_then(|measured| print(measured, output));
                exit = exit.max(done.inspect_err(|_| {
                    next.store(sources.len(), Ordering::Relaxed); // stdout is closed
                })?);
                turn += 1;
            }
        }
        Ok(exit)
    })
}

/// Measures sources until none is left that another thread has not taken.
fn work(
    sources: &[Result<Source>],
    options: &Options,
    next: &AtomicUsize,
    sender: &Sender<(usize, Result<Measured>)>,
) {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(source) = sources.get(at) else {
            return;
        };
        if sender.send((at, measure_source(source, options))).is_err() {
            return;
        }
    }
}

fn print(measured: Measured, output: &mut Output<impl Write>) -> Result<Exit> {
    for error in &measured.errors {
        error.report(TOOL);
    }
    if !measured.lines.is_empty() {
        output.bytes(&measured.lines)?;
    }
    let Some((mut record, error)) = measured.unmeasured else {
        return Ok(measured.exit.unwrap_or(Exit::Done));
    };
    let exit = stage::failed(TOOL, "metrics", &mut record, error)?;
    output.record(&record)?;
    Ok(exit)
}

fn measure_source(source: &Result<Source>, options: &Options) -> Result<Measured> {
    let source = match source {
        Ok(source) => source,
        Err(error) => return Ok(Measured::failed(error.clone())),
    };
    let path = &source.snapshot;
    let (snapshot, facts) = match load(path, options, &RunInfo::default()) {
        Ok(loaded) => loaded,
        Err(error) => return Ok(without_snapshot(source, error)),
    };
    let mut results = Vec::new();
    let mut runs = Runs::new(&snapshot);
    for row in runs.rows() {
        let mut view = View::of_run(&mut runs, row);
        let record = snapshot_record(&view, path, facts.is_database())?;
        if view.run.json.is_null() {
            let run = record.value("run").cloned(); // a name at least
            view.run = RunInfo::new(run.unwrap_or_default());
        }
        if source.is_stale {
            let message =
                "the experiment's manifest was edited, and does not have this run any more";
            view.warnings.push(Warning::new("not_in_manifest", message));
        }
        results.push((record, options.measure(&view, path)?));
    }
    let export = match export(facts, path) {
        Ok(export) => export,
        Err(error) => return Ok(without_snapshot(source, error)),
    };
    let mut measured = Measured::default();
    for (mut record, (metrics, more)) in results {
        if let Some(export) = &export {
            record.set("export", export)?;
        }
        record.set("metrics", &metrics)?;
        measured.lines.extend(record.line());
        for line in more {
            writeln!(measured.lines, "{line}").map_err(|cause| Error::outside(TOOL, cause))?;
        }
    }
    Ok(measured)
}

/// The result for a run whose snapshot is missing or broken: its record counts.
fn without_snapshot(source: &Source, error: Error) -> Measured {
    let Some(path) = &source.record else {
        return Measured::failed(error);
    };
    let record = match Record::load(path) {
        Ok(record) => record,
        Err(broken) => {
            let mut measured = Measured::failed(error);
            measured.errors.push(broken);
            return measured;
        }
    };
    let failed = record.failed_stage();
    if failed.is_some_and(|stage| stage != "metrics") {
        return Measured {
            lines: record.line(),
            exit: Some(Exit::SomeFailed),
            ..Measured::default()
        };
    }
    let error = if source.snapshot.exists() {
        error
    } else {
        error.hint(format!("tg-export < {}", path.display()))
    };
    Measured {
        unmeasured: Some((record, error)),
        ..Measured::default()
    }
}

impl Measured {
    fn failed(error: Error) -> Self {
        Self {
            exit: Some(error.exit),
            errors: vec![error],
            ..Self::default()
        }
    }
}
