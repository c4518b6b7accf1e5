//! A run as a database of the host: made empty by the host itself, then filled.

use crate::plan::{BEGIN_MS, Plan, Task, WORKERS};
use rusqlite::{Connection, Statement, params};
use serde_json::json;
use std::path::Path;
use tg_host::{Host, empty_database};

/// The result of a step of a benchmark; its error is only printed.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Creates the database of a run at `path`.
pub fn write(plan: &Plan, path: &Path) -> Result<()> {
    let _ = std::fs::remove_file(path);
    make_empty(path)?;
    let mut db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF;",
    )?;
    let transaction = db.transaction()?;
    fill(&transaction, plan)?;
    transaction.commit()?;
    // The mode in which the host leaves it.
    db.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    Ok(())
}

/// Creates an empty database with the host.
pub fn make_empty(path: &Path) -> Result<()> {
    let host = Host::find().map_err(|error| error.cause)?;
    empty_database::create(&host, path).map_err(|error| error.cause)?;
    Ok(())
}

/// Inserts everything in the order of time: the new tasks, then their history.
pub fn fill(db: &Connection, plan: &Plan) -> Result<()> {
    for at in 0..WORKERS.min(plan.tasks) {
        let worker = Plan::worker(at);
        db.execute(
            "INSERT INTO workers(id, tags, registered_at, last_heartbeat) VALUES (?1, '[]', ?2, ?2)",
            params![worker, BEGIN_MS],
        )?;
    }
    let mut statements = Statements::new(db)?;
    for at in 0..plan.tasks {
        statements.task(&plan.task(at))?;
    }
    for at in 0..plan.tasks {
        let task = plan.task(at);
        statements.rows(&task, 0, 1)?;
    }
    for at in 0..plan.tasks {
        let task = plan.task(at);
        statements.rows(&task, 1, usize::MAX)?;
        statements.more(&task)?;
    }
    Ok(())
}

/// Inserts the tasks in their initial state, as `tg-instantiate` does.
pub fn fill_new(db: &Connection, plan: &Plan) -> Result<()> {
    db.execute_batch(tg_host::experiment_tables::CREATE)?;
    let mut statements = Statements::new(db)?;
    let mut origin = db.prepare("INSERT INTO experiment_tasks VALUES ('r', ?1, ?1, NULL)")?;
    for &at in &plan.by_id {
        let task = plan.task(at as usize);
        statements.task(&task)?;
        statements.rows(&task, 0, 1)?;
        origin.execute([&task.id])?;
    }
    for &at in &plan.by_id {
        let mut task = plan.task(at as usize);
        task.attachment = None;
        statements.more(&task)?;
    }
    Ok(())
}

struct Statements<'db> {
    task: Statement<'db>,
    row: Statement<'db>,
    edge: Statement<'db>,
    tag: Statement<'db>,
    attachment: Statement<'db>,
}

impl<'db> Statements<'db> {
    fn new(db: &'db Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            task: db.prepare(
                "INSERT INTO tasks(id, title, description, status, priority, tags, points, time_estimate_ms, time_actual_ms,
                 started_at, completed_at, metric_0, metric_1, metric_2, metric_3, metric_6, cost_usd, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, '5', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?10)",
            )?,
            row: db.prepare(
                "INSERT INTO task_sequence(id, task_id, worker_id, status, phase, timestamp, end_timestamp)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            edge: db.prepare("INSERT INTO dependencies VALUES (?1, ?2, ?3)")?,
            tag: db.prepare("INSERT INTO task_tags VALUES (?1, ?2)")?,
            attachment: db.prepare(
                "INSERT INTO attachments(task_id, attachment_type, sequence, content, created_at) VALUES (?1, 'note', 0, ?2, ?3)",
            )?,
        })
    }

    fn task(&mut self, task: &Task) -> rusqlite::Result<()> {
        self.task.execute(params![
            task.id,
            task.title,
            task.description,
            task.status,
            json!(task.tags).to_string(),
            task.points,
            task.estimate_ms,
            task.actual_ms,
            task.started_at,
            task.completed_at,
            task.slots[0],
            task.slots[1],
            task.slots[2],
            task.slots[3],
            task.slots[6],
            task.cost_usd,
            task.created_at,
        ])?;
        Ok(())
    }

    fn rows(&mut self, task: &Task, from: usize, to: usize) -> rusqlite::Result<()> {
        for row in &task.rows[from..to.min(task.rows.len())] {
            self.row.execute(params![
                row.id, task.id, row.worker, row.status, row.phase, row.begin, row.end
            ])?;
        }
        Ok(())
    }

    fn more(&mut self, task: &Task) -> rusqlite::Result<()> {
        for (from, kind) in &task.edges {
            self.edge.execute(params![from, task.id, kind])?;
        }
        for tag in &task.tags {
            self.tag.execute(params![task.id, tag])?;
        }
        if let Some(content) = &task.attachment {
            self.attachment
                .execute(params![task.id, content, task.completed_at])?;
        }
        Ok(())
    }
}
