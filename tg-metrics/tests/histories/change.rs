//! Changes of a snapshot that do not change its events, or change them by a known amount.

use serde_json::{Value, json};
use std::collections::BTreeMap;

const TIMES: [&str; 9] = [
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "deleted_at",
    "timestamp",
    "end_timestamp",
    "connected_at",
    "ended_at",
];

const DURATIONS: [&str; 2] = ["time_actual_ms", "time_estimate_ms"];

const TASKS: [&str; 3] = ["task_id", "from_task_id", "to_task_id"];

/// The rows of each table.
fn tables(snapshot: &mut Value) -> impl Iterator<Item = (&String, &mut Vec<Value>)> {
    let tables = snapshot["tables"].as_object_mut().unwrap();
    tables
        .iter_mut()
        .map(|(name, rows)| (name, rows.as_array_mut().unwrap()))
}

fn map(snapshot: &mut Value, columns: &[&str], change: impl Fn(i64) -> i64) {
    for row in tables(snapshot).flat_map(|(_, rows)| rows) {
        for column in columns {
            if let Some(value) = row.get(column).and_then(Value::as_i64) {
                row[*column] = json!(change(value));
            }
        }
    }
}

/// All events, so many milliseconds later.
pub fn shift(snapshot: &mut Value, by: i64) {
    map(snapshot, &TIMES, |time| time + by);
}

/// All events, at half the speed.
pub fn slow_down(snapshot: &mut Value) {
    map(snapshot, &TIMES, |time| time * 2);
    map(snapshot, &DURATIONS, |time| time * 2);
}

/// The rows of every table in the order of `keys`, over and over.
pub fn shuffle(snapshot: &mut Value, keys: &[u32]) {
    for (_, rows) in tables(snapshot) {
        let mut keyed: Vec<_> = keys.iter().cycle().zip(rows.drain(..)).collect();
        keyed.sort_by_key(|(key, _)| **key);
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }
}

/// New ids for tasks, workers and runs, in the order of `keys`, or in their present order. A lock stays a lock.
pub fn rename(snapshot: &mut Value, keys: Option<&[u32]>) {
    let mut names = BTreeMap::new();
    for (table, rows) in tables(snapshot) {
        for row in rows {
            for column in ids(table) {
                if let Some(id) = row[column].as_str() {
                    names.insert(id.to_string(), String::new());
                }
            }
        }
    }
    let number = names.len();
    for (at, (old, new)) in names.iter_mut().enumerate() {
        let key = keys.map_or(at as u32, |keys| keys[at % keys.len()]);
        let lock = if old.starts_with("_lock:") {
            "_lock:"
        } else {
            "n"
        };
        *new = format!(
            "{lock}{key:010}-{:03}",
            if keys.is_some() { number - at } else { at }
        );
    }
    for (table, rows) in tables(snapshot) {
        for row in rows {
            for column in ids(table) {
                if let Some(id) = row[column].as_str() {
                    row[column] = json!(names[id]);
                }
            }
        }
    }
}

fn ids(table: &str) -> Vec<&'static str> {
    let own = matches!(table, "tasks" | "experiment_runs").then_some("id");
    let others = ["worker_id", "run_id"];
    own.into_iter().chain(TASKS).chain(others).collect()
}
