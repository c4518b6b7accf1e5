//! The tasks of a run and their tags, from which its agents get their roles.

use rusqlite::{Connection, Result};
use std::collections::BTreeSet;

/// The tags that tasks of the run need or want.
pub fn task_tags(db: &Connection, run: &str) -> Result<BTreeSet<String>> {
    let ours = "task_id IN (SELECT task_id FROM experiment_tasks WHERE run_id = ?1)";
    let sql = format!(
        "SELECT tag FROM task_needed_tags WHERE {ours} UNION SELECT tag FROM task_wanted_tags WHERE {ours}"
    );
    db.prepare(&sql)?
        .query_map([run], |row| row.get(0))?
        .collect()
}

/// The ids of the run's tasks that no other task contains, in order.
pub fn roots(db: &Connection, run: &str) -> Result<Vec<String>> {
    let sql = "SELECT task_id FROM experiment_tasks WHERE run_id = ?1 AND task_id NOT IN
               (SELECT to_task_id FROM dependencies WHERE dep_type = 'contains') ORDER BY task_id";
    db.prepare(sql)?
        .query_map([run], |row| row.get(0))?
        .collect()
}
