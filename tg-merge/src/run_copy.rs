//! The runs of each place, earlier attempts included, and the choice of one copy of each run.
//!
//! The first copy that is over is chosen, else the first copy; copies in the target directory come before all others. The
//! other copies are kept as attempts, because they cost money.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tg_host::Snapshot;
use tg_stage::error::{file_error, outside};
use tg_stage::{
    End, Error, Export, Instantiate, Outcome, Record, Result, Run, RunDir, RunState, file,
};

/// A run as one place has it.
#[derive(Debug)]
pub struct RunCopy {
    pub run: Run,
    pub dir: RunDir,
    /// The place, as the command line names it.
    pub place: PathBuf,
    /// True if the place is the target directory.
    pub is_ours: bool,
    /// The time its tasks were created; with the id, it identifies an attempt.
    pub created_at_ms: i64,
    /// True if agents worked in it, or failed to begin.
    pub was_launched: bool,
    /// True if it ended with an outcome that is not void, and its snapshot is there.
    pub is_over: bool,
    /// The SHA-256 of its snapshot, if it has one.
    pub snapshot: Option<String>,
}

/// Reads the runs in `place`, which is the directory of a run or of an experiment. Errors of single runs are added to
/// `faults`.
pub fn copies_in(place: &Path, is_ours: bool, faults: &mut Vec<Error>) -> Result<Vec<RunCopy>> {
    let mut dirs = Vec::new();
    if is_run(&RunDir::new(place)) {
        dirs.push(RunDir::new(place));
    } else {
        for entry in place.read_dir().map_err(file_error(place))? {
            let dir = RunDir::new(entry.map_err(file_error(place))?.path());
            if !dir.name().starts_with('.') && is_run(&dir) {
                dirs.push(dir);
            }
        }
    }
    dirs.sort();
    let mut copies = Vec::new();
    for dir in dirs {
        match read(&dir, place, is_ours) {
            Ok(run) if run.was_launched => copies.push(run),
            Ok(_) => {} // no agent worked in it, and it can be made anywhere
            Err(_) if dir.is_attempt() => {} // no report rests on it
            Err(error) => faults.push(error.within(dir.path().display())),
        }
    }
    Ok(copies)
}

/// True if a run was made in `dir`.
pub fn is_run(dir: &RunDir) -> bool {
    dir.record().is_file() || dir.snapshot().is_file()
}

fn read(dir: &RunDir, place: &Path, is_ours: bool) -> Result<RunCopy> {
    let fault = |cause: &str| Error::input("", cause);
    if dir.held_lock().is_some() {
        return Err(fault("is not over: a process is running it"));
    }
    let state = match dir.record().is_file().then(|| dir.state()) {
        Some(RunState::Unreadable(error)) => return Err(error),
        state => state,
    };
    let record = state.as_ref().and_then(RunState::record);
    let snapshot = dir.snapshot().is_file();
    let snapshot = snapshot
        .then(|| read_snapshot(&dir.snapshot()))
        .transpose()?;
    let recorded: Option<Run> = record.map(|record| record.get("run")).transpose()?;
    let export = record.and_then(|record| record.get::<Export>("export").ok());
    let mut end = match &state {
        Some(RunState::Ended(_, wait)) => Some(wait.end.clone()),
        _ => None,
    };
    if snapshot.is_none() && export.is_some() && !is_ours && !dir.is_attempt() {
        return Err(fault("its snapshot is gone"));
    }
    let (mut run, mut sha256) = (recorded.clone().unwrap_or_default(), None);
    if let Some(snapshot) = snapshot {
        if export.is_some_and(|export| export.sha256 != snapshot.sha256) {
            return Err(fault("its snapshot is not the one that its record names"));
        }
        let key = |run: &Run| (run.id.clone(), run.inputs_sha256.clone());
        if recorded.is_some_and(|recorded| key(&recorded) != key(&snapshot.run)) {
            return Err(fault("its record and its snapshot are of different runs"));
        }
        run = snapshot.run;
        end = end.or(snapshot.outcome.map(|outcome| End {
            outcome,
            ..End::default()
        }));
        sha256 = Some(snapshot.sha256);
    }
    let is_name = !run.id.is_empty() && !run.id.starts_with('.') && !run.id.contains('/');
    if !is_name || run.inputs.is_empty() {
        return Err(fault("does not say what was run in it"));
    }
    let has_ended = end.is_some_and(|end| end.outcome.is_decided() && !end.says_nothing());
    let made = record.and_then(|record| record.get::<Instantiate>("instantiate").ok());
    let has_launch = |record: &Record| record.value("launch").is_some();
    Ok(RunCopy {
        run,
        dir: dir.clone(),
        place: place.into(),
        is_ours,
        created_at_ms: made.map_or(0, |made| made.created_at_ms),
        was_launched: sha256.is_some() || record.is_some_and(has_launch),
        is_over: sha256.is_some() && has_ended,
        snapshot: sha256,
    })
}

/// The content of a snapshot that is needed here.
struct RunSnapshot {
    sha256: String,
    run: Run,
    outcome: Option<Outcome>,
}

fn read_snapshot(path: &Path) -> Result<RunSnapshot> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fault = |cause: String| Error::input(&name, cause);
    let bytes = std::fs::read(path).map_err(file_error(path))?;
    let snapshot = Snapshot::load(path).map_err(outside)?;
    let rows = &snapshot.tables.experiment_runs;
    let [row] = rows.as_slice() else {
        return Err(fault(format!("holds {} runs, and not one", rows.len())));
    };
    let run: Value = serde_json::from_str(row.run_json.as_deref().unwrap_or("null"))
        .map_err(|cause| fault(cause.to_string()))?;
    Ok(RunSnapshot {
        sha256: file::sha256(&bytes),
        run: serde_json::from_value(run).map_err(|cause| fault(cause.to_string()))?,
        outcome: row.outcome.as_deref().map(Outcome::from),
    })
}

/// The copies of each run by its id, in the order of places, without earlier attempts.
pub fn by_id(runs: &[RunCopy]) -> BTreeMap<&str, Vec<&RunCopy>> {
    let mut all: BTreeMap<&str, Vec<&RunCopy>> = BTreeMap::new();
    for run in runs.iter().filter(|run| !run.dir.is_attempt()) {
        all.entry(&run.run.id).or_default().push(run);
    }
    all
}

/// The chosen copy of each run.
pub fn chosen(runs: &[RunCopy]) -> Vec<&RunCopy> {
    let copies = by_id(runs).into_values();
    let first = |copies: &[&RunCopy]| copies.iter().position(|run| run.is_over).unwrap_or(0);
    copies.map(|copies| copies[first(&copies)]).collect()
}

/// Copies of other places that are neither `taken` nor in the target directory: each attempt once.
pub fn attempts<'r>(runs: &'r [RunCopy], taken: &[&RunCopy]) -> Vec<&'r RunCopy> {
    let key = |run: &RunCopy| (run.run.id.clone(), run.created_at_ms);
    let ours = runs.iter().filter(|run| run.is_ours);
    let mut known: BTreeSet<_> = ours.chain(taken.iter().copied()).map(key).collect();
    let others = runs.iter().filter(|run| !run.is_ours);
    others.filter(|run| known.insert(key(run))).collect()
}
