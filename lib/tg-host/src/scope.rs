//! The tasks and workers of one run in a database, and the classes of its states.
//!
//! Only leaves count: containers follow their children, and the host's lock entries are not work. If several runs share a
//! database, a run's tasks are those in `experiment_tasks`, and its workers those whose names begin with its id.

use crate::states::StateClasses;
use crate::workflow::effective::Effective;
use rusqlite::{Connection, Result};
use std::collections::BTreeSet;

/// The part of a database that belongs to a run, as SQL conditions.
#[derive(Debug, Clone)]
pub struct Scope {
    /// States by class.
    pub states: StateClasses,
    /// The run's leaves, as a condition on `tasks`.
    pub leaves: String,
    /// The run's rows, as the end of a condition on a table with a `task_id`; empty if all rows are the run's.
    pub rows: String,
    /// The run's workers, as the end of a condition on `workers`; empty if all workers are the run's.
    pub workers: String,
}

impl Scope {
    /// The part of `run`; everything, if it is the only run in the database.
    pub fn read(db: &Connection, run: &str) -> Result<Self> {
        let (runs, rules) = runs_and_rules(db, run)?;
        let rules: Option<Effective> = rules.and_then(|text| serde_json::from_str(&text).ok());
        let rules = rules.filter(|rules| !rules.states.is_empty());
        let states = rules.map_or_else(StateClasses::shipped, |rules| StateClasses::new(&rules));
        let tasks = format!(
            "(SELECT task_id FROM experiment_tasks WHERE run_id = {})",
            quote(run)
        );
        let only = |condition: String| if runs > 1 { condition } else { String::new() };
        let ours = only(format!(" AND id IN {tasks}"));
        // The plus sign keeps `SQLite` from using the index on `deleted_at`, which would scan everything.
        let leaves = format!(
            "+deleted_at IS NULL AND id NOT LIKE '\\_lock:%' ESCAPE '\\' AND NOT EXISTS
             (SELECT 1 FROM dependencies WHERE from_task_id = tasks.id AND dep_type = 'contains'){ours}"
        );
        Ok(Self {
            states,
            leaves,
            rows: only(format!("AND task_id IN {tasks}")),
            workers: only(format!("AND id GLOB {}", quote(&format!("{run}-*")))),
        })
    }
}

/// The ids of containers.
pub fn containers(db: &Connection) -> Result<BTreeSet<String>> {
    let sql = "SELECT DISTINCT from_task_id FROM dependencies WHERE dep_type = 'contains'";
    db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// The number of runs in the database, and the merged workflow of `run` as JSON.
fn runs_and_rules(db: &Connection, run: &str) -> Result<(i64, Option<String>)> {
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

/// `text` as an SQL literal.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
