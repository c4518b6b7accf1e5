//! A record that cannot be read any more, made anew from what the database keeps of a run that ended.
//!
//! A `run.json` of ours appears whole or not at all; but disks lose power and people edit. The database tells the run, its
//! agents and its end, so what was paid for is not run again: the record is passed on as that of a run whose end is
//! decided, and `tg-wait` writes the rest. When the tasks were created is not known any
//! more: their clock was set at the launch. Databases that several runs share are left alone.

use crate::matrix::Row;
use rusqlite::{Connection, Result};
use std::path::Path;
use tg_host::database;
use tg_stage::{Agent, Instantiate, Launch, Record, Run};

/// The record of a row up to its launch, if its database knows how it ended.
pub fn record(row: &Row) -> Option<Record> {
    let path = Path::new(&row.run.dir).join("tasks.db");
    let db = database::open_read_only(&path).ok()?;
    let (run, launch) = launch(&db, &row.run.id).ok()?;
    let run: Run = serde_json::from_str(&run).ok()?;
    let mut record = Record::new(&run).ok()?;
    let mut made = instantiate(&db, &row.run.id).ok()?;
    made.db = path.to_string_lossy().into_owned();
    record.set("instantiate", &made).ok()?;
    record.set("launch", &launch).ok()?;
    Some(record)
}

fn launch(db: &Connection, id: &str) -> Result<(String, Launch)> {
    let agents = "SELECT worker_id, role, tags FROM experiment_agents WHERE run_id = ?1 ORDER BY started_at, worker_id";
    let agents = db
        .prepare(agents)?
        .query_map([id], |row| {
            let tags: Option<String> = row.get(2)?;
            Ok(Agent {
                worker: row.get(0)?,
                role: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                tags: serde_json::from_str(&tags.unwrap_or_default()).unwrap_or_default(),
            })
        })?
        .collect::<Result<Vec<_>>>()?;
    let ended = "SELECT run_json, started_at, side_by_side FROM experiment_runs
                 WHERE id = ?1 AND outcome IS NOT NULL AND started_at IS NOT NULL";
    db.query_row(ended, [id], |row| {
        let launch = Launch {
            agents,
            started_at_ms: row.get(1)?,
            side_by_side: row.get(2)?,
            ..Launch::default()
        };
        Ok((row.get(0)?, launch))
    })
}

fn instantiate(db: &Connection, id: &str) -> Result<Instantiate> {
    let ours = "(SELECT task_id FROM experiment_tasks WHERE run_id = ?1)";
    let sql = format!(
        "SELECT (SELECT count(*) FROM experiment_tasks WHERE run_id = ?1),
         (SELECT count(*) FROM dependencies WHERE dep_type IN ('blocks', 'follows') AND from_task_id IN {ours}),
         (SELECT json_extract(config_snapshot, '$.host_version') FROM experiment_runs WHERE id = ?1),
         (SELECT min(created_at) FROM tasks WHERE id IN {ours})"
    );
    db.query_row(&sql, [id], |row| {
        Ok(Instantiate {
            db: String::new(),
            tasks: row.get::<_, i64>(0)? as u64,
            ordering_deps: row.get::<_, i64>(1)? as u64,
            host: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            created_at_ms: row.get(3)?,
            program: None, // taken from the manifest of today, as the database is from where it is
        })
    })
}
