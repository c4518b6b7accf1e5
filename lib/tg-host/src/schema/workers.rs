//! The workers that are registered at the host. Times are milliseconds since the epoch.

use rusqlite::{Connection, Result};

/// The registered workers, and when each was registered.
pub fn registered(db: &Connection) -> Result<Vec<(String, i64)>> {
    workers(db, "SELECT id, registered_at FROM workers")
}

/// The registered workers, and the last sign of life of each. When a server starts, the host removes workers without one
/// for 300 s, so no server should be started then.
pub fn heartbeats(db: &Connection) -> Result<Vec<(String, i64)>> {
    workers(db, "SELECT id, last_heartbeat FROM workers")
}

fn workers(db: &Connection, sql: &str) -> Result<Vec<(String, i64)>> {
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// True if the history names the worker: it was connected, though it may have left since.
pub fn has_worked(db: &Connection, worker: &str) -> Result<bool> {
    let sql = "SELECT EXISTS(SELECT 1 FROM task_sequence WHERE worker_id = ?1)";
    let mut query = db.prepare_cached(sql)?;
    query.query_row([worker], |row| row.get(0))
}
