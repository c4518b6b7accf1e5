//! The start of a run: the start barrier, and the clock of a run that waited for its turn.

use rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
use rusqlite::{Connection, Result, TransactionBehavior, params};

/// The id of the task that holds back a run's other tasks until its agents are connected.
pub fn barrier_id(run: &str) -> String {
    format!("start-gate-{run}")
}

/// Closes the start barrier of a run that is being written: a hidden task (soft-deleted, so no list shows it) that blocks
/// every task of the run without predecessors. The launcher opens the barrier by obliterating the task through the host,
/// which leaves no trace of it.
pub fn close_barrier(db: &Connection, run: &str, initial_state: &str, now: i64) -> Result<()> {
    let barrier = barrier_id(run);
    db.execute(
        "INSERT INTO tasks (id, title, status, priority, needed_tags, wanted_tags, tags, created_at, updated_at, deleted_at,
         deleted_by) VALUES (?1, 'start gate', ?2, '5', '[\"__launcher__\"]', '[]', '[]', ?3, ?3, ?3, 'tg-launch')",
        params![barrier, initial_state, now],
    )?;
    db.execute(
        "INSERT INTO dependencies (from_task_id, to_task_id, dep_type) SELECT ?1, task_id, 'blocks' FROM experiment_tasks
         WHERE run_id = ?2 AND task_id NOT IN (SELECT to_task_id FROM dependencies WHERE dep_type IN ('blocks', 'follows'))
         AND task_id NOT IN (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains')",
        params![barrier, run],
    )?;
    Ok(())
}

/// Sets the clock of a run that has not started: `created_at` of its tasks and the time of their first history rows become
/// `now`. Returns false and changes nothing if the history shows that a worker has started.
///
/// Rows of a matrix are instantiated together and launched one after the other; without this, the wait for the runs
/// before would count as the tasks' own. The host's triggers are off meanwhile: none of the columns is indexed text,
/// and its update trigger scans the whole text index for every task.
pub fn set_clock(db: &mut Connection, run: &str, now: i64) -> Result<bool> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let ours = "SELECT task_id FROM experiment_tasks WHERE run_id = ?1";
    let sql = format!(
        "SELECT EXISTS(SELECT 1 FROM task_sequence WHERE task_id IN ({ours}) AND worker_id IS NOT NULL)"
    );
    if transaction.query_row(&sql, [run], |row| row.get(0))? {
        return Ok(false);
    }
    transaction.set_db_config(SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let tasks = format!("UPDATE tasks SET created_at = ?2, updated_at = ?2 WHERE id IN ({ours})");
    transaction.execute(&tasks, params![run, now])?;
    let rows = format!("UPDATE task_sequence SET timestamp = ?2 WHERE task_id IN ({ours})");
    transaction.execute(&rows, params![run, now])?;
    transaction.set_db_config(SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
    transaction.commit()?;
    Ok(true)
}
