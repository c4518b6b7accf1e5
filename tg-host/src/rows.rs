//! A database's tables and their rows as JSON, raw: the columns as they are called, the values as they are stored.
//!
//! Nothing here knows what a table means, so that a snapshot stays complete when the host or the toolkit gains one.
//! Integers stay integers (times are integer milliseconds), reals numbers, texts strings even where they hold JSON, NULL
//! is null. What JSON has no form for keeps one of its own, so that nothing is lost silently: a blob is
//! `{"blob_hex":"..."}`, a text that is not UTF-8 `{"text_hex":"..."}`, an infinite real `{"real":"inf"}` or
//! `{"real":"-inf"}` (NaN it stores as NULL).

use crate::snapshot::scan;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Tables whose order is not that of their primary key. A history is read task by task; the `+` asks for sorting instead
/// of following an index through the whole file, which takes half the time of the whole export. (Tasks are not sorted: with
/// their descriptions they would be written to the disk once more.)
const ORDERS: [(&str, &str); 2] = [
    ("task_sequence", "+\"task_id\", \"id\""),
    ("task_state_sequence", "+\"task_id\", \"id\""),
];

/// A table to be exported.
pub struct Table {
    /// Its name.
    pub name: String,
    columns: Vec<String>,
    order: String,
    only: String,
}

/// All ordinary tables by name: not those of the database itself, and not the text index, which is derived from the others.
pub fn tables(db: &Connection) -> rusqlite::Result<Vec<Table>> {
    let sql = "SELECT name FROM pragma_table_list \
               WHERE schema = 'main' AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name";
    let mut names = db.prepare(sql)?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?;
    names.map(|name| table(db, name?)).collect()
}

fn table(db: &Connection, name: String) -> rusqlite::Result<Table> {
    let mut statement = db.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let info = statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let info: Vec<(String, i64)> = info.collect::<rusqlite::Result<_>>()?;
    let mut key: Vec<_> = info.iter().filter(|column| column.1 > 0).collect();
    key.sort_by_key(|column| column.1);
    let key: Vec<_> = key.iter().map(|column| quoted(&column.0)).collect();
    let order = match ORDERS.iter().find(|order| order.0 == name) {
        Some(order) => order.1.to_string(),
        None if key.is_empty() => "rowid".to_string(),
        None => key.join(", "),
    };
    Ok(Table {
        name,
        columns: info.into_iter().map(|column| column.0).collect(),
        order,
        only: String::new(),
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Table {
    /// Read only what belongs to one of several runs: its tasks and all that hangs on them, and its workers, which are
    /// named after it. A table in which nothing tells is read whole.
    pub fn only(&mut self, run: &str) {
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let tasks = format!(
            "IN (SELECT task_id FROM experiment_tasks WHERE run_id = {})",
            text(run)
        );
        let worker = format!("GLOB {}", text(&format!("{run}-*")));
        let conditions = [
            ("tasks", "id", &tasks),
            ("workers", "id", &worker),
            ("experiment_runs", "id", &format!("= {}", text(run))),
            ("", "run_id", &format!("= {}", text(run))),
            ("", "task_id", &tasks),
            ("", "from_task_id", &tasks),
            ("", "worker_id", &worker),
        ];
        let found = conditions.iter().find(|(table, column, _)| {
            (table.is_empty() || *table == self.name)
                && self.columns.iter().any(|has| has == column)
        });
        if let Some((_, column, condition)) = found {
            self.only = format!(" WHERE {} {condition}", quoted(column));
        }
    }

    /// The statement that reads it, row by row in order.
    pub fn select(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| quoted(column)).collect();
        format!(
            "SELECT {} FROM {}{} ORDER BY {}",
            columns.join(", "),
            quoted(&self.name),
            self.only,
            self.order
        )
    }

    /// The keys of its rows as they are written, `"id":`.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.columns
            .iter()
            .map(|column| format!("{}:", json!(column)).into_bytes())
            .collect()
    }

    /// Where a column is.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// How many bytes of text and blobs are in a row.
    pub fn size(&self, row: &Row) -> rusqlite::Result<usize> {
        let mut size = 0;
        for at in 0..self.columns.len() {
            if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(at)? {
                size += bytes.len();
            }
        }
        Ok(size)
    }

    /// Write one row as one object; `known` gives what stands in for the NULL of a column.
    pub fn row(
        &self,
        row: &Row,
        keys: &[Vec<u8>],
        known: impl Fn(&str) -> Option<Value>,
        out: &mut impl Write,
    ) -> rusqlite::Result<io::Result<()>> {
        for (at, (key, column)) in keys.iter().zip(&self.columns).enumerate() {
            let value = row.get_ref(at)?;
            let known = (value == ValueRef::Null).then(|| known(column)).flatten();
            let separator = if at == 0 { b"{" } else { b"," };
            let done = out
                .write_all(separator)
                .and_then(|()| out.write_all(key))
                .and_then(|()| match known {
                    Some(known) => write!(out, "{known}"),
                    None => write_value(value, out),
                });
            if done.is_err() {
                return Ok(done);
            }
        }
        Ok(out.write_all(b"}"))
    }
}

/// Write all tables of a database as they stand at one moment as one JSON document, `{"tables":{...}}`.
pub fn document(db: &Connection, out: &mut impl Write) -> rusqlite::Result<()> {
    let db = db.unchecked_transaction()?;
    let lost = |cause: io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(cause));
    out.write_all(b"{\"tables\":{").map_err(lost)?;
    for (at, table) in tables(&db)?.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}{}:[", json!(table.name)).map_err(lost)?;
        let keys = table.keys();
        let mut statement = db.prepare(&table.select())?;
        let mut rows = statement.query([])?;
        let mut comma: &[u8] = b"";
        while let Some(row) = rows.next()? {
            out.write_all(comma).map_err(lost)?;
            table.row(row, &keys, |_| None, out)?.map_err(lost)?;
            comma = b",";
        }
        out.write_all(b"]").map_err(lost)?;
    }
    out.write_all(b"}}").map_err(lost)
}

