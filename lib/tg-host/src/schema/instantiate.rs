//! Copying a task graph into a database: plain SQL, one transaction, all or nothing.
//!
//! The rows are those that the host's own `create_tree` would have written, column for column, except that all tasks have
//! one `created_at`. The host spreads them over two milliseconds, and its ready list (newest first) then differs from
//! run to run. Ties go by insertion, so the ready list follows the template. Full-text rows come from the host's
//! triggers. Task ids are new: the template's, and a suffix drawn from the run.

use super::start;
use crate::experiment_tables::{self, OriginRow, RunRow};
use crate::snapshot::{Dependency, TaskRow};
use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior, params};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// A task of a template.
#[derive(Debug, Clone)]
pub struct TemplateTask {
    /// Id in the template, which seeds the task's random draws and stands in its row of `experiment_tasks`.
    pub origin: String,
    /// Title, description, estimate and so on; runtime columns are ignored.
    pub task: TaskRow,
}

/// The values that a copy of a template gets.
#[derive(Debug, Default)]
pub struct Stamp<'a> {
    /// The row of the run that the copy belongs to.
    pub run: RunRow,
    /// Agents wait until all of them are connected.
    pub has_barrier: bool,
    /// The workflow's initial state.
    pub initial_state: &'a str,
    /// A tag that every task needs, so that only this run's agents see it.
    pub needed_tag: Option<String>,
    /// Tags added to every task.
    pub tags: Vec<String>,
    /// Prefix of every title.
    pub title_prefix: &'a str,
    /// An existing task that becomes the container of the copy.
    pub parent: Option<&'a str>,
}

/// Inserts a task graph with `now` as its creation time, in milliseconds since the epoch. `suffix` gives the end of the
/// new task ids for each attempt to find ids that are free.
pub fn insert(
    db: &mut Connection,
    tasks: &[TemplateTask],
    edges: &[Dependency],
    stamp: &Stamp,
    suffix: impl Fn(u32) -> String,
    now: i64,
) -> std::result::Result<(), String> {
    let text = |cause: rusqlite::Error| cause.to_string();
    let transaction = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(text)?;
    let problem = missing_parent(&transaction, stamp).map_err(text)?;
    problem.map_or(Ok(()), Err)?;
    insert_all(&transaction, tasks, edges, stamp, suffix, now)
        .and_then(|()| transaction.commit())
        .map_err(text)
}

/// True if the database holds a run of that id.
pub fn has_run(db: &Connection, id: &str) -> bool {
    let sql = "SELECT 1 FROM experiment_runs WHERE id = ?1";
    db.query_row(sql, [id], |_| Ok(())).is_ok()
}

fn missing_parent(db: &Transaction, stamp: &Stamp) -> Result<Option<String>> {
    let Some(parent) = stamp.parent else {
        return Ok(None);
    };
    let sql = "SELECT deleted_at FROM tasks WHERE id = ?1";
    let found = db.query_row(sql, [parent], |row| row.get::<_, Option<i64>>(0));
    Ok(match found.optional()? {
        None => Some(format!("has no task `{parent}` to be the parent")),
        Some(Some(_)) => Some(format!(
            "task `{parent}`, which was to be the parent, is deleted"
        )),
        Some(None) => None,
    })
}

