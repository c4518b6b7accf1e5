//! The tables of a database and their rows as raw JSON: column names and values as stored.
//!
//! This file does not depend on the meaning of a table, so that a snapshot stays complete when the host or the toolkit
//! adds one. Integers stay integers (times are integer milliseconds), reals numbers, texts strings even if they contain
//! JSON, NULL is null. A value that JSON cannot express gets a form of its own, so that nothing is lost silently: a blob
//! is `{"blob_hex":"..."}`, a text that is not UTF-8 `{"text_hex":"..."}`, an infinite real `{"real":"inf"}` or
//! `{"real":"-inf"}` (`SQLite` stores NaN as NULL).

use crate::hex::digits;
use crate::scope::quote;
use crate::snapshot::scan;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Tables that are not ordered by their primary key. A history is read task by task; the `+` makes `SQLite` sort instead
/// of following an index through the whole file, which takes half the time of the whole export. (Tasks are not sorted: with
/// their descriptions they would be written to the disk once more.)
const ORDERS: [(&str, &str); 2] = [
    ("task_sequence", "+\"task_id\", \"id\""),
    ("task_state_sequence", "+\"task_id\", \"id\""),
];

/// A table to be exported.
pub struct Table {
    /// Name of the table.
    pub name: String,
    columns: Vec<String>,
    order: String,
    filter: String,
}

/// All ordinary tables in the order of their names: without those of `SQLite` itself, and without the text index, which is
/// derived from the others.
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
        filter: String::new(),
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Table {
    /// Restricts the table to one of several runs: its tasks with everything that refers to them, and its workers, whose
    /// names begin with its id. A table without such a column stays whole.
    pub fn only(&mut self, run: &str) {
        let own = format!("= {}", quote(run));
        let tasks = format!("IN (SELECT task_id FROM experiment_tasks WHERE run_id {own})");
        let worker = format!("GLOB {}", quote(&format!("{run}-*")));
        let conditions = [
            ("tasks", "id", &tasks),
            ("workers", "id", &worker),
            ("experiment_runs", "id", &own),
            ("", "run_id", &own),
            ("", "task_id", &tasks),
            ("", "from_task_id", &tasks),
            ("", "worker_id", &worker),
        ];
        let found = conditions.iter().find(|(table, column, _)| {
            (table.is_empty() || *table == self.name)
                && self.columns.iter().any(|has| has == column)
        });
        if let Some((_, column, condition)) = found {
            self.filter = format!(" WHERE {} {condition}", quoted(column));
        }
    }

    /// The SQL statement that reads its rows in order.
    pub fn select(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| quoted(column)).collect();
        format!(
            "SELECT {} FROM {}{} ORDER BY {}",
            columns.join(", "),
            quoted(&self.name),
            self.filter,
            self.order
        )
    }

    /// The keys of a row as they are written, `"id":`.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.columns
            .iter()
            .map(|column| format!("{}:", json!(column)).into_bytes())
            .collect()
    }

    /// The index of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The number of bytes of text and blobs in a row.
    pub fn size(&self, row: &Row) -> rusqlite::Result<usize> {
        let mut size = 0;
        for at in 0..self.columns.len() {
            if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(at)? {
                size += bytes.len();
            }
        }
        Ok(size)
    }

    /// Writes one row as one object; `known` returns the replacement for the NULL of a column.
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

/// Writes all tables of a database, in one read transaction, as one JSON document, `{"tables":{...}}`.
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

/// An item that [`for_each`] passes on.
pub enum Json<'a> {
    /// The start of a table.
    Table,
    /// A row, as one object.
    Row(&'a [u8]),
    /// The reason why a row was left out: it is longer than any row of the host.
    TooLong(&'static str),
}

/// Calls `take` for every table and, if `wants` returns true for it, for each of its rows, in one read transaction. A row
/// comes with the name of its table and its number in it, from 1.
pub fn for_each(
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
            json.extend([b' '; 8]); // readers take eight bytes at a time
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

/// Writes `{"KEY":"HEX"}` digit by digit: a blob may be large.
fn write_hex(key: &str, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\"{key}\":\"")?;
    for digit in digits(bytes) {
        out.write_all(&[digit])?;
    }
    out.write_all(b"\"}")
}
