//! Snapshots: the host's exports in all dialects, our own, and databases read as if they were snapshots.
//!
//! [`scan`] walks through the text, `row` has the types, `dialect` the values that versions write differently. The content
//! of a file decides its dialect: `schema_version` never changed. A file is read through a window, and only the tables
//! that are needed are kept. A row that cannot be read is counted with its reason, not skipped silently.

pub(crate) mod dialect;
pub(crate) mod hashing;
pub(crate) mod header;
pub mod import;
mod row;
pub mod scan;
pub(crate) mod shape;
pub mod text;
pub(crate) mod value;
mod value_end;

pub use crate::experiment_tables::{OriginRow, RunRow};
pub use hashing::FileFacts;
pub use row::{ChangeRow, Dependency, FileClaim, TagRow, TaskRow};

use crate::database;
use crate::error::{Error, Result, about, sqlite};
use crate::experiment_tables::AgentRow;
use crate::rows::{self, Json};
use hashing::HashedFile;
use header::Header;
use rusqlite::Connection;
use scan::{Event, Scanner};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// The longest reason for an unreadable row, in characters.
const LONGEST_MESSAGE: usize = 200;

/// A snapshot's content.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Name and version of the program that wrote it; empty if unknown.
    pub exported_by: String,
    /// Its rows.
    pub tables: Tables,
    /// The names of all its tables, those that are not read included.
    pub has: BTreeSet<String>,
    /// The resolution of its timestamps: 1 ms, or 1000 ms if the writer cut them to whole seconds.
    pub resolution_ms: i64,
    /// Rows that could not be read.
    pub unread: Vec<Unread>,
    /// The file it was read from, unless that was a database, which changes.
    pub file: Option<FileFacts>,
}

/// The tables that are read; the order of rows is that of the file.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Tasks, containers and deleted ones included.
    pub tasks: Vec<TaskRow>,
    /// Edges between tasks.
    pub dependencies: Vec<Dependency>,
    /// The history of states and phases.
    pub task_sequence: Vec<ChangeRow>,
    /// Tags.
    pub task_tags: Vec<TagRow>,
    /// Tags of which an agent must have all.
    pub task_needed_tags: Vec<TagRow>,
    /// Tags of which an agent must have one.
    pub task_wanted_tags: Vec<TagRow>,
    /// Claims and releases of files.
    pub claim_sequence: Vec<FileClaim>,
    /// The runs in this database.
    pub experiment_runs: Vec<RunRow>,
    /// The template task of each task.
    pub experiment_tasks: Vec<OriginRow>,
    /// The agents of the runs.
    pub experiment_agents: Vec<AgentRow>,
}

/// Rows of one table that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The table.
    pub table: String,
    /// Number of rows.
    pub rows: u64,
    /// The first of them, and its error.
    pub first: String,
}

impl Snapshot {
    /// Reads a file: a snapshot, plain or gzip, or a database, with any name.
    pub fn load(path: &Path) -> Result<Self> {
        if database::is_database(path) {
            let db = database::open_read_only(path)?;
            return Self::of_database(&db).map_err(sqlite(path));
        }
        Self::of_file(path)
    }

    /// Reads a file that is not a database.
    pub fn of_file(path: &Path) -> Result<Self> {
        let file = text::file(path)?;
        let size = file.metadata().map_err(about(path))?.len();
        let mut file = HashedFile::new(file);
        let size = Some(size).filter(|size| *size > 0);
        let text = text::plain(&mut file, size).map_err(about(path))?;
        let mut snapshot = Self::read(text).map_err(|cause| Error::new(path.display(), cause))?;
        snapshot.file = Some(file.facts().map_err(about(path))?);
        Ok(snapshot)
    }

    /// Reads the (plain) text of a snapshot.
    pub fn read(text: impl Read) -> Result<Self, String> {
        let mut header = Header::new();
        let mut snapshot = Self::default();
        let mut scanner = Scanner::new(text);
        let (mut table, mut number) = (String::new(), 0);
        loop {
            match scanner.event()? {
                None => break,
                Some(Event::Head(key, json)) => header.set(&key, json),
                Some(Event::Table(name)) => {
                    if !Tables::contain(&name) {
                        scanner.pass()?;
                    }
                    snapshot.has.insert(name.clone());
                    (table, number) = (name, 0);
                }
                Some(Event::Row(json)) => {
                    number += 1;
                    snapshot.push(&table, number, json);
                }
            }
        }
        snapshot.resolution_ms = header.resolution_ms();
        snapshot.exported_by = header.exported_by;
        Ok(snapshot)
    }

    /// Reads a database as if it were a snapshot, in one read transaction.
    fn of_database(db: &Connection) -> rusqlite::Result<Self> {
        dialect::reset_resolution();
        let mut snapshot = Self::default();
        rows::for_each(db, Tables::contain, |table, number, json| match json {
            Json::Table => {
                snapshot.has.insert(table.into());
            }
            Json::TooLong(cause) => Unread::count(&mut snapshot.unread, table, number, cause),
            Json::Row(json) => snapshot.push(table, number, json),
        })?;
        snapshot.resolution_ms = dialect::resolution();
        Ok(snapshot)
    }

    fn push(&mut self, table: &str, number: u64, json: &[u8]) {
        if let Err(cause) = self.tables.push(table, json) {
            Unread::count(&mut self.unread, table, number, &cause);
        }
    }
}

impl Unread {
    /// Counts a row that could not be read, the `number`th of its table.
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
    /// True if a table is one of those that are read.
    pub(crate) fn contain(table: &str) -> bool {
        let pushed = Self::default().push(table, b"");
        pushed.is_err_and(|cause| !cause.is_empty())
    }

    /// Adds a row; the error is empty if the table is not one of those that are read.
    pub(crate) fn push(&mut self, table: &str, json: &[u8]) -> Result<(), String> {
        match table {
            "tasks" => keep(&mut self.tasks, json, |task| &task.id),
            "dependencies" => keep(&mut self.dependencies, json, |edge| {
                if edge.from_task_id.is_empty() {
                    &edge.from_task_id
                } else {
                    &edge.to_task_id
                }
            }),
            "task_sequence" | "task_state_sequence" => {
                keep(&mut self.task_sequence, json, |row| &row.task_id)
            }
            "task_tags" => keep(&mut self.task_tags, json, |row| &row.task_id),
            "task_needed_tags" => keep(&mut self.task_needed_tags, json, |row| &row.task_id),
            "task_wanted_tags" => keep(&mut self.task_wanted_tags, json, |row| &row.task_id),
            "claim_sequence" => keep(&mut self.claim_sequence, json, |row| &row.file_path),
            "experiment_runs" => keep(&mut self.experiment_runs, json, |row| &row.id),
            "experiment_tasks" => keep(&mut self.experiment_tasks, json, |row| &row.task_id),
            "experiment_agents" => keep(&mut self.experiment_agents, json, |row| &row.worker_id),
            _ => Err(String::new()),
        }
    }
}

/// Adds a row, which must have an id.
fn keep<T: DeserializeOwned>(
    rows: &mut Vec<T>,
    json: &[u8],
    id: impl Fn(&T) -> &str,
) -> Result<(), String> {
    let row: T = serde_json::from_slice(json).map_err(|cause| cause.to_string())?;
    if id(&row).is_empty() {
        return Err("has no id".into());
    }
    rows.push(row);
    Ok(())
}

/// Truncates a message, which may quote a value of megabytes.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((at, _)) => format!("{}...", &message[..at]),
        None => message.to_string(),
    }
}
