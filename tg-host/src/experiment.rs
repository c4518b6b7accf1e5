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
    run_json TEXT,
    verify_passed INTEGER,
    verify_score REAL,
    side_by_side INTEGER
);
CREATE TABLE IF NOT EXISTS experiment_tasks (
    run_id TEXT NOT NULL,
    task_id TEXT PRIMARY KEY,
    template_task_id TEXT NOT NULL,
    phase TEXT
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
    /// Why it ended: `exited`, `ended` (with its run), `cancelled`, `budget`, `no_mcp` (it never registered), or what it
    /// failed of by its own account: `auth`, `quota`; `lost` where its supervisor was killed, `disk` where that was full.
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
    /// `reported`, `priced`, `logged`, `simulated`, or null.
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

/// How a run ended, as `experiment_runs` keeps it; times in milliseconds since the epoch.
#[derive(Debug, Clone, Default)]
pub struct RunEnd<'a> {
    /// When it was launched, or its start gate opened.
    pub started: Option<i64>,
    /// The last terminal change, or the moment it was given up.
    pub completed: i64,
    /// How.
    pub outcome: &'a str,
    /// What the verify command said.
    pub verify_passed: Option<bool>,
    /// The number it printed last.
    pub verify_score: Option<f64>,
    /// How many runs were allowed to share the machine.
    pub side_by_side: Option<u32>,
}

/// Write how a run began and ended.
pub fn put_end(db: &Connection, run: &str, end: &RunEnd) -> Result<()> {
    let sql = "UPDATE experiment_runs SET started_at = ?2, completed_at = ?3, outcome = ?4, verify_passed = ?5,
               verify_score = ?6 WHERE id = ?1";
    db.execute(
        sql,
        params![
            run,
            end.started,
            end.completed,
            end.outcome,
            end.verify_passed,
            end.verify_score
        ],
    )?;
    // A database that an earlier build made has no such column.
    let has =
        "SELECT count(*) > 0 FROM pragma_table_info('experiment_runs') WHERE name = 'side_by_side'";
    if db.query_row(has, [], |row| row.get(0))? {
        let sql = "UPDATE experiment_runs SET side_by_side = ?2 WHERE id = ?1";
        db.execute(sql, params![run, end.side_by_side])?;
    }
    Ok(())
}

/// The task that holds a run's others back until its agents are connected.
pub fn gate_id(run: &str) -> String {
    format!("start-gate-{run}")
}

/// Close the start gate of a run that is being written: a hidden task (soft-deleted, so that it is in no list) that blocks
/// every task of the run that waits for nothing else. The launcher opens it by obliterating the task through the host,
/// after which nothing tells that it was there.
pub fn close_gate(db: &Connection, run: &str, initial_state: &str, now: i64) -> Result<()> {
    let gate = gate_id(run);
    db.execute(
        "INSERT INTO tasks (id, title, status, priority, needed_tags, wanted_tags, tags, created_at, updated_at, deleted_at,
         deleted_by) VALUES (?1, 'start gate', ?2, '5', '[\"__launcher__\"]', '[]', '[]', ?3, ?3, ?3, 'tg-launch')",
        params![gate, initial_state, now],
    )?;
    db.execute(
        "INSERT INTO dependencies (from_task_id, to_task_id, dep_type) SELECT ?1, task_id, 'blocks' FROM experiment_tasks
         WHERE run_id = ?2 AND task_id NOT IN (SELECT to_task_id FROM dependencies WHERE dep_type IN ('blocks', 'follows'))
         AND task_id NOT IN (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains')",
        params![gate, run],
    )?;
    Ok(())
}

/// When each of the workers now at the host was registered, in milliseconds since the epoch.
pub fn registered(db: &Connection) -> Result<Vec<(String, i64)>> {
    let mut query = db.prepare_cached("SELECT id, registered_at FROM workers")?;
    query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// When the host last heard of each of the workers that are now there, in milliseconds since the epoch. It puts out whom it
/// has not heard of for 300 s when a server starts, so nobody should start one then.
pub fn heard(db: &Connection) -> Result<Vec<(String, i64)>> {
    let mut query = db.prepare_cached("SELECT id, last_heartbeat FROM workers")?;
    query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Whether the history names a worker: it was there, though it may have left since.
pub fn has_worked(db: &Connection, worker: &str) -> Result<bool> {
    let sql = "SELECT EXISTS(SELECT 1 FROM task_sequence WHERE worker_id = ?1)";
    db.prepare_cached(sql)?
        .query_row([worker], |row| row.get(0))
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
