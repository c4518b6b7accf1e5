//! The questions of the simulated agent about its run, asked through the host's own `query` tool (read-only SQL over MCP).

use crate::{Caller, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most rows that the host returns at once.
const PAGE: usize = 1000;

/// A run, as `experiment_runs` keeps it.
#[derive(Debug, Default, Deserialize)]
pub struct RunRow {
    /// Id of the run.
    pub id: String,
    /// The run object, as JSON.
    pub run_json: Option<String>,
    /// The workflow's effective rules, as JSON.
    pub rules: Option<String>,
    /// The parts that the rules lack, as JSON.
    pub missing: Option<String>,
}

/// A task's properties that its work depends on.
#[derive(Debug, Default, Deserialize)]
pub struct TaskRow {
    /// Id of the task.
    pub id: String,
    /// Id in the template.
    pub origin: Option<String>,
    /// The estimated duration.
    pub estimate_ms: Option<i64>,
    /// The phase that the task is in.
    pub phase: Option<String>,
    /// The reason of its first handover.
    pub handed_over: Option<String>,
}

/// All runs in the database; none if it has no table of runs.
pub fn runs(host: &mut Caller) -> Result<Vec<RunRow>> {
    let sql = "SELECT id, run_json, json_extract(config_snapshot, '$.effective') AS rules,
               json_extract(config_snapshot, '$.missing') AS missing FROM experiment_runs";
    match rows(host, sql) {
        Err(error) if error.cause.contains("no such table") => Ok(Vec::new()),
        found => found,
    }
}

/// All tags that some task needs.
pub fn needed_tags(host: &mut Caller) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT tag AS id FROM task_needed_tags ORDER BY tag";
    ids(host, sql)
}

/// The tags that some of these tasks need.
pub fn needed_tags_of(host: &mut Caller, tasks: &BTreeSet<String>) -> Result<Vec<String>> {
    let tasks = list(tasks);
    let sql = format!("SELECT DISTINCT tag AS id FROM task_needed_tags WHERE task_id IN ({tasks})");
    ids(host, &sql)
}

/// True if some task of the run that is not a container is in one of `states`.
pub fn has_task_in<'a>(
    host: &mut Caller,
    run: &str,
    states: impl IntoIterator<Item = &'a String>,
) -> Result<bool> {
    let sql = format!(
        "SELECT id FROM tasks WHERE status IN ({}) AND deleted_at IS NULL {} AND id NOT IN
         (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains') LIMIT 1",
        list(states),
        in_run("id", run)
    );
    Ok(!ids(host, &sql)?.is_empty())
}

/// The tasks of the run, in order.
pub fn tasks(host: &mut Caller, run: &str) -> Result<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let last = all.last().map_or("", String::as_str);
        let sql = format!(
            "SELECT id FROM tasks WHERE deleted_at IS NULL {} AND id > {} ORDER BY id",
            in_run("id", run),
            literal(last)
        );
        let page = ids(host, &sql)?;
        let is_last = page.len() < PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// All tasks that contain others.
pub fn containers(host: &mut Caller) -> Result<BTreeSet<String>> {
    let sql = "SELECT DISTINCT from_task_id AS id FROM dependencies WHERE dep_type = 'contains'";
    Ok(ids(host, sql)?.into_iter().collect())
}

/// The topmost container of the run, if it has one.
pub fn root(host: &mut Caller, run: &str) -> Result<Option<String>> {
    let sql = format!(
        "SELECT DISTINCT from_task_id AS id FROM dependencies WHERE dep_type = 'contains' {} AND from_task_id NOT IN
         (SELECT to_task_id FROM dependencies WHERE dep_type = 'contains') ORDER BY id LIMIT 1",
        in_run("from_task_id", run)
    );
    Ok(ids(host, &sql)?.into_iter().next())
}

/// All pairs of a container and a task directly in it.
pub fn contained(host: &mut Caller) -> Result<Vec<(String, String)>> {
    let sql = "SELECT from_task_id AS parent, to_task_id AS child FROM dependencies WHERE dep_type = 'contains'";
    let text = |row: &Value, key: &str| Some(row[key].as_str()?.to_string());
    let pairs = rows::<Value>(host, sql)?;
    let pairs = pairs.iter();
    Ok(pairs
        .filter_map(|row| Some((text(row, "parent")?, text(row, "child")?)))
        .collect())
}

/// The tasks below `id` that contain no others.
pub fn leaves_below(host: &mut Caller, id: &str) -> Result<BTreeSet<String>> {
    let sql = format!(
        "WITH RECURSIVE below(id) AS (SELECT to_task_id FROM dependencies WHERE dep_type = 'contains' AND from_task_id = {}
         UNION SELECT to_task_id FROM dependencies JOIN below ON from_task_id = below.id WHERE dep_type = 'contains')
         SELECT id FROM below WHERE id NOT IN (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains')",
        literal(id)
    );
    Ok(ids(host, &sql)?.into_iter().collect())
}

/// A task, with the tags it needs and the number of times its work was begun: the entries of its history with state `timed`,
/// rollups not counted. The reason of a handover begins with `handover`.
pub fn task(
    host: &mut Caller,
    id: &str,
    timed: &str,
    handover: &str,
) -> Result<(TaskRow, Vec<String>, u64)> {
    let sql = format!(
        "{}, t.needed_tags AS needed, (SELECT count(*) FROM task_sequence WHERE task_id = t.id AND
         status = {} AND (reason IS NULL OR reason NOT LIKE 'auto-rollup:%')) AS stints FROM tasks t WHERE t.id = {}",
        select_task(handover),
        literal(timed),
        literal(id)
    );
    let row: Value = rows(host, &sql)?.into_iter().next().unwrap_or_default();
    let needed = row["needed"].as_str().unwrap_or_default();
    let needed = serde_json::from_str(needed).unwrap_or_default();
    let stints = row["stints"].as_u64().unwrap_or(0);
    let task = serde_json::from_value(row).unwrap_or_default();
    Ok((task, needed, stints))
}

