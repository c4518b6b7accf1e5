//! The comparisons of `--recheck`: each returns a sentence for each difference.
//!
//! Values that may change without a new run ([`tg_stage::Adjustable`]) are not compared.

use crate::options::Options;
use crate::record;
use crate::run_info::RunInfo;
use crate::source::load;
use crate::view::View;
use serde_json::{Number, Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tg_stage::{
    Adjustable, End, Export, Instantiate, Launch, Outcome, Record, Run, RunDir, Wait, file,
};

/// Compares the hashes in the record with its values, and the copy of the manifest with its hash.
pub fn in_record(kept: &Record, dir: &RunDir) -> Vec<String> {
    let Ok(run) = kept.get::<Run>("run") else {
        return vec![unreadable("run")];
    };
    let mut differences = Vec::new();
    let inputs = file::sha256(json!(run.inputs).to_string().as_bytes());
    if !run.inputs.is_empty() && inputs != run.inputs_sha256 {
        differences.push("inputs_sha256 is not the hash of its inputs".into());
    }
    let seed = file::sha256(json!(run.seed).to_string().as_bytes());
    if run.inputs.get("seed").is_some_and(|known| *known != seed) {
        let seed = run.seed;
        differences.push(format!(
            "seed {seed} is not the one its inputs were hashed with"
        ));
    }
    let manifest = run.provenance.and_then(|own| own.manifest_sha256);
    if let Some(known) = manifest {
        match fs::read(dir.path().join("manifest.yaml")) {
            Ok(text) if file::sha256(&text) == known => {}
            Ok(_) => differences.push("manifest.yaml is not the manifest it was made from".into()),
            Err(_) => differences.push("manifest.yaml is gone".into()),
        }
    }
    differences
}

/// Compares the end that was announced to the launcher with the record.
pub fn in_announcement(kept: &Record, dir: &RunDir) -> Vec<String> {
    let (true, Ok(wait)) = (dir.end().exists(), kept.get::<Wait>("wait")) else {
        return Vec::new(); // without a launcher there is no announcement
    };
    let file = file_name(&dir.end());
    let Some(end) = End::load(dir) else {
        return vec![format!("{file} cannot be read")];
    };
    let mut found = Comparison::with(&file);
    found.compare("outcome", &json!(wait.end.outcome), &json!(end.outcome));
    let (recorded, announced) = (wait.end.ended_at_ms, end.ended_at_ms);
    found.compare("ended_at_ms", &json!(recorded), &json!(announced));
    found.differences
}

/// Compares the snapshot's file with its hash and size in the record.
pub fn in_file(kept: &Record, path: &Path) -> Vec<String> {
    let Ok(export) = kept.get::<Export>("export") else {
        return vec![unreadable("export")];
    };
    let (name, record) = (file_name(path), record_name());
    let Ok(bytes) = fs::read(path) else {
        return vec![format!("{name} is gone, or cannot be read")];
    };
    let mut differences = Vec::new();
    let (size, known) = (bytes.len() as u64, export.bytes);
    if size != known {
        differences.push(format!(
            "{name} has {size} bytes, and {record} says {known}"
        ));
    }
    let (sha256, known) = (file::sha256(&bytes), export.sha256);
    if sha256 != known {
        differences.push(format!(
            "{name} has the sha256 {sha256:.12}.., and {record} says {known:.12}.."
        ));
    }
    differences
}

/// Compares the run and its end, in a snapshot or a database, with the record.
pub fn in_run(kept: &Record, view: &View, place: &str) -> Vec<String> {
    let mut found = Comparison::with(place);
    let run = kept.value("run").cloned().unwrap_or_default();
    found.compare("run", &fixed(run), &fixed(view.run.json.clone()));
    // The row has no outcome in a database that was always locked when the run ended.
    let row = view.row.filter(|row| row.outcome.is_some());
    if let (Some(row), Ok(wait)) = (row, kept.get::<Wait>("wait")) {
        let launch = kept.get::<Launch>("launch").ok();
        let start = |launch: Launch| launch.released_at_ms.unwrap_or(launch.started_at_ms);
        let (end, start) = (wait.end, launch.map(start));
        found.compare("outcome", &json!(end.outcome), &json!(row.outcome));
        let (ended, started) = (json!(row.completed_at), json!(row.started_at));
        found.compare("ended_at_ms", &json!(end.ended_at_ms), &ended);
        found.compare("started_at_ms", &json!(start), &started);
    }
    found.differences
}

/// Compares the database with the record: the run and its end; for a completed run also its tasks by state (in other runs
/// agents may have worked on for a moment after the end was decided).
pub fn in_database(kept: &Record, dir: &RunDir) -> Vec<String> {
    let made: Instantiate = kept.get("instantiate").unwrap_or_default();
    let Some(name) = Path::new(&made.db).file_name() else {
        return Vec::new();
    };
    let is_shared = kept.get::<Run>("run").is_ok_and(|run| run.shared_db);
    let path = if is_shared {
        dir.path().with_file_name(name)
    } else {
        dir.path().join(name)
    };
    let title = name.to_string_lossy();
    if !path.exists() {
        return vec![format!("{title} is gone")];
    }
    let snapshot = match load(&path, &Options::default(), &RunInfo::default()) {
        Ok((snapshot, _)) => snapshot,
        Err(error) => return vec![format!("{title} cannot be read: {}", error.cause)],
    };
    let Some(row) = snapshot.runs.iter().find(|row| row.id == kept.id()) else {
        return vec![format!("{title} does not have the run")];
    };
    let view = View::new(&snapshot, Some(row));
    let mut differences = in_run(kept, &view, &title);
    let wait = kept.get::<Wait>("wait").unwrap_or_default();
    if let (Outcome::Completed, Some(found)) = (wait.end.outcome, record::wait(&view)) {
        let mut states = Comparison::with(&title);
        states.compare("states", &json!(wait.states), &found["states"]);
        differences.append(&mut states.differences);
    }
    differences
}

/// Compares each metric in the record with the one computed now.
pub fn in_metrics(kept: &Record, now: &Value) -> Vec<String> {
    let mut found = Comparison::with("its snapshot");
    let recorded = kept.value("metrics").and_then(Value::as_object);
    // Through text, as for the recorded ones: parsing may lose the last digit, and then of both.
    let now: Value = serde_json::from_str(&now.to_string()).unwrap_or_default();
    for (name, recorded) in recorded.into_iter().flatten() {
        if name != "warnings" {
            found.compare(&format!("metrics.{name}"), recorded, &now[name]);
        }
    }
    found.differences
}

/// The `run` object without the values that may change; keys that this version does not know stay.
fn fixed(mut run: Value) -> Value {
    let mut remove = |path: &str, keys: &[&str]| {
        let object = run.pointer_mut(path).and_then(Value::as_object_mut);
        if let Some(object) = object {
            object.retain(|key, _| !keys.contains(&key.as_str()));
        }
    };
    remove("", &Adjustable::KEYS);
    remove("/limits", &Adjustable::LIMITS);
    run
}

/// True for equal numbers and for reals that differ by rounding: jq 1.6, between two stages, makes 20 of 20.0, and the last
/// digits of a sum of reals depend on the order of its terms, which may change between versions.
fn is_same(one: &Number, other: &Number) -> bool {
    if one.as_f64() == other.as_f64() {
        return true;
    }
    let reals = one.as_f64().zip(other.as_f64());
    let reals = reals.filter(|_| one.is_f64() && other.is_f64());
    reals.is_some_and(|(one, other)| (one - other).abs() <= ROUNDING * one.abs())
}

/// The largest relative difference between two sums of the same reals.
const ROUNDING: f64 = 1e-12;

/// The differences between the record and the values in another place.
struct Comparison {
    place: String,
    differences: Vec<String>,
}

impl Comparison {
    fn with(place: &str) -> Self {
        let place = place.to_string();
        let differences = Vec::new();
        Self { place, differences }
    }

    /// Adds a sentence for each leaf in which two values differ.
    fn compare(&mut self, name: &str, recorded: &Value, found: &Value) {
        match (recorded, found) {
            (one, other) if one == other => {}
            (Value::Number(one), Value::Number(other)) if is_same(one, other) => {}
            (Value::Object(one), Value::Object(other)) => {
                let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                for key in keys {
                    self.compare(&format!("{name}.{key}"), &recorded[key], &found[key]);
                }
            }
            _ => {
                let (record, place) = (record_name(), &self.place);
                let (recorded, found) = (short(recorded), short(found));
                let difference =
                    format!("{name} is {recorded} in {record}, and {found} in {place}");
                self.differences.push(difference);
            }
        }
    }
}

fn unreadable(key: &str) -> String {
    format!("{} has no \"{key}\" that can be read", record_name())
}

/// The file name of a record.
pub fn record_name() -> String {
    file_name(&RunDir::new("").record())
}

pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The beginning of a value.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(60).chain("..".chars()).collect()
}
