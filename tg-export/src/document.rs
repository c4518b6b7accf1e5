//! The content of a database as a snapshot: every table, every column, at one moment.
//!
//! `exported_at` is not the current time but the newest time in the data, so that the same database gives the same bytes;
//! rows are ordered by primary key, one per line, and written one by one.

use crate::end::RecordedEnd;
use crate::writer::{Failure, Shape, Writer};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};
use tg_host::rows::{Table, tables};
use tg_host::schema::export;

/// The latest time that RFC 3339 can express, in milliseconds since the epoch.
const LATEST_MS: i64 = 253_402_300_799_999;

/// The part of a database to write, and its form.
#[derive(Debug, Clone, Default)]
pub struct ExportOptions<'a> {
    /// Only this run, if several share the database.
    pub run: Option<&'a str>,
    /// The end of the run, if the database does not have it.
    pub end: Option<RecordedEnd>,
    /// Write rows in the form that the host's own `import` reads.
    pub for_import: bool,
}

/// Writes the database to `out`. The end fills the NULLs of a run that has no outcome in the database. If several runs
/// share the database, only the rows of one are written.
pub fn write_database(
    db: &Connection,
    options: &ExportOptions,
    out: &mut impl Write,
) -> Result<(), Failure> {
    db.pragma_update(None, "threads", 1)?; // one more thread, which sorts while this one reads; it takes 2 MB
    let transaction = db.unchecked_transaction()?;
    let mut tables = tables(&transaction)?;
    if let Some(run) = options.run
        && export::is_shared(&transaction, &tables, run)?
    {
        for table in &mut tables {
            table.only(run);
        }
    }
    let end = missing_end(&transaction, &tables, options.end.clone())?;
    let newest = newest_ms(&transaction, &tables, end.as_ref())?;
    let shape = Shape::new(options.for_import, export::is_of_first_host(&tables));
    let by = concat!("tg-export ", env!("CARGO_PKG_VERSION"));
    let mut writer = Writer::new(out, shape, &rfc3339(newest), by)?;
    for table in &tables {
        write_table(&transaction, table, end.as_ref(), &mut writer)?;
    }
    Ok(writer.finish()?)
}

fn write_table(
    db: &Connection,
    table: &Table,
    end: Option<&RecordedEnd>,
    writer: &mut Writer<impl Write>,
) -> Result<(), Failure> {
    writer.begin_table(&table.name)?;
    let keys = table.keys();
    let known = end.filter(|_| table.name == export::RUNS);
    let known = known.and_then(|end| Some((table.column("id")?, end)));
    let mut statement = db.prepare(&table.select())?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let end = match known {
            Some((id, end)) if row.get_ref(id)? == ValueRef::Text(end.run.as_bytes()) => Some(end),
            _ => None,
        };
        writer.row(|out| Ok(table.row(row, &keys, |column| end?.column(column), out)??))?;
    }
    let agents = end.filter(|_| table.name == export::AGENTS);
    for agent in agents.into_iter().flat_map(|end| &end.agents) {
        writer.row(|out| Ok(serde_json::to_writer(out, agent).map_err(io::Error::from)?))?;
    }
    Ok(())
}

/// The part of `end` that the database does not have: nothing, or the outcome and the agents without a row.
fn missing_end(
    db: &Connection,
    tables: &[Table],
    end: Option<RecordedEnd>,
) -> rusqlite::Result<Option<RecordedEnd>> {
    let Some(mut end) = end else { return Ok(None) };
    if !export::lacks_outcome(db, tables, &end.run)? {
        return Ok(None);
    }
    let mut missing = Vec::new();
    for agent in std::mem::take(&mut end.agents) {
        if !export::has_agent(db, tables, &agent.run_id, &agent.worker_id)? {
            missing.push(agent);
        }
    }
    end.agents = missing;
    Ok(Some(end))
}

/// The end of the last run, else the newest time of a task, in milliseconds since the epoch.
fn newest_ms(db: &Connection, tables: &[Table], end: Option<&RecordedEnd>) -> Result<i64, Failure> {
    if !export::has_history(tables) {
        let cause = "has no history of its tasks: not a database of the host";
        return Err(Failure::Content(cause.into()));
    }
    let ended = export::last_end(db, tables)?.max(end.map(|end| end.ended_at_ms));
    let newest = match ended {
        None => export::last_change(db, tables)?,
        ended => ended,
    };
    Ok(newest.unwrap_or(0))
}

fn rfc3339(ms: i64) -> String {
    let since = Duration::from_millis(ms.clamp(0, LATEST_MS) as u64);
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}
