//! Snapshots: what the host's export writes, in all its dialects, what ours writes, and a database read as one.
//!
//! [`scan`] walks through the text, `row` has the types, `dialect` the values that versions write differently. Which
//! version wrote a file is told by what is in it: `schema_version` never changed. A file is read through a window, and
//! only the tables that somebody needs are kept. A row that cannot be read is counted with its reason, not passed over
//! in silence.

pub(crate) mod cells;
pub(crate) mod dialect;
mod extent;
pub(crate) mod handed;
pub(crate) mod hashed;
pub(crate) mod head;
pub mod import;
mod kinds;
mod row;
pub mod scan;
pub mod text;
pub(crate) mod value;

pub use row::{Change, Dependency, FileClaim, OriginRow, RunRow, Tables, TagRow, Task};

use crate::database;
use crate::error::{Error, Result, about, sqlite};
use crate::rows::{self, Json};
use hashed::Hashed;
use head::Head;
use rusqlite::Connection;
use scan::{Event, Scanner};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// The longest reason why a row could not be read, in characters.
const LONGEST_MESSAGE: usize = 200;

/// A snapshot's content.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The program and version that wrote it; empty where it does not say.
    pub exported_by: String,
    /// Its rows.
    pub tables: Tables,
    /// The names of all tables it has, those that are not read included.
    pub has: BTreeSet<String>,
    /// How far its times can be trusted: 1 ms, or 1000 ms where the writer cut them to whole seconds.
    pub resolution_ms: i64,
    /// Rows that could not be read.
    pub unread: Vec<Unread>,
    /// The file it was read from, unless that was a database, which changes.
    pub file: Option<FileFacts>,
}

/// Rows of one table that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The table.
    pub table: String,
    /// How many.
    pub rows: u64,
    /// Which was the first, and what is wrong with it.
    pub first: String,
}

/// A file as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

impl Snapshot {
    /// Read a file: a snapshot, plain or gzip, or a database, whatever its name.
    pub fn load(path: &Path) -> Result<Self> {
        if database::is_one(path) {
            let db = database::open_read_only(path)?;
            return Self::of_database(&db).map_err(sqlite(path));
        }
        Self::of_file(path)
    }

    /// Read a file that is no database.
    pub fn of_file(path: &Path) -> Result<Self> {
        let file = text::file(path)?;
        let size = file.metadata().map_err(about(path))?.len();
        let mut file = Hashed::new(file);
        let size = Some(size).filter(|size| *size > 0);
        let text = text::plain(&mut file, size).map_err(about(path))?;
        let mut snapshot = Self::read(text).map_err(|cause| Error::new(path.display(), cause))?;
        snapshot.file = Some(file.facts().map_err(about(path))?);
        Ok(snapshot)
    }

    /// Read the (plain) text of a snapshot.
    pub fn read(text: impl Read) -> Result<Self, String> {
        let mut head = Head::new();
        let mut snapshot = Self::default();
        let mut scanner = Scanner::new(text);
        let (mut table, mut number) = (String::new(), 0);
        loop {
            match scanner.event()? {
                None => break,
                Some(Event::Head(key, json)) => head.take(&key, json),
                Some(Event::Table(name)) => {
                    if !Tables::wants(&name) {
                        scanner.pass()?;
                    }
                    snapshot.has.insert(name.clone());
                    (table, number) = (name, 0);
                }
                Some(Event::Row(json)) => {
                    number += 1;
                    snapshot.take(&table, number, json);
                }
            }
        }
        snapshot.resolution_ms = head.resolution_ms();
        snapshot.exported_by = head.exported_by;
        Ok(snapshot)
    }

    /// Read a snapshot from its (plain) bytes.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        Self::read(text)
    }

    /// Read a database as if it were its snapshot, as it stands at one moment.
    pub fn of_database(db: &Connection) -> rusqlite::Result<Self> {
        dialect::reset_resolution();
        let mut snapshot = Self::default();
        rows::each(db, Tables::wants, |table, number, json| match json {
            Json::Table => {
                snapshot.has.insert(table.into());
            }
            Json::TooLong(cause) => Unread::count(&mut snapshot.unread, table, number, cause),
            Json::Row(json) => snapshot.take(table, number, json),
        })?;
        snapshot.resolution_ms = dialect::resolution();
        Ok(snapshot)
    }

    fn take(&mut self, table: &str, number: u64, json: &[u8]) {
        if let Err(cause) = self.tables.take(table, json) {
            Unread::count(&mut self.unread, table, number, &cause);
        }
    }
}

impl Unread {
    /// Count a row that could not be read, the `number`th of its table.
    pub(crate) fn count(all: &mut Vec<Self>, table: &str, number: u64, cause: &str) {
        match all.iter_mut().find(|unread| unread.table == table) {
            Some(unread) => unread.rows += 1,
            None => all.push(Self {
                table: table.into(),
                rows: 1,
                first: format!("row {number}: {}", shortened(cause)),
            }),
        }
    }
}

impl Tables {
    /// Whether a table is one of those that are read.
    pub(crate) fn wants(table: &str) -> bool {
        Self::default()
            .take(table, b"")
            .is_err_and(|cause| !cause.is_empty())
    }

    /// Keep a row; an empty error where the table is none of those that are read.
    pub(crate) fn take(&mut self, table: &str, json: &[u8]) -> Result<(), String> {
        match table {
            "tasks" => keep(&mut self.tasks, json, |task| !task.id.is_empty()),
            "dependencies" => keep(&mut self.dependencies, json, |edge| {
                !edge.from_task_id.is_empty() && !edge.to_task_id.is_empty()
            }),
            "task_sequence" | "task_state_sequence" => {
                keep(&mut self.task_sequence, json, |row| !row.task_id.is_empty())
            }
            "task_tags" => keep(&mut self.task_tags, json, |row| !row.task_id.is_empty()),
            "task_needed_tags" => keep(&mut self.task_needed_tags, json, |row| {
                !row.task_id.is_empty()
            }),
            "task_wanted_tags" => keep(&mut self.task_wanted_tags, json, |row| {
                !row.task_id.is_empty()
            }),
            "claim_sequence" => keep(&mut self.claim_sequence, json, |row| {
                !row.file_path.is_empty()
            }),
            "experiment_runs" => keep(&mut self.experiment_runs, json, |row| !row.id.is_empty()),
            "experiment_tasks" => keep(&mut self.experiment_tasks, json, |row| {
                !row.task_id.is_empty()
            }),
            "experiment_agents" => keep(&mut self.experiment_agents, json, |row| {
                !row.worker_id.is_empty()
            }),
            _ => Err(String::new()),
        }
    }
}

fn keep<T: DeserializeOwned>(
    rows: &mut Vec<T>,
    json: &[u8],
    is_named: impl Fn(&T) -> bool,
) -> Result<(), String> {
    let row: T = serde_json::from_slice(json).map_err(|cause| cause.to_string())?;
    if !is_named(&row) {
        return Err("has no id".into());
    }
    rows.push(row);
    Ok(())
}

/// A message, which may quote a value of megabytes.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((at, _)) => format!("{}...", &message[..at]),
        None => message.to_string(),
    }
}
