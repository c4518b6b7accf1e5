//! A run's record made from its snapshot, for snapshots without a record.
//!
//! Values that the snapshot lacks are left out, not guessed: the host's own export has neither arm nor outcome.

use crate::scope;
use crate::view::View;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::{Record, Result, Run};

/// The record of the run in `view`, read from `path`, which is a snapshot or a database.
pub fn snapshot_record(view: &View, path: &Path, is_database: bool) -> Result<Record> {
    let mut record = Record::new(&Run::default())?;
    record.set("run", &run(view, path))?;
    let mut made = instantiate(view);
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
    let mut run = view.run.json.as_object().cloned().unwrap_or_default();
    let id = view.row.map_or_else(|| name(path), |row| row.id.clone());
    let workflow = view.config.workflow.as_deref().unwrap_or("unknown");
    for (key, value) in [
        ("id", id.as_str()),
        ("arm", "unknown"),
        ("workflow", workflow),
    ] {
        run.entry(key).or_insert_with(|| value.into());
    }
    run.into()
}

/// The file's name without its extensions; for `snapshot` and `tasks` the name of the directory.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = file.strip_suffix(".gz").unwrap_or(&file);
    let mut endings = [".json", ".db"].iter();
    let stem = endings
        .find_map(|ending| stem.strip_suffix(ending))
        .unwrap_or(stem);
    let parent = path.parent().and_then(Path::file_name);
    let parent = parent.filter(|_| matches!(stem, "snapshot" | "tasks"));
    parent.map_or_else(|| stem.into(), |dir| dir.to_string_lossy().into_owned())
}

fn instantiate(view: &View) -> Value {
    let ordering = view.edges().filter(|edge| edge.is_ordering).count();
    let host = view.config.host_version.as_deref();
    let host = host.or_else(|| view.ledger.exported_by.strip_prefix("task-graph-mcp v"));
    let created = view.tasks().filter_map(|task| task.created_at).min();
    known([
        ("tasks", Some(view.len().into())),
        (
            "ordering_deps",
            Some((ordering + view.ledger.left_out_edges()).into()),
        ),
        ("host", host.map(Value::from)),
        ("created_at_ms", created.map(Value::from)),
    ])
}

/// The launch of the run and the number of runs beside it, if its row has them.
fn launch(view: &View) -> Option<Value> {
    let row = view.row?;
    let started = row.started_at?;
    Some(known([
        ("started_at_ms", Some(started.into())),
        ("side_by_side", row.side_by_side.map(Value::from)),
    ]))
}

/// The outcome of the run, and its tasks by state, if its row has an outcome.
pub fn wait(view: &View) -> Option<Value> {
    let row = view.row?;
    let outcome = row.outcome.as_deref()?;
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for story in scope::work(view) {
        *states.entry(story.task.status).or_default() += 1;
    }
    Some(known([
        ("outcome", Some(outcome.into())),
        ("states", Some(json!(states))),
        ("ended_at_ms", row.completed_at.map(Value::from)),
    ]))
}

/// An object of the values that are known.
fn known<const N: usize>(values: [(&str, Option<Value>); N]) -> Value {
    let known = values.into_iter();
    let known = known.filter_map(|(key, value)| Some((key.to_string(), value?)));
    known.collect::<Map<_, _>>().into()
}
