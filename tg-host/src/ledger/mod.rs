//! A snapshot as its metrics need it: the histories of all tasks, packed.
//!
//! [`crate::Snapshot`] keeps every text of every row, which a template needs, and takes kilobytes a task. Here texts that
//! come again are kept once (`names`), numbers in four bytes (`column`), and what no metric rests on not at all: some
//! 250 bytes a task. Rows are read in place where they look like the rows before them, else by serde into the types of
//! [`crate::snapshot`]; [`Ledger::plain`] reads all of them by serde, and both give the same.

pub mod column;
mod edges;
mod facts;
mod index;
pub mod names;
mod quick;
mod same;
mod tables;

pub use edges::Edge;
pub use facts::Facts;
pub use tables::{Change, Origin, Reason, Task, has_tag};

use crate::error::{Error, Result, about, sqlite};
use crate::experiment::AgentRow;
use crate::snapshot::handed::Handed;
use crate::snapshot::hashed::Hashed;
use crate::snapshot::head::Head;
use crate::snapshot::scan::{Event, Input, Scanner};
use crate::snapshot::{FileClaim, RunRow, Tables, Unread, dialect, text};
use crate::{database, rows};
use names::Names;
use quick::Quick;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// From what size on a file is hashed, or decompressed, by a thread of its own, in bytes.
const WORTH_A_THREAD: u64 = 1 << 20;

/// The histories in a snapshot.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The program and version that wrote it; empty where it does not say.
    pub exported_by: String,
    /// The names of all tables it has, those that are not read included.
    pub has: BTreeSet<String>,
    /// How far its times can be trusted: 1 ms, or 1000 ms where the writer cut them to whole seconds.
    pub resolution_ms: i64,
    /// Rows that could not be read.
    pub unread: Vec<Unread>,
    /// The runs in it, in the order of the file.
    pub runs: Vec<RunRow>,
    /// The agents of the runs.
    pub agents: Vec<AgentRow>,
    /// Claims and releases of files.
    pub claims: Vec<FileClaim>,
    names: Names,
    tasks: tables::Tasks,
    history: tables::History,
    edges: edges::Edges,
    origins: tables::Origins,
    index: index::Index,
}

impl Ledger {
    /// Read a file: a snapshot, plain or gzip, or a database, whatever its name. What is to be known of the file itself may take
    /// longer than the rest.
    pub fn load(path: &Path) -> Result<(Self, Facts)> {
        Self::default().filled(path)
    }

    /// The same without the edges that order tasks, a tenth of the file: only those that tell what a container holds.
    pub fn load_without_order(path: &Path) -> Result<(Self, Facts)> {
        let mut ledger = Self::default();
        ledger.edges.holding_only = true;
        ledger.filled(path)
    }

    /// Make room for what a large file of so many bytes may hold. Room takes no memory before it is used; what outgrows its room
    /// and has to be moved takes it twice.
    fn reserve(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(0);
        self.history.reserve(bytes / 300);
        self.tasks.reserve(bytes / 1500);
        self.names.reserve(bytes / 1500);
    }

    fn filled(mut self, path: &Path) -> Result<(Self, Facts)> {
        if database::is_one(path) {
            let db = database::open_read_only(path)?;
            let ledger = self.of_rows(&db).map_err(sqlite(path))?;
            return Ok((ledger, Facts::database()));
        }
        let broken = |cause: String| Error::new(path.display(), cause);
        let file = text::file(path)?;
        let size = file.metadata().map_err(about(path))?.len();
        let is_large = size > WORTH_A_THREAD;
        if is_large {
            self.reserve(size);
        }
        if is_large && !text::is_compressed(&file).map_err(about(path))? {
            let mut file = Handed::new(file);
            let ledger = self.walk(&mut file, Some(Quick::default()));
            return Ok((ledger.map_err(broken)?, Facts::of_handed(file, path)));
        }
        let mut file = Hashed::new(file);
        let text = text::plain(&mut file, Some(size).filter(|size| *size > 0));
        let text = text.map_err(about(path))?;
        let ledger = if is_large {
            text::ahead(text, |text| self.walk(text, Some(Quick::default())))
        } else {
            self.walk(text, Some(Quick::default()))
        };
        Ok((ledger.map_err(broken)?, Facts::of_hashed(file, path)))
    }

