//! From paths to snapshots: a file stands for itself, a directory for the runs in it.

use crate::clock_start::set_clock_start;
use crate::options::Options;
use crate::run_info::RunInfo;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use tg_host::Ledger;
use tg_host::ledger::PendingFacts;
use tg_host::snapshot::RunRow;
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Experiment, Export, Result, RunDir};

/// The files of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The snapshot; it may not exist.
    pub snapshot: PathBuf,
    /// The record beside it, which describes a run without a readable snapshot.
    pub record: Option<PathBuf>,
    /// True if the experiment's manifest was edited and does not have the run any more.
    pub is_stale: bool,
}

/// The runs that a path of the command line stands for: a snapshot, a run's directory, or a directory of such.
pub fn expand(path: &Path) -> Result<Vec<Source>> {
    if !path.is_dir() {
        return Ok(vec![file(path)?]);
    }
    let dir = RunDir::new(path);
    let beside = dir.experiment().as_ref().and_then(planned);
    if let Some(source) = run_directory(&dir, beside.as_ref()) {
        return Ok(vec![source]);
    }
    let mut below = Vec::new();
    for entry in path.read_dir().map_err(file_error(path))? {
        below.push(RunDir::new(entry.map_err(file_error(path))?.path()));
    }
    below.sort();
    let inside = planned(&Experiment::new(path));
    let runs = below.iter().filter(|run| !run.is_attempt());
    let runs = runs.filter_map(|dir| run_directory(dir, inside.as_ref()));
    let runs: Vec<_> = runs.collect();
    if runs.is_empty() {
        return Err(no_runs(path));
    }
    Ok(runs)
}

fn file(path: &Path) -> Result<Source> {
    let ending = path.extension().and_then(OsStr::to_str);
    if matches!(ending, Some("yaml" | "yml")) && path.is_file() {
        let cause = "is a manifest, and the results of an experiment were expected";
        return Err(Error::usage(path.display(), cause).hint("name its directory: results/NAME"));
    }
    let dir = path.parent().map(RunDir::new);
    let dir = dir.filter(|dir| snapshots(dir).iter().any(|snapshot| snapshot == path));
    let record = dir.map(|dir| dir.record());
    Ok(Source {
        snapshot: path.into(),
        record: record.filter(|record| record.is_file()),
        is_stale: false,
    })
}

fn no_runs(path: &Path) -> Error {
    let experiments = Experiment::all_in(path);
    let Some(first) = experiments.first() else {
        let files = RunDir::new("");
        let (snapshot, record) = (files.snapshot(), files.record());
        let cause = format!(
            "no run in it has a {} or a {}",
            snapshot.display(),
            record.display()
        );
        let hint = format!("tg-metrics {}", path.join("*").display());
        return Error::outside(path.display(), cause).hint(hint);
    };
    let names = experiments.iter().filter_map(|one| one.path().file_name());
    let names: Vec<_> = names.map(OsStr::to_string_lossy).collect();
    let cause = format!("holds experiments, and no runs: {}", names.join(", "));
    let hint = format!("name one experiment: {}", first.path().display());
    Error::outside(path.display(), cause).hint(hint)
}

/// The paths of a run's snapshot: compressed, and plain.
fn snapshots(dir: &RunDir) -> [PathBuf; 2] {
    [dir.snapshot(), dir.snapshot().with_extension("")]
}

fn run_directory(dir: &RunDir, planned: Option<&BTreeSet<String>>) -> Option<Source> {
    let record = Some(dir.record()).filter(|path| path.is_file());
    let snapshot = snapshots(dir).into_iter().find(|path| path.is_file());
    if record.is_none() && snapshot.is_none() {
        return None;
    }
    Some(Source {
        snapshot: snapshot.unwrap_or_else(|| dir.snapshot()),
        record,
        is_stale: planned.is_some_and(|runs| !runs.contains(&dir.name())),
    })
}

/// The planned runs of an experiment; read once, not for each of thousands.
fn planned(experiment: &Experiment) -> Option<BTreeSet<String>> {
    Some(experiment.planned()?.into_iter().collect())
}

/// Reads as much of a file as `options` need; all, if the run, here `recorded`, has custom metrics, which may use all
/// others. Only the file itself shows whether it has several runs, whose edges must be told apart, or runs with custom
/// metrics; then it is read a second time.
fn read(
    path: &Path,
    options: &Options,
    recorded: &RunInfo,
) -> tg_host::Result<(Ledger, PendingFacts)> {
    if options.needs_order() || options.selection.has_custom(recorded) {
        return Ledger::load(path);
    }
    let loaded = Ledger::load_without_order(path)?;
    let has_custom = |run: &RunRow| {
        let run = run.run_json.as_deref().map(RunInfo::parse);
        run.is_some_and(|run| run.is_ok_and(|run| run.custom_metrics().is_some()))
    };
    match loaded.0.runs.as_slice() {
        [] => return Ok(loaded),
        [run] if !has_custom(run) => return Ok(loaded),
        _ => {}
    }
    drop(loaded);
    Ledger::load(path)
}

/// Loads a snapshot, or a database as one, as much of it as `options` and the `recorded` run need, and the facts of its file.
pub fn load(path: &Path, options: &Options, recorded: &RunInfo) -> Result<(Ledger, PendingFacts)> {
    let (mut snapshot, facts) = read(path, options, recorded).map_err(outside)?;
    set_clock_start(&mut snapshot);
    if !facts.is_database() && snapshot.exported_by.is_empty() && snapshot.is_empty() {
        let cause = "not a snapshot: it has no tasks and does not say who wrote it";
        return Err(Error::outside(path.display(), cause));
    }
    Ok((snapshot, facts))
}

/// The row of the run called `id`; `None` if the snapshot has no runs.
pub fn run_row<'a>(snapshot: &'a Ledger, id: &str) -> Result<Option<&'a RunRow>, String> {
    /// The number of runs that a message names.
    const SHOWN: usize = 5;
    let runs = &snapshot.runs;
    match runs.iter().find(|row| row.id == id) {
        None if !runs.is_empty() => {
            let names = runs.iter().take(SHOWN).map(|row| row.id.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            let more = if runs.len() > SHOWN { ", ..." } else { "" };
            Err(format!("holds the run {names}{more}, not {id}"))
        }
        found => Ok(found),
    }
}

/// The file that was read from `path`; `None` for a database. May wait for the hash of a large file.
pub fn export(facts: PendingFacts, path: &Path) -> Result<Option<Export>> {
    let file = facts.get().map_err(outside)?;
    Ok(file.map(|file| Export {
        path: path.display().to_string(),
        sha256: file.sha256,
        bytes: file.bytes,
    }))
}
