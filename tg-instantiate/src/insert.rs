//! Writing a template's tasks into a database: plain SQL, one transaction, all or nothing.
//!
//! The rows are what the host's own `create_tree` would have written, column for column, except that all tasks carry
//! one `created_at`: the host spreads them over two milliseconds, and its ready list (newest first) then differs from
//! run to run. Ties go by insertion, so the ready list follows the template. Full-text rows come from the host's
//! triggers. Task ids are fresh: the template's, and a suffix drawn from the run.

use crate::template::{Template, TemplateTask};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::json;
use std::collections::HashMap;
use tg_stage::file::sha256;
use tg_stage::{Result, Run};

/// What to stamp on the copy.
#[derive(Debug, Default)]
pub struct Stamp<'a> {
    /// The run it belongs to; goes into `experiment_runs` whole.
    pub run: Run,
    /// The workflow's initial state.
    pub initial_state: &'a str,
    /// A tag that every task is to need, so that only this run's agents see it.
    pub needed_tag: Option<String>,
    /// Tags added to every task.
    pub tags: Vec<String>,
    /// Put before every title.
    pub title_prefix: &'a str,
    /// An existing task that is to contain the copy.
    pub parent: Option<&'a str>,
    /// The workflow configuration, as JSON.
    pub config_snapshot: Option<String>,
}

/// Insert `template`, with everything created at `now` (milliseconds since the epoch).
pub fn template(
    db: &mut Connection,
    template: &Template,
    stamp: &Stamp,
    now: i64,
) -> Result<(), String> {
    let transaction = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(text)?;
    let problem = missing_parent(&transaction, stamp).map_err(text)?;
    if let Some(problem) = problem {
        return Err(problem);
    }
    rows(&transaction, template, stamp, now)
        .and_then(|()| transaction.commit())
        .map_err(text)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(cause: rusqlite::Error) -> String {
    cause.to_string()
}

fn missing_parent(db: &Transaction, stamp: &Stamp) -> rusqlite::Result<Option<String>> {
    let Some(parent) = stamp.parent else {
        return Ok(None);
    };
    let found = db.query_row(
        "SELECT deleted_at FROM tasks WHERE id = ?1",
        [parent],
        |row| row.get::<_, Option<i64>>(0),
    );
    Ok(match found.optional()? {
        None => Some(format!("has no task `{parent}` to be the parent")),
        Some(Some(_)) => Some(format!(
            "task `{parent}`, which was to be the parent, is deleted"
        )),
        Some(None) => None,
    })
}

fn rows(db: &Transaction, template: &Template, stamp: &Stamp, now: i64) -> rusqlite::Result<()> {
    db.execute_batch(tg_host::experiment::CREATE)?;
    let run = &stamp.run;
    db.execute(
        "INSERT INTO experiment_runs (id, experiment_name, workflow_name, agent_count, template_name, config_snapshot, run_json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![run.id, run.experiment, run.workflow, run.agents, run.template, stamp.config_snapshot, json!(run).to_string()],
    )?;
    let ids = fresh_ids(db, template, run)?;
    for TemplateTask { origin, task } in &template.tasks {
        let id = &ids[task.id.as_str()];
        insert_task(db, id, task, stamp, now)?;
        db.prepare_cached(
            "INSERT INTO experiment_tasks (run_id, task_id, template_task_id, phase) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![run.id, id, origin, task.phase])?;
    }
    let mut edge = db.prepare_cached(
        "INSERT INTO dependencies (from_task_id, to_task_id, dep_type) VALUES (?1, ?2, ?3)",
    )?;
    for dependency in &template.dependencies {
        let (from, to) = (
            &ids[dependency.from_task_id.as_str()],
            &ids[dependency.to_task_id.as_str()],
        );
        edge.execute(params![from, to, dependency.dep_type])?;
    }
    if run.start_gate {
        tg_host::experiment::close_gate(db, &run.id, stamp.initial_state, now)?;
    }
    if let Some(parent) = stamp.parent {
        for root in roots(template) {
            edge.execute(params![parent, ids[root], "contains"])?;
        }
    }
    Ok(())
}

fn insert_task(
    db: &Transaction,
    id: &str,
    task: &tg_host::snapshot::Task,
    stamp: &Stamp,
    now: i64,
) -> rusqlite::Result<()> {
    let mut needed = task.needed_tags.clone();
    needed.extend(
        stamp
            .needed_tag
            .iter()
            .filter(|tag| !task.needed_tags.contains(tag))
            .cloned(),
    );
    let mut tags = task.tags.clone();
    tags.extend(
        stamp
            .tags
            .iter()
            .filter(|tag| !task.tags.contains(tag))
            .cloned(),
    );
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
    for (sql, tags) in [
        (
            "INSERT INTO task_tags (task_id, tag) VALUES (?1, ?2)",
            &tags,
        ),
        (
            "INSERT INTO task_needed_tags (task_id, tag) VALUES (?1, ?2)",
            &needed,
        ),
        (
            "INSERT INTO task_wanted_tags (task_id, tag) VALUES (?1, ?2)",
            &task.wanted_tags,
        ),
    ] {
        let mut insert = db.prepare_cached(sql)?;
        for tag in tags {
            insert.execute(params![id, tag])?;
        }
    }
    db.prepare_cached("INSERT INTO task_sequence (task_id, status, timestamp, concurrency) VALUES (?1, ?2, ?3, 1)")?
        .execute(params![id, stamp.initial_state, now])?;
    Ok(())
}

/// A fresh id for each task: `<template id>-<five characters drawn from the run>`, other ones if some are taken.
fn fresh_ids<'t>(
    db: &Transaction,
    template: &'t Template,
    run: &Run,
) -> rusqlite::Result<HashMap<&'t str, String>> {
    let mut taken = db.prepare("SELECT EXISTS(SELECT 1 FROM tasks WHERE id = ?1)")?;
    for attempt in 0.. {
        let seed = format!("{}/{}/{attempt}", run.experiment, run.id);
        let suffix = &sha256(seed.as_bytes())[..5];
        let ids: HashMap<&str, String> = template
            .tasks
            .iter()
            .map(|task| (task.task.id.as_str(), format!("{}-{suffix}", task.origin)))
            .collect();
        let mut used = false;
        for task in &template.tasks {
            used |= taken.query_row([&ids[task.task.id.as_str()]], |row| row.get::<_, bool>(0))?;
        }
        if !used {
            return Ok(ids);
        }
    }
    unreachable!("attempts do not end")
}

fn roots(template: &Template) -> impl Iterator<Item = &str> {
    let inner: std::collections::HashSet<&str> = template
        .dependencies
        .iter()
        .filter(|edge| edge.is_containment())
        .map(|edge| edge.to_task_id.as_str())
        .collect();
    template
        .tasks
        .iter()
        .map(|task| task.task.id.as_str())
        .filter(move |id| !inner.contains(id))
}