    /// Read the (plain) text of a snapshot.
    pub fn read(text: impl Read) -> Result<Self, String> {
        Self::default().walk(text, Some(Quick::default()))
    }

    /// The same without a short cut: every row by serde.
    pub fn plain(text: impl Read) -> Result<Self, String> {
        Self::default().walk(text, None)
    }

    fn walk(self, text: impl Input, mut quick: Option<Quick>) -> Result<Self, String> {
        let mut head = Head::new();
        let mut ledger = self;
        let mut scanner = Scanner::new(text);
        let mut by_serde = Tables::default();
        let (mut table, mut number) = (String::new(), 0);
        loop {
            if let Some(quick) = &mut quick {
                while scanner.row(|bytes| quick.row(&mut ledger, &table, bytes)) {
                    number += 1;
                }
            }
            match scanner.event()? {
                None => break,
                Some(Event::Head(key, json)) => head.take(&key, json),
                Some(Event::Table(name)) => {
                    if !Tables::wants(&name) {
                        scanner.pass()?;
                    }
                    ledger.has.insert(name.clone());
                    ledger.table_ends();
                    (table, number) = (name, 0);
                }
                Some(Event::Row(json)) => {
                    number += 1;
                    ledger.take(&mut by_serde, &table, number, json);
                }
            }
        }
        ledger.resolution_ms = head.resolution_ms();
        ledger.exported_by = head.exported_by;
        ledger.edges.settle(&mut ledger.names);
        ledger.index = index::Index::of(&ledger);
        Ok(ledger)
    }

    /// Read a snapshot from its (plain) bytes.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        Self::read(text)
    }

    /// Read a database as if it were its snapshot, as it stands at one moment.
    pub fn of_database(db: &Connection) -> rusqlite::Result<Self> {
        Self::default().of_rows(db)
    }

    fn of_rows(self, db: &Connection) -> rusqlite::Result<Self> {
        dialect::reset_resolution();
        let mut ledger = self;
        let mut by_serde = Tables::default();
        let mut quick = Quick::default();
        rows::each(db, Tables::wants, |table, number, json| match json {
            rows::Json::Table => {
                ledger.has.insert(table.into());
                ledger.table_ends();
            }
            rows::Json::TooLong(cause) => Unread::count(&mut ledger.unread, table, number, cause),
            rows::Json::Row(json) => {
                if quick.row(&mut ledger, table, json).is_none() {
                    ledger.take(&mut by_serde, table, number, json);
                }
            }
        })?;
        ledger.resolution_ms = dialect::resolution();
        ledger.edges.settle(&mut ledger.names);
        ledger.index = index::Index::of(&ledger);
        Ok(ledger)
    }

    /// Edges need not wait any longer than for the end of the history.
    fn table_ends(&mut self) {
        if !self.history.tasks.is_empty() {
            self.edges.settle(&mut self.names);
        }
    }

    /// Keep a row that serde reads.
    fn take(&mut self, by_serde: &mut Tables, table: &str, number: u64, json: &[u8]) {
        match by_serde.take(table, json) {
            Ok(()) => self.absorb(by_serde),
            Err(cause) => Unread::count(&mut self.unread, table, number, &cause),
        }
    }

    fn absorb(&mut self, rows: &mut Tables) {
        let names = &mut self.names;
        if let Some(task) = rows.tasks.pop() {
            self.tasks.push(&tables::TaskRow::of(&task, names));
        }
        if let Some(change) = rows.task_sequence.pop() {
            self.history.push(tables::ChangeRow::of(&change, names));
        }
        if let Some(edge) = rows.dependencies.pop() {
            self.edges.push(&edge, names);
        }
        if let Some(origin) = rows.experiment_tasks.pop() {
            self.origins.push(&origin, names);
        }
        self.runs.append(&mut rows.experiment_runs);
        self.agents.append(&mut rows.experiment_agents);
        self.claims.append(&mut rows.claim_sequence);
        rows.task_tags.clear();
        rows.task_needed_tags.clear();
        rows.task_wanted_tags.clear();
    }
}
