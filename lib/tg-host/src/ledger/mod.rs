//! A snapshot in the form that metrics need: the histories of all tasks, packed.
//!
//! [`crate::Snapshot`] keeps every text of every row, which a template needs, and takes kilobytes a task. Here repeated
//! texts are stored once (`names`), numbers in four bytes (`column`), and columns that no metric uses not at all: some 250
//! bytes a task. Rows are read in place (`in_place`) if they are laid out like the rows before them, else by serde into the
//! types of [`crate::snapshot`]; both give the same, as a test of ours checks.

mod column;
mod edges;
mod in_place;
mod index;
pub mod names;
mod packed;
mod query;
mod tables;

pub use crate::snapshot::hashing::PendingFacts;
pub use edges::Edge;
pub use tables::{Change, Origin, Reason, Task, has_tag};

use crate::error::{Error, Result, about, sqlite};
use crate::experiment_tables::AgentRow;
use crate::snapshot::hashing::{HashedFile, ThreadHashedFile};
use crate::snapshot::header::Header;
use crate::snapshot::scan::{Event, Input, Scanner};
use crate::snapshot::{FileClaim, RunRow, Tables, Unread, dialect, text};
use crate::{database, rows};
use in_place::RowReader;
use index::Index;
use packed::Packed;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// The size from which on a second thread hashes or decompresses a file, in bytes.
const WORTH_A_THREAD: u64 = 1 << 20;

/// The histories in a snapshot.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Name and version of the program that wrote it; empty if unknown.
    pub exported_by: String,
    /// The names of all its tables, those that are not read included.
    pub has: BTreeSet<String>,
    /// The resolution of its timestamps: 1 ms, or 1000 ms if the writer cut them to whole seconds.
    pub resolution_ms: i64,
    /// Rows that could not be read.
    pub unread: Vec<Unread>,
    /// The runs in it, in the order of the file.
    pub runs: Vec<RunRow>,
    /// The agents of the runs.
    pub agents: Vec<AgentRow>,
    /// Claims and releases of files.
    pub claims: Vec<FileClaim>,
    rows: Packed,
    index: Index,
}

impl Ledger {
    /// Reads a file: a snapshot, plain or gzip, or a database, with any name. The facts about the file itself may take
    /// longer.
    pub fn load(path: &Path) -> Result<(Self, PendingFacts)> {
        Self::default().load_file(path)
    }

    /// The same without the edges that order tasks, a tenth of the file: only containment is kept.
    pub fn load_without_order(path: &Path) -> Result<(Self, PendingFacts)> {
        let mut ledger = Self::default();
        ledger.rows.edges.containment_only = true;
        ledger.load_file(path)
    }

    fn load_file(mut self, path: &Path) -> Result<(Self, PendingFacts)> {
        if database::is_database(path) {
            let db = database::open_read_only(path)?;
            let ledger = self.read_database(&db).map_err(sqlite(path))?;
            return Ok((ledger, PendingFacts::of_database()));
        }
        let broken = |cause: String| Error::new(path.display(), cause);
        let file = text::file(path)?;
        let size = file.metadata().map_err(about(path))?.len();
        let is_large = size > WORTH_A_THREAD;
        if is_large {
            self.rows.reserve(size);
        }
        if is_large && !text::is_compressed(&file).map_err(about(path))? {
            let mut file = ThreadHashedFile::new(file);
            let ledger = self.read_text(&mut file).map_err(broken)?;
            return Ok((ledger, file.pending(path)));
        }
        let mut file = HashedFile::new(file);
        let text = text::plain(&mut file, Some(size).filter(|size| *size > 0));
        let text = text.map_err(about(path))?;
        let ledger = if is_large {
            text::read_ahead(text, |text| self.read_text(text))
        } else {
            self.read_text(text)
        };
        Ok((ledger.map_err(broken)?, file.pending(path)))
    }

    /// Reads the (plain) text of a snapshot.
    pub fn read(text: impl Read) -> Result<Self, String> {
        Self::default().read_text(text)
    }

    fn read_text(mut self, text: impl Input) -> Result<Self, String> {
        let mut header = Header::new();
        let mut scanner = Scanner::new(text);
        let (mut in_place, mut by_serde) = (RowReader::default(), Tables::default());
        let (mut table, mut number) = (String::new(), 0);
        loop {
            while scanner.row(|bytes| in_place.row(&mut self.rows, &table, bytes)) {
                number += 1;
            }
            match scanner.event()? {
                None => break,
                Some(Event::Head(key, json)) => header.set(&key, json),
                Some(Event::Table(name)) => {
                    if !Tables::contain(&name) {
                        scanner.pass()?;
                    }
                    self.has.insert(name.clone());
                    self.rows.end_table();
                    (table, number) = (name, 0);
                }
                Some(Event::Row(json)) => {
                    number += 1;
                    self.push(&mut by_serde, &table, number, json);
                }
            }
        }
        self.resolution_ms = header.resolution_ms();
        self.exported_by = header.exported_by;
        Ok(self.indexed())
    }

    /// Reads a database as if it were a snapshot, in one read transaction.
    pub fn of_database(db: &Connection) -> rusqlite::Result<Self> {
        Self::default().read_database(db)
    }

    fn read_database(mut self, db: &Connection) -> rusqlite::Result<Self> {
        dialect::reset_resolution();
        let (mut in_place, mut by_serde) = (RowReader::default(), Tables::default());
        rows::for_each(db, Tables::contain, |table, number, json| match json {
            rows::Json::Table => {
                self.has.insert(table.into());
                self.rows.end_table();
            }
            rows::Json::TooLong(cause) => Unread::count(&mut self.unread, table, number, cause),
            rows::Json::Row(json) => {
                if in_place.row(&mut self.rows, table, json).is_none() {
                    self.push(&mut by_serde, table, number, json);
                }
            }
        })?;
        self.resolution_ms = dialect::resolution();
        Ok(self.indexed())
    }

    fn indexed(mut self) -> Self {
        self.rows.edges.settle(&mut self.rows.names);
        self.index = Index::new(&self.rows);
        self
    }

    /// Adds a row by serde.
    fn push(&mut self, by_serde: &mut Tables, table: &str, number: u64, json: &[u8]) {
        if let Err(cause) = by_serde.push(table, json) {
            return Unread::count(&mut self.unread, table, number, &cause);
        }
        self.rows.push(by_serde);
        self.runs.append(&mut by_serde.experiment_runs);
        self.agents.append(&mut by_serde.experiment_agents);
        self.claims.append(&mut by_serde.claim_sequence);
    }
}
