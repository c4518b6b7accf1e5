//! Runs named by paths: snapshots, databases, and directories of runs.
//!
//! Thousands of them are measured side by side, as many at once as there are cores, and told in the order they were named.

use crate::TOOL;
use crate::how::How;
use crate::record;
use crate::runs::Runs;
use crate::source::{self, Source, export, load};
use crate::view::View;
use crate::warning::Warning;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use tg_stage::{Error, Exit, Output, Record, Result, stage};

/// The most files that are read at once: each takes memory.
const MOST_AT_ONCE: usize = 8;

/// What there is to say about one path: its lines, and what is wrong with it.
#[derive(Default)]
struct Told {
    lines: Vec<u8>,
    errors: Vec<Error>,
    exit: Option<Exit>,
    /// The record of a run without a good snapshot, and why it is not measured.
    unmeasured: Option<(Record, Error)>,
}

/// Measure the runs in each of the paths; one that cannot be read does not keep the others from it.
pub fn each(paths: &[PathBuf], how: &How, output: &mut Output<impl Write>) -> Result<Exit> {
    let sources: Vec<_> = paths.iter().flat_map(|path| expanded(path)).collect();
    let threads = match sources.len() {
        0 | 1 => 1, // asking for the cores reads three files
        many => {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            many.min(cores).min(MOST_AT_ONCE)
        }
    };
    let mut exit = Exit::Done;
    if threads < 2 {
        for source in &sources {
            exit = exit.max(tell(of_path(source, how)?, output)?);
        }
        return Ok(exit);
    }
    let next = AtomicUsize::new(0);
    let (told_in, told) = channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let told_in = told_in.clone();
            let (sources, next) = (&sources, &next);
            scope.spawn(move || work(sources, how, next, &told_in));
        }
        drop(told_in);
        let mut early = BTreeMap::new();
        let mut turn = 0;
        for (at, one) in told {
            early.insert(at, one);
            while let Some(one) = early.remove(&turn) {
                let done = one.and_then(|one| tell(one, output));
                exit = exit.max(done.inspect_err(|_| {
                    next.store(sources.len(), Ordering::Relaxed); // nobody listens any more
                })?);
                turn += 1;
            }
        }
        Ok(exit)
    })
}

/// Measure one path after the other, of those that nobody has begun.
fn work(
    sources: &[Result<Source>],
    how: &How,
    next: &AtomicUsize,
    told_in: &Sender<(usize, Result<Told>)>,
) {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(source) = sources.get(at) else {
            return;
        };
        if told_in.send((at, of_path(source, how))).is_err() {
            return;
        }
    }
}

fn tell(told: Told, output: &mut Output<impl Write>) -> Result<Exit> {
    for error in &told.errors {
        error.report(TOOL);
    }
    if !told.lines.is_empty() {
        output.bytes(&told.lines)?;
    }
    let Some((mut record, error)) = told.unmeasured else {
        return Ok(told.exit.unwrap_or(Exit::Done));
    };
    let exit = stage::failed(TOOL, "metrics", &mut record, error)?;
    output.record(&record)?;
    Ok(exit)
}

/// The runs that a path stands for.
fn expanded(path: &std::path::Path) -> Vec<Result<Source>> {
    match source::expand(path) {
        Ok(sources) => sources.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

fn of_path(source: &Result<Source>, how: &How) -> Result<Told> {
    match source {
        Ok(source) => of_source(source, how),
        Err(error) => Ok(Told::failed(error.clone())),
    }
}

fn of_source(source: &Source, how: &How) -> Result<Told> {
    let (snapshot, facts) = match load(&source.snapshot, how, &Value::Null) {
        Ok(loaded) => loaded,
        Err(error) => return Ok(without_snapshot(source, error)),
    };
    let mut measured = Vec::new();
    let mut runs = Runs::of(&snapshot);
    for row in runs.rows() {
        let mut view = View::take(&mut runs, row);
        let record = record::of(&snapshot, &view, &source.snapshot, facts.is_database())?;
        if view.run.is_null() {
            view.run = record.value("run").cloned().unwrap_or_default(); // a name at least
        }
        if source.stale {
            let message =
                "the experiment's manifest was edited, and does not have this run any more";
            view.warnings.push(Warning::new("not_in_manifest", message));
        }
        measured.push((record, how.measure(&view, &source.snapshot)?));
    }
    let export = match export(facts, &source.snapshot) {
        Ok(export) => export,
        Err(error) => return Ok(without_snapshot(source, error)),
    };
    let mut told = Told::default();
    for (mut record, (metrics, more)) in measured {
        if let Some(export) = &export {
            record.set("export", export)?;
        }
        record.set("metrics", &metrics)?;
        told.lines.extend(record.line());
        for line in more {
            writeln!(told.lines, "{line}").map_err(|cause| Error::outside(TOOL, cause))?;
        }
    }
    Ok(told)
}

/// A run whose snapshot is missing or broken still counts, by the record it left.
fn without_snapshot(source: &Source, error: Error) -> Told {
    let Some(path) = &source.record else {
        return Told::failed(error);
    };
    let record = match Record::load(path) {
        Ok(record) => record,
        Err(broken) => {
            let mut told = Told::failed(error);
            told.errors.push(broken);
            return told;
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
    if has_failed {
        Told {
            lines: record.line(),
            exit: Some(Exit::SomeFailed),
            ..Told::default()
        }
    } else {
        Told {
            unmeasured: Some((record, error)),
            ..Told::default()
        }
    }
}

impl Told {
    fn failed(error: Error) -> Self {
        Self {
            exit: Some(error.exit),
            errors: vec![error],
            ..Self::default()
        }
    }
}
