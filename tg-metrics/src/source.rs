//! From paths to snapshots: files as they are, directories by the runs in them.

use crate::begin;
use crate::how::How;
use crate::{own, view};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tg_host::Ledger;
use tg_host::ledger::Facts;
use tg_host::snapshot::RunRow;
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Export, Result, rundir};

/// The names a snapshot has in a run's directory.
const SNAPSHOTS: [&str; 2] = ["snapshot.json.gz", "snapshot.json"];

/// Where a run is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The snapshot; it may not exist.
    pub snapshot: PathBuf,
    /// The record beside it, which tells of a run that has no good snapshot.
    pub record: Option<PathBuf>,
    /// The experiment's manifest was edited and does not have the run any more.
    pub stale: bool,
}

/// What a path of the command line stands for: a snapshot, a run's directory, or a directory of such.
pub fn expand(path: &Path) -> Result<Vec<Source>> {
    if !path.is_dir() {
        let is_manifest = path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml");
        if is_manifest && path.is_file() {
            let cause = "is a manifest, and the results of an experiment were expected";
            return Err(
                Error::usage(path.display(), cause).hint("name its directory: results/NAME")
            );
        }
        let dir = path.parent().filter(|_| {
            path.file_name()
                .is_some_and(|name| SNAPSHOTS.iter().any(|known| name == *known))
        });
        let record = dir
            .map(|dir| dir.join("run.json"))
            .filter(|record| record.is_file());
        return Ok(vec![Source {
            snapshot: path.into(),
            record,
            stale: false,
        }]);
    }
    let beside = path.parent().and_then(rows);
    if let Some(source) = run_directory(path, beside.as_ref()) {
        return Ok(vec![source]);
    }
    let mut below = Vec::new();
    for entry in path.read_dir().map_err(file_error(path))? {
        let entry = entry.map_err(file_error(path))?;
        if !is_earlier_attempt(&entry.file_name().to_string_lossy()) {
            below.push(entry.path());
        }
    }
    below.sort();
    let inside = rows(path);
    let runs = below.iter();
    let runs = runs.filter_map(|dir| run_directory(dir, inside.as_ref()));
    let runs: Vec<_> = runs.collect();
    let experiments = rundir::experiments(path);
    if let (true, Some(first)) = (runs.is_empty(), experiments.first()) {
        let names = experiments.iter().filter_map(|dir| dir.file_name());
        let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
        let cause = format!("holds experiments, and no runs: {}", names.join(", "));
        let hint = format!("name one experiment: {}", first.display());
        return Err(Error::outside(path.display(), cause).hint(hint));
    }
    if runs.is_empty() {
        let hint = format!("tg-metrics {}", path.join("*").display());
        return Err(Error::outside(
            path.display(),
            "no run in it has a snapshot.json.gz or a run.json",
        )
        .hint(hint));
    }
    Ok(runs)
}

fn run_directory(dir: &Path, rows: Option<&BTreeSet<String>>) -> Option<Source> {
    let record = Some(dir.join("run.json")).filter(|path| path.is_file());
    let snapshot = SNAPSHOTS
        .iter()
        .map(|name| dir.join(name))
        .find(|path| path.is_file());
    if record.is_none() && snapshot.is_none() {
        return None;
    }
    Some(Source {
        snapshot: snapshot.unwrap_or_else(|| dir.join(SNAPSHOTS[0])),
        record,
        stale: rows.is_some_and(|rows| {
            !rows.contains(&*dir.file_name().unwrap_or_default().to_string_lossy())
        }),
    })
}

/// The runs of the experiment in `dir` by the list that `tg-instantiate` keeps; read once, not for each of thousands.
fn rows(dir: &Path) -> Option<BTreeSet<String>> {
    let list: Value = serde_json::from_slice(&std::fs::read(dir.join("rows.json")).ok()?).ok()?;
    let rows = list["rows"].as_array()?.iter();
    Some(
        rows.filter_map(|row| Some(row.as_str()?.to_string()))
            .collect(),
    )
}

/// `<run id>.try1`, `.try2`, ...
fn is_earlier_attempt(name: &str) -> bool {
    let number = name.rsplit_once(".try").map(|(_, number)| number);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// As much of a file as `how` needs; all, if `run`, which is the record's, has metrics of its own. Whether there are several runs in it, whose edges must be told apart, and whether a run has
/// metrics of its own, which may use all others, is known only then.
fn read(path: &Path, how: &How, run: &Value) -> tg_host::Result<(Ledger, Facts)> {
    if how.needs_order() || own::is_any(run, how) {
        return Ledger::load(path);
    }
    let loaded = Ledger::load_without_order(path)?;
    let needs_order = |run: &RunRow| {
        let run = run
            .run_json
            .as_deref()
            .and_then(|text| view::json(text).ok());
        run.is_some_and(|run| own::is_any(&run, how))
    };
    let is_enough = match loaded.0.runs.as_slice() {
        [] => true,
        [run] => !needs_order(run),
        _ => false,
    };
    if is_enough {
        return Ok(loaded);
    }
    drop(loaded);
    Ledger::load(path)
}

/// A snapshot, or a database read as one, as much of it as `how` and the `run` of its record need, and the file it is.
pub fn load(path: &Path, how: &How, run: &Value) -> Result<(Ledger, Facts)> {
    let (mut snapshot, facts) = read(path, how, run).map_err(outside)?;
    begin::at_the_start(&mut snapshot);
    if !facts.is_database() && snapshot.exported_by.is_empty() && snapshot.is_empty() {
        return Err(Error::outside(
            path.display(),
            "not a snapshot: it has no tasks and does not say who wrote it",
        ));
    }
    Ok((snapshot, facts))
}

/// The file that was read from `path`; none for a database. The hash of a large one may have to be waited for.
pub fn export(facts: Facts, path: &Path) -> Result<Option<Export>> {
    let file = facts.get().map_err(outside)?;
    Ok(file.map(|file| Export {
        path: path.display().to_string(),
        sha256: file.sha256,
        bytes: file.bytes,
    }))
}
