//! Runs named by paths: snapshots, databases, and directories of runs.

use crate::TOOL;
use crate::how::How;
use crate::record;
use crate::runs::Runs;
use crate::source::{self, Source, load};
use crate::view::View;
use crate::warning::Warning;
use std::io::Write;
use std::path::PathBuf;
use tg_stage::{Error, Exit, Output, Record, Result, stage};

/// Measure the runs in each of the paths; one that cannot be read does not keep the others from it.
pub fn each(paths: &[PathBuf], how: &How, output: &mut Output<impl Write>) -> Result<Exit> {
    let mut exit = Exit::Done;
    for path in paths {
        match source::expand(path) {
            Ok(sources) => {
                for source in sources {
                    exit = exit.max(of_source(&source, how, output)?);
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

fn of_source(source: &Source, how: &How, output: &mut Output<impl Write>) -> Result<Exit> {
    let (snapshot, export) = match load(&source.snapshot) {
        Ok(loaded) => loaded,
        Err(error) => return without_snapshot(source, error, output),
    };
    let mut runs = Runs::of(&snapshot);
    for row in runs.rows() {
        let mut view = View::take(&mut runs, row);
        let mut record = record::of(&snapshot, &view, &source.snapshot, export.as_ref())?;
        if view.run.is_null() {
            view.run = record.value("run").cloned().unwrap_or_default(); // a name at least
        }
        if source.stale {
            let message =
                "the experiment's manifest was edited, and does not have this run any more";
            view.warnings.push(Warning::new("not_in_manifest", message));
        }
        let (metrics, more) = how.measure(&view, &source.snapshot)?;
        record.set("metrics", &metrics)?;
        output.record(&record)?;
        for line in more {
            output.bytes(format!("{line}\n").as_bytes())?;
        }
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
