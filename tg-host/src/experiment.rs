//! Our three tables beside the host's, which ignores them: `get_schema` and `query` see them, its export does not.
//!
//! They make a run database, and so a snapshot, tell the whole run: `experiment_runs` carries the run object and the
//! workflow configuration, `experiment_tasks` says which template task each task came from, `experiment_agents` who
//! worked in which role at what cost (the host forgets its workers when they leave). They are written before the first
//! server starts and after the last has ended, never between.

use rusqlite::{Connection, Result, params};
use serde::{Deserialize, Serialize};

/// Makes the tables where they are not.
pub const CREATE: &str = "
CREATE TABLE IF NOT EXISTS experiment_runs (
    id TEXT PRIMARY KEY,
    experiment_name TEXT NOT NULL,
    workflow_name TEXT NOT NULL,
    agent_count INTEGER,
    template_name TEXT,
    started_at INTEGER,
    completed_at INTEGER,
    config_snapshot TEXT,
    outcome TEXT,
    run_json TEXT
);
CREATE TABLE IF NOT EXISTS experiment_tasks (
    run_id TEXT NOT NULL,
    task_id TEXT PRIMARY KEY,
    template_task_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS experiment_agents (
    run_id TEXT NOT NULL,
    worker_id TEXT NOT NULL,
    role TEXT,
    tags TEXT,
    program TEXT,
    version TEXT,
    started_at INTEGER,
    connected_at INTEGER,
    ended_at INTEGER,
    exit TEXT,
    end_reason TEXT,
    cost_usd REAL,
    tokens_in INTEGER,
    tokens_out INTEGER,
    tokens_cached INTEGER,
    tokens_thinking INTEGER,
    cost_source TEXT,
    PRIMARY KEY (run_id, worker_id)
);";

/// A row of `experiment_agents`; times in milliseconds since the epoch, unknown is null.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentRow {
    /// The run.
    pub run_id: String,
    /// Worker id at the host.
    pub worker_id: String,
    /// `worker`, `coordinator`, ...
    pub role: Option<String>,
    /// JSON array of the tags it connected with.
    pub tags: Option<String>,
    /// The agent's program.
    pub program: Option<String>,
    /// What the program says of its version.
    pub version: Option<String>,
    /// Process started.
    pub started_at: Option<i64>,
    /// Registered at the host.
    pub connected_at: Option<i64>,
    /// Process ended.
    pub ended_at: Option<i64>,
    /// Exit status, or `signal 15`.
    pub exit: Option<String>,
    /// Why it ended: `exited`, `ended`, `cancelled`.
    pub end_reason: Option<String>,
    /// What it cost, in USD.
    pub cost_usd: Option<f64>,
    /// Tokens read, cached ones included.
    pub tokens_in: Option<i64>,
    /// Tokens written.
    pub tokens_out: Option<i64>,
    /// Tokens read from a cache.
    pub tokens_cached: Option<i64>,
    /// Tokens of thinking.
    pub tokens_thinking: Option<i64>,
    /// `reported`, `priced`, `simulated`, or null.
    pub cost_source: Option<String>,
}

/// Write an agent's row, replacing an earlier one.
pub fn put_agent(db: &Connection, row: &AgentRow) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO experiment_agents VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)";
    db.execute(
        sql,
        params![
            row.run_id,
            row.worker_id,
            row.role,
            row.tags,
            row.program,
            row.version,
            row.started_at,
            row.connected_at,
            row.ended_at,
            row.exit,
            row.end_reason,
            row.cost_usd,
            row.tokens_in,
            row.tokens_out,
            row.tokens_cached,
            row.tokens_thinking,
            row.cost_source,
        ],
    )?;
    Ok(())
}

/// Write how a run began and ended.
pub fn put_end(
    db: &Connection,
    run: &str,
    started: Option<i64>,
    completed: i64,
    outcome: &str,
) -> Result<()> {
    let sql =
        "UPDATE experiment_runs SET started_at = ?2, completed_at = ?3, outcome = ?4 WHERE id = ?1";
    db.execute(sql, params![run, started, completed, outcome])?;
    Ok(())
}

/// Set the clock of a run that has not begun: `created_at` of its tasks and the time of their first history rows become
/// `now`. Returns false, changing nothing, where history shows that somebody has begun.
///
/// Rows of a matrix are instantiated together and launched one after the other; without this, the wait for the runs
/// before would count as the tasks' own. The host's triggers are off meanwhile: none of the columns is indexed text,
/// and its update trigger scans the whole text index for every task.
pub fn start_clock(db: &mut Connection, run: &str, now: i64) -> Result<bool> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let ours = "SELECT task_id FROM experiment_tasks WHERE run_id = ?1";
    let begun: bool = transaction.query_row(
        &format!("SELECT EXISTS(SELECT 1 FROM task_sequence WHERE task_id IN ({ours}) AND worker_id IS NOT NULL)"),
        [run],
        |row| row.get(0),
    )?;
    if begun {
        return Ok(false);
    }
    let triggers = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
    transaction.set_db_config(triggers, false)?;
    let tasks = format!("UPDATE tasks SET created_at = ?2, updated_at = ?2 WHERE id IN ({ours})");
    transaction.execute(&tasks, params![run, now])?;
    let rows = format!("UPDATE task_sequence SET timestamp = ?2 WHERE task_id IN ({ours})");
    transaction.execute(&rows, params![run, now])?;
    transaction.set_db_config(triggers, true)?;
    transaction.commit()?;
    Ok(true)
}
