//! A database as a snapshot: every table, every column, as it stands at one moment.
//!
//! `exported_at` is no clock but the newest time in the data, so
//! that the same database gives the same bytes; the rows come by primary key, one a line, and none is kept in memory.

use crate::What;
use crate::end::End;
use crate::failure::Failure;
use crate::writer::{Shape, Writer};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};
use tg_host::rows::{Table, tables};

/// The latest moment RFC 3339 can write, in milliseconds since the epoch.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Write everything in `db`, as it stands at one moment, to `out`; the end fills what `experiment_runs` does not know of a
/// run that has no outcome there. Where several runs share the database, only what belongs to the one is written.
pub fn write(db: &Connection, what: &What, out: &mut impl Write) -> Result<(), Failure> {
    db.pragma_update(None, "threads", 1)?; // one more, which sorts while we read; it takes 2 MB
    let transaction = db.unchecked_transaction()?;
    let mut tables = tables(&transaction)?;
    if let Some(run) = what.run
        && is_there(&tables, "experiment_runs")
        && is_shared(&transaction, run)?
    {
        for table in &mut tables {
            table.only(run);
        }
    }
    let mut end = what.end.clone();
    if let Some(known) = &mut end {
        if is_untold(&transaction, &tables, known)? {
            leave_out_told(&transaction, &tables, known)?;
        } else {
            end = None;
        }
    }
    let newest = newest(&transaction, &tables, end.as_ref())?;
    let shape = Shape::new(what.for_import, is_there(&tables, "task_state_sequence"));
    let by = concat!("tg-export ", env!("CARGO_PKG_VERSION"));
    let mut writer = Writer::begin(out, shape, &rfc3339(newest), by)?;
    for table in &tables {
        write_table(&transaction, table, end.as_ref(), &mut writer)?;
    }
    Ok(writer.finish()?)
}

fn write_table(
    db: &Connection,
    table: &Table,
    end: Option<&End>,
    writer: &mut Writer<impl Write>,
) -> Result<(), Failure> {
    writer.table(&table.name)?;
    let keys = table.keys();
    // What only the record knows stands in for the NULLs of the run's own row.
    let untold = end.filter(|_| table.name == "experiment_runs");
    let untold = untold.and_then(|end| Some((table.column("id")?, end)));
    let mut statement = db.prepare(&table.select())?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let end = match untold {
            Some((id, end)) if row.get_ref(id)? == ValueRef::Text(end.run.as_bytes()) => Some(end),
            _ => None,
        };
        writer.row(|out| Ok(table.row(row, &keys, |column| end?.value(column), out)??))?;
    }
    for agent in end
        .filter(|_| table.name == "experiment_agents")
        .into_iter()
        .flat_map(|end| &end.agents)
    {
        writer.row(|out| Ok(serde_json::to_writer(out, agent).map_err(io::Error::from)?))?;
    }
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
        return Err(Failure::Content(
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
