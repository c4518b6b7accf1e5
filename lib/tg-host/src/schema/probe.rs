//! Queries on the database of a running run; each takes microseconds, however many tasks there are.
//!
//! `data_version` changes with each commit of another connection. Open tasks are found through the index on status, in
//! the gaps between the names of terminal states, so that a state unknown to the workflow counts as open.

use crate::StateClasses;
use crate::database::data_version;
use crate::scope::{Scope, quote};
use rusqlite::{Connection, OptionalExtension, Result, Transaction};
use std::cell::Cell;
use std::collections::BTreeMap;

/// The progress of a run's tasks as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Some task has not ended.
    Open,
    /// All tasks ended, and all of them successfully.
    AllSucceeded,
    /// All tasks ended; some failed or were cancelled.
    SomeFailed,
}

/// A state of the database that was not seen before.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// The database's version, for the next call.
    pub version: i64,
    /// The progress of its tasks.
    pub standing: Standing,
}

/// A run's tasks, read through one read-only connection.
pub struct Probe {
    db: Connection,
    states: StateClasses,
    open: String,
    standing: String,
    still_open: String,
    /// The row id of the task that the last query found open.
    known_open: Cell<Option<i64>>,
    bad: String,
    any_worker: String,
    scope: String,
}

impl Probe {
    /// A probe of the tasks of `run`; of all tasks, if the database has one run only.
    pub fn new(db: Connection, run: &str) -> Result<Self> {
        let Scope {
            states,
            leaves: scope,
            rows,
            workers,
        } = Scope::read(&db, run)?;
        let bad = states
            .terminal
            .iter()
            .filter(|name| !states.is_success(name));
        let bad = format!("status IN ({}) AND {scope}", quoted(bad).join(","));
        let open = format!("({}) AND {scope}", gaps(&quoted(&states.terminal)));
        Ok(Self {
            standing: format!(
                "SELECT (SELECT rowid FROM tasks WHERE {open} LIMIT 1), EXISTS(SELECT 1 FROM tasks WHERE {bad})"
            ),
            still_open: format!("SELECT EXISTS(SELECT 1 FROM tasks WHERE rowid = ?1 AND ({open}))"),
            known_open: Cell::new(None),
            open: format!("SELECT id FROM tasks WHERE {open} LIMIT ?1"),
            bad: format!("SELECT id FROM tasks WHERE {bad} LIMIT ?1"),
            any_worker: format!(
                "SELECT EXISTS(SELECT 1 FROM workers WHERE 1 {workers}) OR EXISTS(SELECT 1 FROM task_sequence WHERE worker_id IS NOT NULL {rows})"
            ),
            db,
            states,
            scope,
        })
    }

