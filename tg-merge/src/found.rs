//! The runs that a place has, earlier attempts among them.

use serde_json::Value;
use std::path::{Path, PathBuf};
use tg_host::Snapshot;
use tg_stage::error::{file_error, outside};
use tg_stage::file::{self, Lock};
use tg_stage::{Error, Export, Instantiate, Record, Result, Run, Wait};

/// A run as one place has it.
#[derive(Debug)]
pub struct Found {
    /// Which run it is.
    pub run: Run,
    /// Its directory.
    pub dir: PathBuf,
    /// The place it was found in, as the command line names it.
    pub place: PathBuf,
    /// It is where all are to be.
    pub is_ours: bool,
    /// It is an earlier attempt, `RUN.try1`.
    pub is_earlier: bool,
    /// When its tasks were created: with the id, what tells one attempt from another.
    pub created_at_ms: i64,
    /// Somebody worked in it, or failed to begin.
    pub was_launched: bool,
    /// How it ended, if it did.
    pub outcome: Option<String>,
    /// The SHA-256 of its snapshot, if it has one.
    pub snapshot: Option<String>,
}

impl Found {
    /// Whether it ended and its snapshot is there; a run that was stopped did not end.
    pub fn is_over(&self) -> bool {
        let ended = |outcome: &String| !Wait::is_void(outcome);
        self.snapshot.is_some() && self.outcome.as_ref().is_some_and(ended)
    }
}

/// The runs in `place`, which is a run's directory or one of such; what is wrong with one is added to `faults`.
pub fn below(place: &Path, is_ours: bool, faults: &mut Vec<Error>) -> Result<Vec<Found>> {
    let mut dirs = Vec::new();
    if is_run(place) {
        dirs.push(place.to_path_buf());
    } else {
        for entry in place.read_dir().map_err(file_error(place))? {
            let entry = entry.map_err(file_error(place))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && is_run(&entry.path()) {
                dirs.push(entry.path());
            }
        }
    }
    dirs.sort();
    let mut found = Vec::new();
    for dir in dirs {
        match read(&dir, place, is_ours) {
            Ok(run) if run.was_launched => found.push(run),
            Ok(_) => {} // nobody worked in it, and it can be made anywhere
            Err(_) if is_earlier(&dir) => {} // whatever it was, no report rests on it
            Err(error) => faults.push(error.within(dir.display())),
        }
    }
    Ok(found)
}

/// Whether a run was made in `dir`.
pub fn is_run(dir: &Path) -> bool {
    ["run.json", "snapshot.json.gz"]
        .iter()
        .any(|name| dir.join(name).is_file())
}

fn is_earlier(dir: &Path) -> bool {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once(".try")
        .is_some_and(|(_, number)| number.parse::<u32>().is_ok())
}

fn read(dir: &Path, place: &Path, is_ours: bool) -> Result<Found> {
    let fault = |cause: &str| Error::input("", cause);
    let busy = ["launch.lock", "wait.lock"]
        .iter()
        .any(|lock| !Lock::is_free(&dir.join(lock)));
    if busy {
        return Err(fault("is not over: somebody runs it"));
    }
    let path = dir.join("run.json");
    let record = path.is_file().then(|| Record::load(&path)).transpose()?;
    let path = dir.join("snapshot.json.gz");
    let snapshot = path.is_file().then(|| exported(&path)).transpose()?;
    let told: Option<Run> = record
        .as_ref()
        .map(|record| record.get("run"))
        .transpose()?;
    let named = record
        .as_ref()
        .and_then(|record| record.get::<Export>("export").ok());
    let outcome = record
        .as_ref()
        .and_then(|record| record.get::<Wait>("wait").ok())
        .map(|wait| wait.outcome);
    let mut found = Found {
        run: told.clone().unwrap_or_default(),
        dir: dir.into(),
        place: place.into(),
        is_ours,
        is_earlier: is_earlier(dir),
        created_at_ms: record
            .as_ref()
            .and_then(|record| record.get::<Instantiate>("instantiate").ok())
            .map_or(0, |made| made.created_at_ms),
        was_launched: path.is_file()
            || record
                .as_ref()
                .is_some_and(|record| record.value("launch").is_some()),
        outcome,
        snapshot: None,
    };
    let is_gone = snapshot.is_none() && named.is_some();
    if is_gone && !is_ours && !found.is_earlier {
        return Err(fault("its snapshot is gone"));
    }
    if let Some((sha256, run, outcome)) = snapshot {
        if named.is_some_and(|named| named.sha256 != sha256) {
            return Err(fault("its snapshot is not the one that its record names"));
        }
        if told.is_some_and(|told| {
            (told.id, told.inputs_sha256) != (run.id.clone(), run.inputs_sha256.clone())
        }) {
            return Err(fault("its record and its snapshot tell of different runs"));
        }
        found.run = run;
        found.outcome = found.outcome.or(outcome);
        found.snapshot = Some(sha256);
    }
    let is_name =
        !found.run.id.is_empty() && !found.run.id.starts_with('.') && !found.run.id.contains('/');
    if !is_name || found.run.inputs.is_empty() {
        return Err(fault("does not say what was run in it"));
    }
    Ok(found)
}

/// The SHA-256 of a snapshot, the run it is of, and how that ended.
fn exported(path: &Path) -> Result<(String, Run, Option<String>)> {
    let fault = |cause: String| Error::input("snapshot.json.gz", cause);
    let bytes = std::fs::read(path).map_err(file_error(path))?;
    let snapshot = Snapshot::load(path).map_err(outside)?;
    let rows = &snapshot.tables.experiment_runs;
    let [row] = rows.as_slice() else {
        return Err(fault(format!("holds {} runs, and not one", rows.len())));
    };
    let run: Value = serde_json::from_str(row.run_json.as_deref().unwrap_or("null"))
        .map_err(|cause| fault(cause.to_string()))?;
    let run = serde_json::from_value(run).map_err(|cause| fault(cause.to_string()))?;
    Ok((file::sha256(&bytes), run, row.outcome.clone()))
}
