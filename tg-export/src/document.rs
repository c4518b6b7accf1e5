//! The snapshot as one JSON document, in the raw row shape that the host's own `import` reads.
//!
//! `schema_version` and `export_version` are the host's. `exported_at` is no clock but the newest time in the data, so
//! that the same database gives the same bytes; the rows come by primary key, one a line, and none is kept in memory.

use crate::end::End;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};
use tg_host::rows::{Table, tables};

/// The latest moment RFC 3339 can write, in milliseconds since the epoch.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Why a snapshot could not be written.
#[derive(Debug)]
pub enum Failure {
    /// The database could not be read.
    Database(rusqlite::Error),
    /// It is a database, but not one of the host.
    Schema(String),
    /// The snapshot could not be written.
    Output(io::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Database(cause)
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Output(cause)
    }
}

/// Write everything in `db`, as it stands at one moment, to `out`; `end` fills what `experiment_runs` does not know of a
/// run that has no outcome there. Where several runs share the database, only what belongs to `run` is written.
pub fn write(
    db: &Connection,
    run: Option<&str>,
    end: Option<End>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let transaction = db.unchecked_transaction()?;
    let mut tables = tables(&transaction)?;
    if let Some(run) = run
        && is_there(&tables, "experiment_runs")
        && is_shared(&transaction, run)?
    {
        for table in &mut tables {
            table.only(run);
        }
    }
    let mut end = end;
    if let Some(known) = &mut end {
        if is_untold(&transaction, &tables, known)? {
            leave_out_told(&transaction, &tables, known)?;
        } else {
            end = None;
        }
    }
    let newest = newest(&transaction, &tables, end.as_ref())?;
    write!(
        out,
        "{{\"schema_version\":3,\"export_version\":\"1.0.0\",\"exported_at\":\"{}\",\"exported_by\":\"tg-export {}\",\"tables\":{{",
        rfc3339(newest),
        env!("CARGO_PKG_VERSION"),
    )?;
    for (at, table) in tables.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        write_table(&transaction, table, end.as_ref(), out)?;
    }
    out.write_all(b"\n}}\n")?;
    Ok(())
}

fn write_table(
    db: &Connection,
    table: &Table,
    end: Option<&End>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    write!(out, "{}:[", serde_json::Value::from(table.name.as_str()))?;
    let keys = table.keys();
    // What only the record knows stands in for the NULLs of the run's own row.
    let untold = end.filter(|_| table.name == "experiment_runs");
    let untold = untold.and_then(|end| Some((table.column("id")?, end)));
    let mut statement = db.prepare(&table.select())?;
    let mut rows = statement.query([])?;
    let mut separator: &[u8] = b"\n";
    while let Some(row) = rows.next()? {
        out.write_all(separator)?;
        let end = match untold {
            Some((id, end)) if row.get_ref(id)? == ValueRef::Text(end.run.as_bytes()) => Some(end),
            _ => None,
        };
        table.row(row, &keys, |column| end?.value(column), out)??;
        separator = b",\n";
    }
    for agent in end
        .filter(|_| table.name == "experiment_agents")
        .into_iter()
        .flat_map(|end| &end.agents)
    {
        out.write_all(separator)?;
        serde_json::to_writer(&mut *out, agent).map_err(io::Error::from)?;
        separator = b",\n";
    }
    out.write_all(if separator == b"\n" { b"]" } else { b"\n]" })?;
    Ok(())
}

fn is_there(tables: &[Table], name: &str) -> bool {
    tables.iter().any(|table| table.name == name)
}

/// Whether `run` is one of several in the database.
fn is_shared(db: &Connection, run: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) > 1 AND sum(id = ?1) > 0 FROM experiment_runs";
    Ok(db
        .query_row(sql, [run], |row| row.get::<_, Option<bool>>(0))?
        .unwrap_or(false))
}

/// Whether the run is in the database without an outcome.
fn is_untold(db: &Connection, tables: &[Table], end: &End) -> rusqlite::Result<bool> {
    if !is_there(tables, "experiment_runs") {
        return Ok(false);
    }
    let sql = "SELECT outcome IS NULL FROM experiment_runs WHERE id = ?1";
    Ok(db
        .query_row(sql, [&end.run], |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

/// Keep only the agents that the database does not know.
fn leave_out_told(db: &Connection, tables: &[Table], end: &mut End) -> rusqlite::Result<()> {
    if !is_there(tables, "experiment_agents") {
        return Ok(());
    }
    let mut known =
        db.prepare("SELECT 1 FROM experiment_agents WHERE run_id = ?1 AND worker_id = ?2")?;
    let mut missing = Vec::new();
    for agent in end.agents.drain(..) {
        if !known.exists([&agent.run_id, &agent.worker_id])? {
            missing.push(agent);
        }
    }
    end.agents = missing;
    Ok(())
}

/// When the last run ended, else the newest time of a task, in milliseconds since the epoch.
fn newest(db: &Connection, tables: &[Table], end: Option<&End>) -> Result<i64, Failure> {
    let newest = |table: &str, column: &str| {
        let sql = format!("SELECT max({column}) FROM {table} WHERE typeof({column}) = 'integer'");
        db.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0))
    };
    let Some(history) = ["task_sequence", "task_state_sequence"]
        .into_iter()
        .find(|name| is_there(tables, name))
    else {
        return Err(Failure::Schema(
            "has no history of its tasks: not a database of the host".into(),
        ));
    };
    let ended = if is_there(tables, "experiment_runs") {
        newest("experiment_runs", "completed_at")?
    } else {
        None
    };
    let ended = ended.max(end.map(|end| end.ended_at_ms));
    if let Some(ended) = ended {
        return Ok(ended);
    }
    let changed = newest(history, "timestamp")?;
    Ok(changed.max(newest("tasks", "updated_at")?).unwrap_or(0))
}

fn rfc3339(ms: i64) -> String {
    let since = Duration::from_millis(ms.clamp(0, LATEST_MS) as u64);
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}
