//! The text of a snapshot, written table by table and row by row.
//!
//! `schema_version` and `export_version` are the host's, so that its own `import` reads the file. Each row is one line.
//! In the form for import each row is converted as [`tg_host::snapshot::import`] describes.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use tg_host::snapshot::import;
use tg_stage::Error;
use tg_stage::error::file_error;

/// The cause for which a snapshot could not be written, before the names of the files are known.
#[derive(Debug)]
pub enum Failure {
    /// The database could not be read.
    Database(rusqlite::Error),
    /// The database or the snapshot has invalid content.
    Content(String),
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

impl Failure {
    /// The error of an export from one file to another.
    pub fn into_error(self, from: &Path, to: &Path) -> Error {
        match self {
            Self::Database(cause) => Error::outside(from.display(), cause),
            Self::Content(cause) => Error::outside(from.display(), cause),
            Self::Output(cause) => file_error(to)(cause),
        }
    }
}

/// The form of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As they are stored.
    Raw,
    /// As the host's `import` reads them; `is_old` if host 0.1 wrote them.
    Import { is_old: bool },
}

impl Shape {
    pub fn new(for_import: bool, is_old: bool) -> Self {
        if for_import {
            Self::Import { is_old }
        } else {
            Self::Raw
        }
    }
}

/// A snapshot that is being written.
pub struct Writer<W> {
    out: W,
    shape: Shape,
    table: String,
    /// Rows of the table so far; none before the first table.
    rows: Option<u64>,
    names: BTreeSet<String>,
    resolution_ms: i64,
    scratch: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header: the time of the export, and the program that made it.
    pub fn new(mut out: W, shape: Shape, at: &str, by: &str) -> io::Result<Self> {
        write!(
            out,
            "{{\"schema_version\":3,\"export_version\":\"1.0.0\",\"exported_at\":{},\"exported_by\":{},\"tables\":{{",
            Value::from(at),
            Value::from(by),
        )?;
        Ok(Self {
            out,
            shape,
            table: String::new(),
            rows: None,
            names: BTreeSet::new(),
            resolution_ms: 1,
            scratch: Vec::new(),
        })
    }

    /// Begins a table, and ends the one before.
    pub fn begin_table(&mut self, name: &str) -> Result<(), Failure> {
        self.end_table()?;
        let shown = match self.shape {
            Shape::Raw => name,
            Shape::Import { .. } => import::table(name),
        };
        if !self.names.insert(shown.into()) {
            let cause = format!("has two tables that are called {shown:?} today");
            return Err(Failure::Content(cause));
        }
        let separator = if self.names.len() == 1 { "\n" } else { ",\n" };
        write!(self.out, "{separator}{}:[", Value::from(shown))?;
        self.rows = Some(0);
        self.table = name.into();
        Ok(())
    }

    /// Writes a row; `write` gives it as one JSON object.
    pub fn row(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let rows = self.rows.get_or_insert(0);
        *rows += 1;
        let separator = if *rows == 1 { b"\n" as &[u8] } else { b",\n" };
        self.out.write_all(separator)?;
        self.scratch.clear();
        write(&mut self.scratch)?;
        let Shape::Import { is_old } = self.shape else {
            return Ok(self.out.write_all(&self.scratch)?);
        };
        let fail = |cause: &dyn Display| {
            Failure::Content(format!("table \"{}\", row {rows}: {cause}", self.table))
        };
        let row = serde_json::from_slice(&self.scratch).map_err(|cause| fail(&cause))?;
        if import::is_coarse(&row) {
            self.resolution_ms = self.resolution_ms.max(1000);
        }
        let row = import::row(&self.table, row, is_old).map_err(|cause| fail(&cause))?;
        serde_json::to_writer(&mut self.out, &row).map_err(io::Error::from)?;
        Ok(())
    }

    /// Declares that times are not more precise than this.
    pub fn coarsen_to(&mut self, resolution_ms: i64) {
        self.resolution_ms = self.resolution_ms.max(resolution_ms);
    }

    fn end_table(&mut self) -> io::Result<()> {
        match self.rows.take() {
            None => Ok(()),
            Some(0) => self.out.write_all(b"]"),
            Some(_) => self.out.write_all(b"\n]"),
        }
    }

    /// Ends the snapshot. Times that were whole seconds look exact once they are milliseconds, so the file states their
    /// resolution.
    pub fn finish(mut self) -> io::Result<()> {
        self.end_table()?;
        let resolution = match self.resolution_ms {
            1 => String::new(),
            ms => format!(",\"resolution_ms\":{ms}"),
        };
        write!(self.out, "\n}}{resolution}}}\n")
    }
}
