//! Looks at a live run database that cost microseconds at any size.
//!
//! `data_version` tells whether anything was committed since the last look. Whether a task is open is asked of the
//! index on status, over the gaps between the names of terminal states, so that a state nobody declared counts as open.
//! (The plus signs keep `SQLite` from taking the index on `deleted_at`, which would scan everything.)

use rusqlite::{Connection, Result};
use std::collections::{BTreeMap, BTreeSet};
use tg_host::{StateClasses, workflow::Effective};

/// A run's tasks, seen through one read-only connection.
pub struct Probe {
    db: Connection,
    /// States by class.
    pub states: StateClasses,
    open: String,
    unsuccessful: String,
    bad: String,
    any_worker: String,
    rows: String,
    scope: String,
}

impl Probe {
    /// Look at the tasks of `run`; if the database holds one run only, at all tasks.
    pub fn new(db: Connection, run: &str) -> Result<Self> {
        let (runs, rules) = facts(&db, run)?;
        let rules: Option<Effective> = rules.and_then(|text| serde_json::from_str(&text).ok());
        let states = rules
            .filter(|rules| !rules.states.is_empty())
            .map_or_else(StateClasses::shipped, |rules| StateClasses::of(&rules));
        // Where several runs share the database, ours are the tasks that experiment_tasks has and the workers named after us.
        let tasks = format!(
            "(SELECT task_id FROM experiment_tasks WHERE run_id = {})",
            quote(run)
        );
        let only = |condition: String| if runs > 1 { condition } else { String::new() };
        let ours = only(format!(" AND id IN {tasks}"));
        let scope = format!(
            "+deleted_at IS NULL AND id NOT LIKE '\\_lock:%' ESCAPE '\\' AND NOT EXISTS
             (SELECT 1 FROM dependencies WHERE from_task_id = tasks.id AND dep_type = 'contains'){ours}"
        );
        let bad: Vec<String> = states
            .terminal
            .iter()
            .filter(|state| !states.is_success(state))
            .map(|state| quote(state))
            .collect();
        let bad = format!("status IN ({}) AND {scope}", bad.join(","));
        Ok(Self {
            open: format!(
                "SELECT id FROM tasks WHERE ({}) AND {scope}",
                gaps(&states.terminal)
            ),
            unsuccessful: format!("SELECT EXISTS(SELECT 1 FROM tasks WHERE {bad})"),
            bad,
            any_worker: format!(
                "SELECT EXISTS(SELECT 1 FROM workers WHERE 1 {}) OR EXISTS(SELECT 1 FROM task_sequence WHERE worker_id IS NOT NULL {})",
                only(format!("AND id GLOB {}", quote(&format!("{run}-*")))),
                only(format!("AND task_id IN {tasks}")),
            ),
            rows: only(format!("AND task_id IN {tasks}")),
            db,
            states,
            scope,
        })
    }

    /// Changes with every commit of others.
    pub fn version(&self) -> Result<i64> {
        tg_host::database::data_version(&self.db)
    }

    /// Tasks that are not over, at most `limit`.
    pub fn open(&self, limit: usize) -> Result<Vec<String>> {
        let sql = format!("{} LIMIT {limit}", self.open);
        self.db
            .prepare_cached(&sql)?
            .query_map([], |row| row.get(0))?
            .collect()
    }

    /// Whether some task is over, and badly.
    pub fn any_unsuccessful(&self) -> Result<bool> {
        self.db
            .prepare_cached(&self.unsuccessful)?
            .query_row([], |row| row.get(0))
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

    /// The last time a task was over; a scan, for the end of the run.
    pub fn last_terminal(&self) -> Result<Option<i64>> {
        let terminal: Vec<String> = self
            .states
            .terminal
            .iter()
            .map(|state| quote(state))
            .collect();
        let sql = format!(
            "SELECT max(timestamp) FROM task_sequence WHERE status IN ({}) AND (reason IS NULL OR reason NOT LIKE 'auto-rollup:%')
             AND task_id IN (SELECT id FROM tasks WHERE {})",
            terminal.join(","),
            self.scope
        );
        self.db.query_row(&sql, [], |row| row.get(0))
    }

    /// New history rows since row `last`: id, task, state.
    pub fn changes(&self, last: i64) -> Result<Vec<(i64, String, String)>> {
        let sql = format!(
            "SELECT id, task_id, status FROM task_sequence WHERE id > ?1 AND status IS NOT NULL {} ORDER BY id",
            self.rows
        );
        self.db
            .prepare_cached(&sql)?
            .query_map([last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
    }

    /// The ids of containers, which progress does not count.
    pub fn containers(&self) -> Result<BTreeSet<String>> {
        let sql = "SELECT DISTINCT from_task_id FROM dependencies WHERE dep_type = 'contains'";
        self.db
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect()
    }
}

fn facts(db: &Connection, run: &str) -> Result<(i64, Option<String>)> {
    let there: bool = db.query_row(
        "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'experiment_runs')",
        [],
        |row| row.get(0),
    )?;
    if !there {
        return Ok((0, None));
    }
    let sql = "SELECT (SELECT count(*) FROM experiment_runs),
               (SELECT json_extract(config_snapshot, '$.effective') FROM experiment_runs WHERE id = ?1)";
    db.query_row(sql, [run], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
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