/// What [`each`] finds.
pub enum Json<'a> {
    /// A table begins.
    Table,
    /// A row, as one object.
    Row(&'a [u8]),
    /// A row that is longer than any of the host's, and is left out; why.
    TooLong(&'static str),
}

/// Go through the rows of the tables that `wants` names, and through the names of all, as they stand at one moment. Rows
/// come with their table and their number in it, from 1.
pub fn each(
    db: &Connection,
    wants: impl Fn(&str) -> bool,
    mut take: impl FnMut(&str, u64, Json),
) -> rusqlite::Result<()> {
    let db = db.unchecked_transaction()?;
    let mut json = Vec::new();
    for table in tables(&db)? {
        take(&table.name, 0, Json::Table);
        if !wants(&table.name) {
            continue;
        }
        let keys = table.keys();
        let mut statement = db.prepare(&table.select())?;
        let mut found = statement.query([])?;
        let mut number = 0;
        while let Some(row) = found.next()? {
            number += 1;
            if table.size(row)? > scan::LONGEST {
                let cause = "is longer than 64 MiB: not a row of the host";
                take(&table.name, number, Json::TooLong(cause));
                continue;
            }
            json.clear();
            // Writing to memory does not fail.
            let _ = table.row(row, &keys, |_| None, &mut json)?;
            json.extend([b' '; 8]); // whoever reads eight bytes at a time need not care for the end
            take(&table.name, number, Json::Row(&json));
        }
    }
    Ok(())
}

fn write_value(value: ValueRef, out: &mut impl Write) -> io::Result<()> {
    match value {
        ValueRef::Null => out.write_all(b"null"),
        ValueRef::Integer(number) => Ok(serde_json::to_writer(out, &number)?), // twice as fast as `write!`
        ValueRef::Real(number) if number.is_finite() => Ok(serde_json::to_writer(out, &number)?),
        ValueRef::Real(number) if number > 0.0 => out.write_all(b"{\"real\":\"inf\"}"),
        ValueRef::Real(_) => out.write_all(b"{\"real\":\"-inf\"}"),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(serde_json::to_writer(out, text)?),
            Err(_) => write_hex("text_hex", bytes, out),
        },
        ValueRef::Blob(bytes) => write_hex("blob_hex", bytes, out),
    }
}

/// `{"KEY":"HEX"}`, digit by digit: bytes may be many.
fn write_hex(key: &str, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    write!(out, "{{\"{key}\":\"")?;
    for byte in bytes {
        out.write_all(&[
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ])?;
    }
    out.write_all(b"\"}")
}
