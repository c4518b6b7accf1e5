//! Reading what a database keeps of a run that ended, for a record that was lost.

use rusqlite::{Connection, Result};

/// A run that ended, as its database keeps it; times in milliseconds since the epoch.
#[derive(Debug)]
pub struct EndedRun {
    /// The whole run object, as JSON.
    pub run_json: String,
    /// Worker id, role and tags (a JSON array) of each agent.
    pub agents: Vec<(String, Option<String>, Option<String>)>,
    /// Start of the run.
    pub started_at: i64,
    /// Number of runs that shared the machine.
    pub side_by_side: Option<u32>,
    /// Number of tasks.
    pub tasks: i64,
    /// Number of ordering edges.
    pub ordering_deps: i64,
    /// Version of the host.
    pub host_version: Option<String>,
    /// Creation time of the first task.
    pub created_at: i64,
}

/// Reads run `id`; an error if it has not ended.
pub fn ended_run(db: &Connection, id: &str) -> Result<EndedRun> {
    let agents = "SELECT worker_id, role, tags FROM experiment_agents WHERE run_id = ?1 ORDER BY started_at, worker_id";
    let agents = db
        .prepare(agents)?
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_>>()?;
    let ours = "(SELECT task_id FROM experiment_tasks WHERE run_id = ?1)";
    let sql = format!(
        "SELECT run_json, started_at, side_by_side, json_extract(config_snapshot, '$.host_version'),
         (SELECT count(*) FROM experiment_tasks WHERE run_id = ?1),
         (SELECT count(*) FROM dependencies WHERE dep_type IN ('blocks', 'follows') AND from_task_id IN {ours}),
         (SELECT min(created_at) FROM tasks WHERE id IN {ours})
         FROM experiment_runs WHERE id = ?1 AND outcome IS NOT NULL AND started_at IS NOT NULL"
    );
    db.query_row(&sql, [id], |row| {
        Ok(EndedRun {
            run_json: row.get(0)?,
            agents,
            started_at: row.get(1)?,
            side_by_side: row.get(2)?,
            host_version: row.get(3)?,
            tasks: row.get(4)?,
            ordering_deps: row.get(5)?,
            created_at: row.get(6)?,
        })
    })
}
