//! Queries about a whole database that is written to a snapshot: its runs, its unknown agents, its newest time.

use crate::rows::Table;
use rusqlite::{Connection, OptionalExtension, Result};

/// The name of the table of runs.
pub const RUNS: &str = "experiment_runs";

/// The name of the table of agents.
pub const AGENTS: &str = "experiment_agents";

/// The history's name since host 0.2, and the one in host 0.1.
const HISTORIES: [&str; 2] = ["task_sequence", "task_state_sequence"];

/// True if the database has a table called `name`.
pub fn has_table(tables: &[Table], name: &str) -> bool {
    tables.iter().any(|table| table.name == name)
}

/// True if host 0.1 made the database.
pub fn is_of_first_host(tables: &[Table]) -> bool {
    has_table(tables, HISTORIES[1])
}

/// True if `run` is one of several runs in the database.
pub fn is_shared(db: &Connection, tables: &[Table], run: &str) -> Result<bool> {
    if !has_table(tables, RUNS) {
        return Ok(false);
    }
    let sql = "SELECT count(*) > 1 AND sum(id = ?1) > 0 FROM experiment_runs";
    let is_shared: Option<bool> = db.query_row(sql, [run], |row| row.get(0))?;
    Ok(is_shared.unwrap_or(false))
}

/// True if the database has a row for `run` and no outcome in it.
pub fn lacks_outcome(db: &Connection, tables: &[Table], run: &str) -> Result<bool> {
    if !has_table(tables, RUNS) {
        return Ok(false);
    }
    let sql = "SELECT outcome IS NULL FROM experiment_runs WHERE id = ?1";
    let lacks = db.query_row(sql, [run], |row| row.get(0)).optional()?;
    Ok(lacks.unwrap_or(false))
}

/// True if the database has a row for this agent of the run.
pub fn has_agent(db: &Connection, tables: &[Table], run: &str, worker: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM experiment_agents WHERE run_id = ?1 AND worker_id = ?2";
    Ok(has_table(tables, AGENTS) && db.prepare_cached(sql)?.exists([run, worker])?)
}

/// The newest end of a run in the database, in milliseconds since the epoch.
pub fn last_end(db: &Connection, tables: &[Table]) -> Result<Option<i64>> {
    if !has_table(tables, RUNS) {
        return Ok(None);
    }
    newest(db, RUNS, "completed_at")
}

/// The newest time of a task, in milliseconds since the epoch.
pub fn last_change(db: &Connection, tables: &[Table]) -> Result<Option<i64>> {
    let history = HISTORIES.iter().find(|name| has_table(tables, name));
    let changed = history.map(|name| newest(db, name, "timestamp"));
    Ok(changed
        .transpose()?
        .flatten()
        .max(newest(db, "tasks", "updated_at")?))
}

/// True if the database has a history of its tasks, as every database of the host has.
pub fn has_history(tables: &[Table]) -> bool {
    HISTORIES.iter().any(|name| has_table(tables, name))
}

fn newest(db: &Connection, table: &str, column: &str) -> Result<Option<i64>> {
    let sql = format!("SELECT max({column}) FROM {table} WHERE typeof({column}) = 'integer'");
    db.query_row(&sql, [], |row| row.get(0))
}
