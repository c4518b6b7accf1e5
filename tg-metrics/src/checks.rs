//! The single comparisons of `--verify`: each gives the sentences of what differs, none where all agrees.
//!
//! What may change without a new run (what is shown, slot names, warm-up, where the run lies, what the experiment may cost)
//! is not compared.

use crate::how::How;
use crate::record;
use crate::source::load;
use crate::view::View;
use serde_json::{Number, Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tg_host::snapshot::RunRow;
use tg_stage::{End, Export, Instantiate, Launch, Record, Run, Wait, end, file};

/// Keys of `run` that follow the manifest of today.
const SHOWN: [&str; 4] = ["report", "slots", "warmup", "dir"];
/// Keys of `run.limits` that do.
const SHOWN_LIMITS: [&str; 2] = ["experiment_cost_usd", "experiment_tokens"];

/// The record in itself, and the copy of the manifest.
pub fn of_record(kept: &Record, dir: &Path) -> Vec<String> {
    let Ok(run) = kept.get::<Run>("run") else {
        return vec!["run.json has no \"run\" that can be read".into()];
    };
    let mut differences = Vec::new();
    let inputs = file::sha256(json!(run.inputs).to_string().as_bytes());
    if !run.inputs.is_empty() && inputs != run.inputs_sha256 {
        differences.push("inputs_sha256 is not the hash of its inputs".into());
    }
    let seed = file::sha256(json!(run.seed).to_string().as_bytes());
    if run.inputs.get("seed").is_some_and(|known| *known != seed) {
        differences.push(format!(
            "seed {} is not the one its inputs were hashed with",
            run.seed
        ));
    }
    let manifest = run.provenance.and_then(|own| own.manifest_sha256);
    if let Some(known) = manifest {
        match fs::read(dir.join("manifest.yaml")) {
            Ok(text) if file::sha256(&text) == known => {}
            Ok(_) => differences.push("manifest.yaml is not the manifest it was made from".into()),
            Err(_) => differences.push("manifest.yaml is gone".into()),
        }
    }
    differences
}

/// The end that was announced to the launcher against the one in the record.
pub fn of_announcement(kept: &Record, dir: &Path) -> Vec<String> {
    let (true, Ok(wait)) = (dir.join(end::FILE).exists(), kept.get::<Wait>("wait")) else {
        return Vec::new(); // without a launcher nothing was announced
    };
    let Some(end) = End::load(dir) else {
        return vec![format!("{} cannot be read", end::FILE)];
    };
    let mut differences = Vec::new();
    let pairs = [
        ("outcome", json!(wait.outcome), json!(end.outcome)),
        (
            "ended_at_ms",
            json!(wait.ended_at_ms),
            json!(end.ended_at_ms),
        ),
    ];
    for (name, recorded, found) in pairs {
        differ(name, &recorded, &found, end::FILE, &mut differences);
    }
    differences
}

/// The snapshot's file against the record.
pub fn of_file(kept: &Record, path: &Path) -> Vec<String> {
    let Ok(export) = kept.get::<Export>("export") else {
        return vec!["run.json has no \"export\" that can be read".into()];
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Ok(bytes) = fs::read(path) else {
        return vec![format!("{name} is gone, or cannot be read")];
    };
    let mut differences = Vec::new();
    if bytes.len() as u64 != export.bytes {
        differences.push(format!(
            "{name} has {} bytes, and run.json says {}",
            bytes.len(),
            export.bytes
        ));
    }
    let sha256 = file::sha256(&bytes);
    if sha256 != export.sha256 {
        differences.push(format!(
            "{name} has the sha256 {sha256:.12}.., and run.json says {:.12}..",
            export.sha256
        ));
    }
    differences
}

/// What a snapshot says of its run and of its end, against the record.
pub fn of_run(kept: &Record, view: &View) -> Vec<String> {
    let mut differences = Vec::new();
    let run = kept.value("run").cloned().unwrap_or_default();
    differ(
        "run",
        &fixed(run),
        &fixed(view.run.clone()),
        "its snapshot",
        &mut differences,
    );
    differences.extend(
        view.row
            .into_iter()
            .flat_map(|row| of_end(kept, row, "its snapshot")),
    );
    differences
}

/// How the run ended, by its row in `experiment_runs`; a database that was never free was not told.
fn of_end(kept: &Record, row: &RunRow, place: &str) -> Vec<String> {
    let (Some(outcome), Ok(wait)) = (&row.outcome, kept.get::<Wait>("wait")) else {
        return Vec::new();
    };
    let launch = kept.get::<Launch>("launch").ok();
    let started = launch.map(|launch| launch.released_at_ms.unwrap_or(launch.started_at_ms));
    let pairs = [
        ("outcome", json!(wait.outcome), json!(outcome)),
        (
            "ended_at_ms",
            json!(wait.ended_at_ms),
            json!(row.completed_at),
        ),
        ("started_at_ms", json!(started), json!(row.started_at)),
    ];
    let mut differences = Vec::new();
    for (name, recorded, found) in pairs {
        differ(name, &recorded, &found, place, &mut differences);
    }
    differences
}

/// The database against the record: the run, its end, and of a run that completed its tasks by state (in others agents may
/// have gone on for a moment after it was decided).
pub fn of_database(kept: &Record, dir: &Path) -> Vec<String> {
    let made: Instantiate = kept.get("instantiate").unwrap_or_default();
    let Some(name) = Path::new(&made.db).file_name() else {
        return Vec::new();
    };
    let is_shared = kept.get::<Run>("run").is_ok_and(|run| run.shared_db);
    let path = if is_shared {
        dir.with_file_name(name)
    } else {
        dir.join(name)
    };
    let title = name.to_string_lossy();
    if !path.exists() {
        return vec![format!("{title} is gone")];
    }
    let snapshot = match load(&path, &How::default(), &Value::Null) {
        Ok((snapshot, _)) => snapshot,
        Err(error) => return vec![format!("{title} cannot be read: {}", error.cause)],
    };
    let rows = &snapshot.runs;
    let Some(row) = rows.iter().find(|row| row.id == kept.id()) else {
        return vec![format!("{title} does not know the run")];
    };
    let view = View::of(&snapshot, Some(row));
    let mut differences = Vec::new();
    let run = kept.value("run").cloned().unwrap_or_default();
    differ(
        "run",
        &fixed(run),
        &fixed(view.run.clone()),
        &title,
        &mut differences,
    );
    differences.extend(of_end(kept, row, &title));
    let wait = kept
        .value("wait")
        .filter(|wait| wait["outcome"] == "completed");
    if let (Some(wait), Some(found)) = (wait, record::wait(&view)) {
        differ(
            "states",
            &wait["states"],
            &found["states"],
            &title,
            &mut differences,
        );
    }
    differences
}

/// Each metric in the record against the one computed now.
pub fn of_metrics(kept: &Record, now: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let recorded = kept.value("metrics").and_then(Value::as_object);
    // Through text, as the recorded ones went: parsing may lose the last digit, and then of both.
    let now: Value = serde_json::from_str(&now.to_string()).unwrap_or_default();
    for (name, recorded) in recorded.into_iter().flatten() {
        if name != "warnings" {
            differ(
                &format!("metrics.{name}"),
                recorded,
                &now[name],
                "its snapshot",
                &mut differences,
            );
        }
    }
    differences
}

/// The `run` object without what may change.
fn fixed(mut run: Value) -> Value {
    if let Some(run) = run.as_object_mut() {
        run.retain(|key, _| !SHOWN.contains(&key.as_str()));
    }
    if let Some(limits) = run.get_mut("limits").and_then(Value::as_object_mut) {
        limits.retain(|key, _| !SHOWN_LIMITS.contains(&key.as_str()));
    }
    run
}

/// Whether two numbers are the same: jq 1.6, between two stages, makes 20 of 20.0, and the last digits of a sum of reals depend on
/// the order of what is summed, which may change between versions.
fn is_same(one: &Number, other: &Number) -> bool {
    if one.as_f64() == other.as_f64() {
        return true;
    }
    let reals = one.as_f64().zip(other.as_f64());
    let reals = reals.filter(|_| one.is_f64() && other.is_f64());
    reals.is_some_and(|(one, other)| (one - other).abs() <= ROUNDING * one.abs())
}

/// How far two sums of the same reals may be apart, of their size.
const ROUNDING: f64 = 1e-12;

/// Say where two values differ, leaf by leaf.
fn differ(name: &str, recorded: &Value, found: &Value, place: &str, differences: &mut Vec<String>) {
    match (recorded, found) {
        (one, other) if one == other => {}
        (Value::Number(one), Value::Number(other)) if is_same(one, other) => {}
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                differ(
                    &format!("{name}.{key}"),
                    &recorded[key],
                    &found[key],
                    place,
                    differences,
                );
            }
        }
        _ => differences.push(format!(
            "{name} is {} in run.json, and {} in {place}",
            short(recorded),
            short(found)
        )),
    }
}

/// A value as far as it is worth showing.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(60).chain("..".chars()).collect()
}
