//! `--verify`: everything that is recorded of a run, computed again from what lies beside it.
//!
//! Hashes against files, the run's record against its snapshot and its database, its metrics against the snapshot. Nothing
//! is written. What differs is told one by one on stderr; the records of the runs that could be read go to stdout, so that
//! `tg-report --held` can say what was not constant between them. It shows that nothing was changed since, by accident or
//! by a careless hand; who changes a snapshot, its hash and all that rests on it alike is not found out.

use crate::TOOL;
use crate::checks;
use crate::how::How;
use crate::source::{self, Source, export, load};
use crate::the_run;
use crate::view::View;
use crate::{record, told};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use tg_stage::{Error, Exit, Output, Record, Result, rundir, say};

/// What was found.
#[derive(Default)]
struct Found {
    runs: usize,
    differ: usize,
    unreadable: usize,
    exit: Option<Exit>,
}

/// Verify the runs in each of the paths.
pub fn each(paths: &[PathBuf], how: &How, output: &mut Output<impl Write>) -> Result<Exit> {
    let mut found = Found::default();
    for path in paths {
        match source::expand(path) {
            Ok(sources) => {
                found.missing(path);
                for source in sources {
                    one(&source, how, output, &mut found)?;
                }
            }
            Err(error) if error.exit == Exit::Usage => return Err(error),
            Err(error) => found.unreadable(&error),
        }
    }
    let Found {
        runs,
        differ,
        unreadable,
        exit,
    } = found;
    let mut verdicts = Vec::new();
    if differ > 0 {
        verdicts.push(format!("{differ} differ from what is recorded of them"));
    }
    if unreadable > 0 {
        verdicts.push(format!("{unreadable} could not be read"));
    }
    if verdicts.is_empty() {
        verdicts.push("everything recorded is what is computed".to_string());
    }
    let verdict = verdicts.join(", ");
    say(format_args!("{TOOL}: {runs} runs verified: {verdict}"));
    let differing = if differ > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    };
    Ok(exit.unwrap_or(Exit::Done).max(differing))
}

impl Found {
    fn unreadable(&mut self, error: &Error) {
        error.report(TOOL);
        self.unreadable += 1;
        self.exit = Some(Exit::Outside);
    }

    /// The runs of an experiment that its list has and its directory has not.
    fn missing(&mut self, experiment: &Path) {
        for run in rundir::planned(experiment).unwrap_or_default() {
            if !experiment.join(&run).exists() {
                self.differ += 1;
                say(format_args!(
                    "{TOOL}: run {run}: it is in rows.json and has no directory: removed, or never run"
                ));
            }
        }
    }
}

/// Verify one run, say what differs, and print its record.
fn one(
    source: &Source,
    how: &How,
    output: &mut Output<impl Write>,
    found: &mut Found,
) -> Result<()> {
    if source.record.is_none() && !source.snapshot.exists() {
        found.unreadable(&Error::outside(
            source.snapshot.display(),
            "no such file or directory",
        ));
        return Ok(());
    }
    found.runs += 1;
    let dir = source.snapshot.parent().unwrap_or(&source.snapshot);
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let Some(path) = &source.record else {
        found.differ += 1;
        say(format_args!("{TOOL}: run {name}: run.json is gone"));
        return Ok(());
    };
    let kept = match Record::load(path) {
        Ok(kept) => kept,
        Err(error) => {
            found.unreadable(&error);
            return Ok(());
        }
    };
    let mut differences = checks::of_record(&kept, dir);
    if kept.has("export") {
        differences.extend(checks::of_file(&kept, &source.snapshot));
        differences.extend(of_snapshot(source, &kept, how, output)?);
    } else if source.snapshot.exists() {
        differences.push("a snapshot is there, and run.json knows of no export".into());
    }
    differences.extend(checks::of_announcement(&kept, dir));
    differences.extend(checks::of_database(&kept, dir));
    for difference in &differences {
        say(format_args!("{TOOL}: run {name}: {difference}"));
    }
    found.differ += usize::from(!differences.is_empty());
    Ok(())
}

/// What the snapshot says against the record, and the record made of the snapshot, to stdout.
fn of_snapshot(
    source: &Source,
    kept: &Record,
    how: &How,
    output: &mut Output<impl Write>,
) -> Result<Vec<String>> {
    let path = &source.snapshot;
    if !path.is_file() {
        return Ok(Vec::new()); // its own check says so
    }
    let loaded =
        load(path, how, kept.value("run").unwrap_or(&Value::Null)).and_then(|(snapshot, facts)| {
            let is_database = facts.is_database();
            Ok((snapshot, is_database, export(facts, path)?))
        });
    let (snapshot, is_database, export) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            return Ok(vec![format!(
                "its snapshot cannot be read: {}",
                error.cause
            )]);
        }
    };
    let row = match the_run(&snapshot, kept.id()) {
        Ok(row) => row,
        Err(cause) => return Ok(vec![format!("its snapshot {cause}")]),
    };
    let mut view = View::of(&snapshot, row);
    let mut differences = checks::of_run(kept, &view);
    let mut record = record::of(&snapshot, &view, path, is_database)?;
    if let Some(export) = export {
        record.set("export", &export)?;
    }
    view.run = told(view.run, kept.value("run"));
    let (metrics, _) = how.measure(&view, path)?;
    differences.extend(checks::of_metrics(kept, &metrics));
    record.set("metrics", &metrics)?;
    output.record(&record)?;
    Ok(differences)
}
