//! Looks at a live run database that cost microseconds at any size.
//!
//! `data_version` tells whether anything was committed since the last look. Whether a task is open is asked of the
//! index on status, over the gaps between the names of terminal states, so that a state nobody declared counts as open.

use rusqlite::{Connection, OptionalExtension, Result, Transaction};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use tg_host::StateClasses;
use tg_host::scope::{Scope, quote};

/// What a look found that there is something new to be seen.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The version of the database, for the next look.
    pub version: i64,
    /// None while some task is not over; else whether some is over badly.
    pub standing: Option<bool>,
}

/// A run's tasks, seen through one read-only connection.
pub struct Probe {
    db: Connection,
    states: StateClasses,
    open: String,
    standing: String,
    still_open: String,
    /// The task that the last look found open, by its row.
    known_open: Cell<Option<i64>>,
    bad: String,
    any_worker: String,
    scope: String,
}

impl Probe {
    /// Look at the tasks of `run`; if the database holds one run only, at all tasks.
    pub fn new(db: Connection, run: &str) -> Result<Self> {
        let Scope {
            states,
            leaves: scope,
            rows,
            workers,
        } = Scope::of(&db, run)?;
        let bad: Vec<String> = states
            .terminal
            .iter()
            .filter(|state| !states.is_success(state))
            .map(|state| quote(state))
            .collect();
        let bad = format!("status IN ({}) AND {scope}", bad.join(","));
        let open = format!("({}) AND {scope}", gaps(&states.terminal));
        Ok(Self {
            standing: format!(
                "SELECT (SELECT rowid FROM tasks WHERE {open} LIMIT 1), EXISTS(SELECT 1 FROM tasks WHERE {bad})"
            ),
            still_open: format!("SELECT EXISTS(SELECT 1 FROM tasks WHERE rowid = ?1 AND ({open}))"),
            known_open: Cell::new(None),
            open: format!("SELECT id FROM tasks WHERE {open} LIMIT ?1"),
            bad,
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

    /// One state of the database for all that is asked until this is dropped.
    pub fn moment(&self) -> Result<Transaction<'_>> {
        self.db.unchecked_transaction()
    }

    /// How the tasks stand, if anything was committed after the `last` version that was seen.
    pub fn look(&self, last: Option<i64>) -> Result<Option<Look>> {
        let version = tg_host::database::data_version(&self.db)?;
        if last == Some(version) {
            return Ok(None);
        }
        let standing = self.standing()?;
        Ok(Some(Look { version, standing }))
    }

    /// Tasks that are not over, at most `limit`.
    pub fn open(&self, limit: usize) -> Result<Vec<String>> {
        self.db
            .prepare_cached(&self.open)?
            .query_map([limit as i64], |row| row.get(0))?
            .collect()
    }

    /// None while some task is not over; else whether some is over badly. The task that was open at the last look mostly still
    /// is, and is found with half of the pages; each commit of others makes all of them be read anew.
    pub fn standing(&self) -> Result<Option<bool>> {
        if let Some(task) = self.known_open.get() {
            let mut query = self.db.prepare_cached(&self.still_open)?;
            if query.query_row([task], |row| row.get(0))? {
                return Ok(None);
            }
        }
        let mut query = self.db.prepare_cached(&self.standing)?;
        let (open, bad): (Option<i64>, bool) =
            query.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.known_open.set(open);
        Ok(open.is_none().then_some(bad))
    }

    /// Tasks that are over, and badly, at most `limit`.
    pub fn failed(&self, limit: usize) -> Result<Vec<String>> {
        let sql = format!("SELECT id FROM tasks WHERE {} LIMIT {limit}", self.bad);
        let mut query = self.db.prepare(&sql)?;
        query.query_map([], |row| row.get(0))?.collect()
    }

    /// Tasks that are neither over nor waiting nor being worked on, such as those for which somebody asked for advice; at
    /// most `limit`.
    pub fn parked(&self, limit: usize) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT id, status FROM tasks WHERE {} ORDER BY id",
            self.scope
        );
        let mut query = self.db.prepare(&sql)?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let parked = |row: &Result<(String, String)>| match row {
            Ok((_, state)) => self.states.class(state) == "parked",
            Err(_) => true,
        };
        let rows = rows.filter(parked).take(limit);
        rows.map(|row| row.map(|(task, _)| task)).collect()
    }

    /// Whether any agent was ever seen at the host: registered now, or named in the history.
    pub fn any_worker(&self) -> Result<bool> {
        self.db
            .prepare_cached(&self.any_worker)?
            .query_row([], |row| row.get(0))
    }

    /// Tasks by state; a scan, for the end of the run.
    pub fn counts(&self) -> Result<BTreeMap<String, u64>> {
        let sql = format!(
            "SELECT status, count(*) FROM tasks WHERE {} GROUP BY status",
            self.scope
        );
        self.db
            .prepare(&sql)?
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
            .collect()
    }

    /// The last time a task was over: from the end of the index on time, which lies near; a plus keeps the one on status away.
    pub fn last_terminal(&self) -> Result<Option<i64>> {
        let terminal: Vec<String> = self
            .states
            .terminal
            .iter()
            .map(|state| quote(state))
            .collect();
        let sql = format!(
            "SELECT timestamp FROM task_sequence AS seen WHERE +status IN ({})
             AND (reason IS NULL OR reason NOT LIKE 'auto-rollup:%')
             AND EXISTS (SELECT 1 FROM tasks WHERE id = seen.task_id AND {})
             AND timestamp IS NOT NULL ORDER BY timestamp DESC LIMIT 1",
            terminal.join(","),
            self.scope
        );
        let mut query = self.db.prepare_cached(&sql)?;
        query.query_row([], |row| row.get(0)).optional()
    }
}

/// `status < a OR (status > a AND status < b) OR status > b` for the sorted names a, b.
fn gaps(names: &BTreeSet<String>) -> String {
    let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let (Some(first), Some(last)) = (names.first(), names.last()) else {
        return "1".into();
    };
    let mut parts = vec![format!("status < {first}")];
    parts.extend(
        names
            .windows(2)
            .map(|pair| format!("(status > {} AND status < {})", pair[0], pair[1])),
    );
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
            ("UPDATE tasks SET status = 'working' WHERE id = 'a'", None),
            ("UPDATE tasks SET status = 'completed' WHERE id = 'a'", None),
            (
                "UPDATE tasks SET status = 'nobody declared this' WHERE id = 'b'",
                None,
            ),
            (
                "UPDATE tasks SET status = 'failed' WHERE id = 'b'",
                Some(true),
            ),
            ("UPDATE tasks SET status = 'pending' WHERE id = 'b'", None),
            (
                "UPDATE tasks SET deleted_at = 1 WHERE id = 'b'",
                Some(false),
            ),
            ("UPDATE tasks SET deleted_at = NULL WHERE id = 'b'", None),
            (
                "INSERT INTO dependencies VALUES ('b', 'a', 'contains')",
                Some(false),
            ),
        ];
        assert_eq!(probe.standing(), Ok(None));
        for (sql, expected) in steps {
            probe.db().execute(sql, []).unwrap();
            assert_eq!(probe.standing(), Ok(expected), "{sql}");
        }
    }
}