/// The tasks directly before `id` without an attachment of type `found`, in order.
pub fn tasks_before(
    host: &mut Caller,
    id: &str,
    found: &str,
    handover: &str,
) -> Result<Vec<TaskRow>> {
    let sql = format!(
        "{} FROM tasks t JOIN dependencies d ON d.from_task_id = t.id AND d.dep_type IN ('follows', 'blocks')
         WHERE d.to_task_id = {} AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.task_id = t.id
         AND a.attachment_type = {}) ORDER BY t.id",
        select_task(handover),
        literal(id),
        literal(found)
    );
    rows(host, &sql)
}

/// The columns of a [`TaskRow`], from `tasks t`.
fn select_task(handover: &str) -> String {
    format!(
        "SELECT t.id AS id, (SELECT template_task_id FROM experiment_tasks WHERE task_id = t.id) AS origin,
         t.time_estimate_ms AS estimate_ms, t.phase AS phase, (SELECT reason FROM task_sequence WHERE task_id = t.id
         AND reason LIKE {} ORDER BY id LIMIT 1) AS handed_over",
        literal(&format!("{handover}%"))
    )
}

/// A condition that restricts the task id in `column` to the run; none if the run has no id.
fn in_run(column: &str, run: &str) -> String {
    if run.is_empty() {
        return String::new();
    }
    let run = literal(run);
    format!("AND {column} IN (SELECT task_id FROM experiment_tasks WHERE run_id = {run})")
}

/// The rows of a query; at most [`PAGE`] of them.
fn rows<T: for<'de> Deserialize<'de>>(host: &mut Caller, sql: &str) -> Result<Vec<T>> {
    let arguments = json!({"sql": sql, "format": "json", "limit": PAGE});
    let mut answer = host.call("query", &arguments)?;
    match answer["rows"].take() {
        Value::Null => Ok(Vec::new()),
        rows => serde_json::from_value(rows).map_err(|cause| Error::new("query", cause)),
    }
}

/// The texts in the column `id` of a query.
fn ids(host: &mut Caller, sql: &str) -> Result<Vec<String>> {
    let rows = rows::<Value>(host, sql)?;
    let ids = rows.iter().filter_map(|row| row["id"].as_str());
    Ok(ids.map(String::from).collect())
}

fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let literals: Vec<String> = texts.into_iter().map(|text| literal(text)).collect();
    literals.join(",")
}

/// A text as an SQL literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
