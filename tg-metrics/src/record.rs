//! The record of a run as its snapshot tells it, for snapshots that come without one.
//!
//! What the snapshot does not say is left out, not guessed: the host's own export knows neither arm nor outcome.

use crate::scope;
use crate::view::View;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tg_host::Ledger;
use tg_stage::{Record, Result, Run};

/// The record of the run in `view`, read from `path`, which is a snapshot, or the database itself.
pub fn of(snapshot: &Ledger, view: &View, path: &Path, is_database: bool) -> Result<Record> {
    let mut record = Record::new(&Run::default())?;
    record.set("run", &run(view, path))?;
    let mut made = instantiate(snapshot, view);
    if is_database {
        made["db"] = path.display().to_string().into();
    }
    record.set("instantiate", &made)?;
    if let Some(launch) = launch(view) {
        record.set("launch", &launch)?;
    }
    if let Some(wait) = wait(view) {
        record.set("wait", &wait)?;
    }
    Ok(record)
}

fn run(view: &View, path: &Path) -> Value {
    let mut run = view.run.as_object().cloned().unwrap_or_default();
    let id = view.row.map_or_else(|| name(path), |row| row.id.clone());
    run.entry("id").or_insert_with(|| id.into());
    run.entry("arm").or_insert_with(|| "unknown".into());
    run.entry("workflow")
        .or_insert_with(|| view.config["workflow"].as_str().unwrap_or("unknown").into());
    run.into()
}

/// The file's name without its endings; `snapshot` and `tasks` have the name of their directory.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = file.strip_suffix(".gz").unwrap_or(&file);
    let stem = [".json", ".db"]
        .iter()
        .find_map(|ending| stem.strip_suffix(ending))
        .unwrap_or(stem);
    let parent = path
        .parent()
        .and_then(Path::file_name)
        .filter(|_| matches!(stem, "snapshot" | "tasks"));
    parent.map_or_else(
        || stem.to_string(),
        |parent| parent.to_string_lossy().into_owned(),
    )
}

fn instantiate(snapshot: &Ledger, view: &View) -> Value {
    let mut object = Map::new();
    object.insert("tasks".into(), view.len().into());
    let ordering = view.edges().filter(|edge| edge.is_ordering).count();
    let ordering = ordering + snapshot.left_out_edges();
    object.insert("ordering_deps".into(), ordering.into());
    let host = view.config["host_version"].as_str();
    let host = host.or_else(|| snapshot.exported_by.strip_prefix("task-graph-mcp v"));
    let created = view.tasks().filter_map(|task| task.created_at).min();
    let known = [
        ("host", host.map(Value::from)),
        ("created_at_ms", created.map(Value::from)),
    ];
    object.extend(
        known
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_string(), value?))),
    );
    object.into()
}

/// When the run was launched and beside how many others, as far as its row says.
fn launch(view: &View) -> Option<Value> {
    let row = view.row?;
    let known = [
        ("started_at_ms", row.started_at),
        ("side_by_side", row.side_by_side),
    ];
    let known = known
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_string(), value?.into())));
    Some(Value::Object(known.collect())).filter(|launch| launch["started_at_ms"].is_number())
}

/// How the run ended, and its tasks by state, as far as its rows say.
pub fn wait(view: &View) -> Option<Value> {
    let row = view.row?;
    let mut wait = Map::new();
    wait.insert("outcome".into(), row.outcome.as_deref()?.into());
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for story in scope::work(view) {
        *states.entry(story.task.status).or_default() += 1;
    }
    wait.insert("states".into(), json!(states));
    if let Some(ended) = row.completed_at {
        wait.insert("ended_at_ms".into(), ended.into());
    }
    Some(wait.into())
}
