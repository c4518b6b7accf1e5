//! `--recheck`: computes all recorded values of runs again, from the files beside their records.
//!
//! It compares hashes with files, the record with its snapshot and its database, and the metrics with the snapshot. It
//! writes no files. Differences go to stderr one by one; the records of readable runs go to stdout, so that
//! `tg-report --held` can show what was not constant between them. A recheck finds changes by accident or by a careless
//! hand; it does not find a consistent change of a snapshot, its hash and all values that depend on it.

use crate::args::TOOL;
use crate::differences;
use crate::options::Options;
use crate::record::snapshot_record;
use crate::run_info::RunInfo;
use crate::source::{self, Source, export, load, run_row};
use crate::view::View;
use std::io::Write;
use std::path::PathBuf;
use tg_stage::{Error, Exit, Experiment, Output, Record, Result, RunDir, say};

/// The counts of a recheck.
#[derive(Default)]
struct Summary {
    runs: usize,
    differ: usize,
    unreadable: usize,
}

/// Rechecks the runs in all paths.
pub fn recheck(
    paths: &[PathBuf],
    options: &Options,
    output: &mut Output<impl Write>,
) -> Result<Exit> {
    let mut summary = Summary::default();
    for path in paths {
        match source::expand(path) {
            Ok(sources) => {
                summary.missing_runs(&Experiment::new(path));
                for source in sources {
                    recheck_run(&source, options, output, &mut summary)?;
                }
            }
            Err(error) if error.exit == Exit::Usage => return Err(error),
            Err(error) => summary.unreadable(&error),
        }
    }
    say(format_args!("{TOOL}: {}", summary.verdict()));
    Ok(match summary {
        Summary {
            unreadable: 1.., ..
        } => Exit::Outside,
        Summary { differ: 1.., .. } => Exit::SomeFailed,
        _ => Exit::Done,
    })
}

impl Summary {
    fn unreadable(&mut self, error: &Error) {
        error.report(TOOL);
        self.unreadable += 1;
    }

    fn differs(&mut self, run: &str, differences: &[String]) {
        for difference in differences {
            say(format_args!("{TOOL}: run {run}: {difference}"));
        }
        self.differ += usize::from(!differences.is_empty());
    }

    /// Reports the planned runs of an experiment that have no directory.
    fn missing_runs(&mut self, experiment: &Experiment) {
        let plan = differences::file_name(&experiment.plan());
        let difference = format!("it is in {plan} and has no directory: removed, or never run");
        for run in experiment.planned().unwrap_or_default() {
            if !experiment.run(&run).exists() {
                self.differs(&run, std::slice::from_ref(&difference));
            }
        }
    }

    fn verdict(&self) -> String {
        let mut verdicts = Vec::new();
        if self.differ > 0 {
            let differ = self.differ;
            verdicts.push(format!("{differ} differ from what is recorded of them"));
        }
        if self.unreadable > 0 {
            verdicts.push(format!("{} could not be read", self.unreadable));
        }
        if verdicts.is_empty() {
            verdicts.push("everything recorded is what is computed".to_string());
        }
        format!("{} runs rechecked: {}", self.runs, verdicts.join(", "))
    }
}

/// Rechecks one run, reports differences, and prints its record.
fn recheck_run(
    source: &Source,
    options: &Options,
    output: &mut Output<impl Write>,
    summary: &mut Summary,
) -> Result<()> {
    let snapshot = &source.snapshot;
    if source.record.is_none() && !snapshot.exists() {
        let cause = "no such file or directory";
        summary.unreadable(&Error::outside(snapshot.display(), cause));
        return Ok(());
    }
    summary.runs += 1;
    let dir = RunDir::new(snapshot.parent().unwrap_or(snapshot));
    let (name, record) = (dir.name(), differences::record_name());
    let Some(path) = &source.record else {
        summary.differs(&name, &[format!("{record} is gone")]);
        return Ok(());
    };
    let kept = match Record::load(path) {
        Ok(kept) => kept,
        Err(error) => {
            summary.unreadable(&error);
            return Ok(());
        }
    };
    let mut differences = differences::in_record(&kept, &dir);
    if kept.has("export") {
        differences.extend(differences::in_file(&kept, snapshot));
        differences.extend(in_snapshot(source, &kept, options, output)?);
    } else if snapshot.exists() {
        differences.push(format!("a snapshot exists, and {record} has no export"));
    }
    differences.extend(differences::in_announcement(&kept, &dir));
    differences.extend(differences::in_database(&kept, &dir));
    summary.differs(&name, &differences);
    Ok(())
}

/// The differences between the snapshot and the record; prints the record made of the snapshot.
fn in_snapshot(
    source: &Source,
    kept: &Record,
    options: &Options,
    output: &mut Output<impl Write>,
) -> Result<Vec<String>> {
    let path = &source.snapshot;
    if !path.is_file() {
        return Ok(Vec::new()); // `in_file` reports it
    }
    let recorded = RunInfo::new(kept.value("run").cloned().unwrap_or_default());
    let loaded = load(path, options, &recorded).and_then(|(snapshot, facts)| {
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
    let row = match run_row(&snapshot, kept.id()) {
        Ok(row) => row,
        Err(cause) => return Ok(vec![format!("its snapshot {cause}")]),
    };
    let mut view = View::new(&snapshot, row);
    let mut differences = differences::in_run(kept, &view, "its snapshot");
    let mut record = snapshot_record(&view, path, is_database)?;
    if let Some(export) = export {
        record.set("export", &export)?;
    }
    view.run.adjust(&recorded);
    let (metrics, _) = options.measure(&view, path)?;
    differences.extend(differences::in_metrics(kept, &metrics));
    record.set("metrics", &metrics)?;
    output.record(&record)?;
    Ok(differences)
}