    /// The connection, for reading only.
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// A read transaction: all queries see one state of the database until it is dropped.
    pub fn transaction(&self) -> Result<Transaction<'_>> {
        self.db.unchecked_transaction()
    }

    /// The state of the tasks, if another connection committed after version `last`.
    pub fn change_since(&self, last: Option<i64>) -> Result<Option<Change>> {
        let version = data_version(&self.db)?;
        if last == Some(version) {
            return Ok(None);
        }
        let standing = self.standing()?;
        Ok(Some(Change { version, standing }))
    }

    /// At most `limit` tasks that have not ended.
    pub fn open_tasks(&self, limit: usize) -> Result<Vec<String>> {
        self.tasks(&self.open, limit)
    }

    /// The progress of the tasks. The task found open by the last query is usually still open, and half of the pages are
    /// enough to see that; after each commit of another connection `SQLite` reads all pages again.
    pub fn standing(&self) -> Result<Standing> {
        if let Some(task) = self.known_open.get() {
            let mut query = self.db.prepare_cached(&self.still_open)?;
            if query.query_row([task], |row| row.get(0))? {
                return Ok(Standing::Open);
            }
        }
        let mut query = self.db.prepare_cached(&self.standing)?;
        let (open, has_failed): (Option<i64>, bool) =
            query.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.known_open.set(open);
        Ok(match (open, has_failed) {
            (Some(_), _) => Standing::Open,
            (None, true) => Standing::SomeFailed,
            (None, false) => Standing::AllSucceeded,
        })
    }

    /// At most `limit` tasks that failed or were cancelled.
    pub fn failed_tasks(&self, limit: usize) -> Result<Vec<String>> {
        self.tasks(&self.bad, limit)
    }

    fn tasks(&self, sql: &str, limit: usize) -> Result<Vec<String>> {
        let mut query = self.db.prepare_cached(sql)?;
        query.query_map([limit as i64], |row| row.get(0))?.collect()
    }

    /// At most `limit` tasks that have not ended, and are neither waiting nor in progress: tasks for which an agent asked
    /// for advice, for example.
    pub fn parked_tasks(&self, limit: usize) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT id, status FROM tasks WHERE {} ORDER BY id",
            self.scope
        );
        let mut query = self.db.prepare(&sql)?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let is_parked = |row: &Result<(String, String)>| match row {
            Ok((_, state)) => self.states.class(state) == "parked",
            Err(_) => true,
        };
        let rows = rows.filter(is_parked).take(limit);
        rows.map(|row| row.map(|(task, _)| task)).collect()
    }

    /// True if any agent was ever seen at the host: one is registered now, or the history names one.
    pub fn any_worker(&self) -> Result<bool> {
        let mut query = self.db.prepare_cached(&self.any_worker)?;
        query.query_row([], |row| row.get(0))
    }

    /// Tasks by state. This is a scan, for the end of the run.
    pub fn task_counts(&self) -> Result<BTreeMap<String, u64>> {
        let scope = &self.scope;
        let sql = format!("SELECT status, count(*) FROM tasks WHERE {scope} GROUP BY status");
        let mut query = self.db.prepare(&sql)?;
        query
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
            .collect()
    }

    /// The time at which the last task ended. The query starts at the end of the index on time, where that row is near; the
    /// plus sign keeps `SQLite` from using the index on status.
    pub fn last_task_end(&self) -> Result<Option<i64>> {
        let sql = format!(
            "SELECT timestamp FROM task_sequence AS seen WHERE +status IN ({})
             AND (reason IS NULL OR reason NOT LIKE 'auto-rollup:%')
             AND EXISTS (SELECT 1 FROM tasks WHERE id = seen.task_id AND {})
             AND timestamp IS NOT NULL ORDER BY timestamp DESC LIMIT 1",
            quoted(&self.states.terminal).join(","),
            self.scope
        );
        let mut query = self.db.prepare_cached(&sql)?;
        query.query_row([], |row| row.get(0)).optional()
    }
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    names.into_iter().map(|name| quote(name)).collect()
}

/// `status < a OR (status > a AND status < b) OR status > b` for the sorted names a, b.
fn gaps(names: &[String]) -> String {
    let (Some(first), Some(last)) = (names.first(), names.last()) else {
        return "1".into();
    };
    let between = |pair: &[String]| format!("(status > {} AND status < {})", pair[0], pair[1]);
    let mut parts = vec![format!("status < {first}")];
    parts.extend(names.windows(2).map(between));
    parts.push(format!("status > {last}"));
    parts.join(" OR ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "
        CREATE TABLE tasks (id TEXT PRIMARY KEY, status TEXT NOT NULL, deleted_at INTEGER);
        CREATE TABLE dependencies (from_task_id TEXT, to_task_id TEXT, dep_type TEXT);
        INSERT INTO tasks (id, status) VALUES ('a', 'pending'), ('b', 'working');";

    #[test]
    fn a_task_that_was_open_is_asked_again_and_so_are_the_others() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(TABLES).unwrap();
        let probe = Probe::new(db, "run").unwrap();
        let steps = [
            ("status = 'working' WHERE id = 'a'", Standing::Open),
            ("status = 'completed' WHERE id = 'a'", Standing::Open),
            ("status = 'undeclared state' WHERE id = 'b'", Standing::Open),
            ("status = 'failed' WHERE id = 'b'", Standing::SomeFailed),
            ("status = 'pending' WHERE id = 'b'", Standing::Open),
            ("deleted_at = 1 WHERE id = 'b'", Standing::AllSucceeded),
            ("deleted_at = NULL WHERE id = 'b'", Standing::Open),
        ];
        assert_eq!(probe.standing(), Ok(Standing::Open));
        for (change, expected) in steps {
            let sql = format!("UPDATE tasks SET {change}");
            probe.db().execute(&sql, []).unwrap();
            assert_eq!(probe.standing(), Ok(expected), "{sql}");
        }
        let container = "INSERT INTO dependencies VALUES ('b', 'a', 'contains')";
        probe.db().execute(container, []).unwrap();
        assert_eq!(probe.standing(), Ok(Standing::AllSucceeded));
    }
}