fn insert_all(
    db: &Transaction,
    tasks: &[TemplateTask],
    edges: &[Dependency],
    stamp: &Stamp,
    suffix: impl Fn(u32) -> String,
    now: i64,
) -> Result<()> {
    db.execute_batch(experiment_tables::CREATE)?;
    let run = &stamp.run;
    experiment_tables::put_run(db, run)?;
    let ids = new_ids(db, tasks, suffix)?;
    for TemplateTask { origin, task } in tasks {
        let id = &ids[task.id.as_str()];
        insert_task(db, id, task, stamp, now)?;
        let origin = OriginRow {
            run_id: run.id.clone(),
            task_id: id.clone(),
            template_task_id: origin.clone(),
            phase: task.phase.clone(),
        };
        experiment_tables::put_origin(db, &origin)?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO dependencies (from_task_id, to_task_id, dep_type) VALUES (?1, ?2, ?3)",
    )?;
    for edge in edges {
        let ends = [&edge.from_task_id, &edge.to_task_id].map(|id| &ids[id.as_str()]);
        insert.execute(params![ends[0], ends[1], edge.dep_type])?;
    }
    if stamp.has_barrier {
        start::close_barrier(db, &run.id, stamp.initial_state, now)?;
    }
    if let Some(parent) = stamp.parent {
        for root in roots(tasks, edges) {
            insert.execute(params![parent, ids[root], "contains"])?;
        }
    }
    Ok(())
}

fn insert_task(db: &Transaction, id: &str, task: &TaskRow, stamp: &Stamp, now: i64) -> Result<()> {
    let needed = with(&task.needed_tags, stamp.needed_tag.as_slice());
    let tags = with(&task.tags, &stamp.tags);
    db.prepare_cached(
        "INSERT INTO tasks (id, title, description, status, priority, needed_tags, wanted_tags, tags, points,
                            time_estimate_ms, created_at, updated_at, phase)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12)",
    )?
    .execute(params![
        id,
        format!("{}{}", stamp.title_prefix, task.title),
        task.description,
        stamp.initial_state,
        task.priority.as_deref().unwrap_or("5"),
        json!(needed).to_string(),
        json!(task.wanted_tags).to_string(),
        json!(tags).to_string(),
        task.points.map(|points| points as i64),
        task.time_estimate_ms,
        now,
        task.phase,
    ])?;
    let wanted = task.wanted_tags.iter().collect();
    for (table, tags) in [
        ("task_tags", tags),
        ("task_needed_tags", needed),
        ("task_wanted_tags", wanted),
    ] {
        let sql = format!("INSERT INTO {table} (task_id, tag) VALUES (?1, ?2)");
        let mut insert = db.prepare_cached(&sql)?;
        for tag in tags {
            insert.execute(params![id, tag])?;
        }
    }
    db.prepare_cached("INSERT INTO task_sequence (task_id, status, timestamp, concurrency) VALUES (?1, ?2, ?3, 1)")?
        .execute(params![id, stamp.initial_state, now])?;
    Ok(())
}

/// The tags of a task and those added to it.
fn with<'a>(tags: &'a [String], added: &'a [String]) -> Vec<&'a String> {
    let added = added.iter().filter(|tag| !tags.contains(tag));
    tags.iter().chain(added).collect()
}

/// A new id for each task: `<template id>-<suffix>`, with the first suffix for which all ids are free.
fn new_ids<'t>(
    db: &Transaction,
    tasks: &'t [TemplateTask],
    suffix: impl Fn(u32) -> String,
) -> Result<HashMap<&'t str, String>> {
    let mut is_taken = db.prepare("SELECT EXISTS(SELECT 1 FROM tasks WHERE id = ?1)")?;
    for attempt in 0.. {
        let suffix = suffix(attempt);
        let id = |task: &'t TemplateTask| format!("{}-{suffix}", task.origin);
        let mut is_used = false;
        for task in tasks {
            is_used |= is_taken.query_row([id(task)], |row| row.get::<_, bool>(0))?;
        }
        if !is_used {
            let ids = tasks.iter().map(|task| (task.task.id.as_str(), id(task)));
            return Ok(ids.collect());
        }
    }
    unreachable!("attempts do not end")
}

fn roots<'a>(tasks: &'a [TemplateTask], edges: &'a [Dependency]) -> impl Iterator<Item = &'a str> {
    let contains = edges.iter().filter(|edge| edge.is_containment());
    let inner: HashSet<&str> = contains.map(|edge| edge.to_task_id.as_str()).collect();
    let ids = tasks.iter().map(|task| task.task.id.as_str());
    ids.filter(move |id| !inner.contains(id))
}
