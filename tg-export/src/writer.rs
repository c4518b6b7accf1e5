//! The snapshot's text, table by table and row by row, none of it kept in memory.
//!
//! `schema_version` and `export_version` are the host's, so that its own `import` reads the file. Rows stand one a line.
//! In the shape for import each row is changed on its way as [`tg_host::snapshot::import`] says.

use crate::failure::Failure;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, Write};
use tg_host::snapshot::import;

/// What rows look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As they are stored.
    Raw,
    /// As the host's `import` reads them.
    Import {
        /// Host 0.1 wrote them.
        is_old: bool,
    },
}

impl Shape {
    /// The shape of rows that host 0.1 wrote (`is_old`) or a later one.
    pub fn new(for_import: bool, is_old: bool) -> Self {
        if for_import {
            Self::Import { is_old }
        } else {
            Self::Raw
        }
    }
}

/// A snapshot being written.
pub struct Writer<W> {
    out: W,
    shape: Shape,
    table: String,
    /// Rows of the table so far; none while no table is open.
    rows: Option<u64>,
    names: BTreeSet<String>,
    resolution_ms: i64,
    scratch: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begin a snapshot with what it says of itself.
    pub fn begin(mut out: W, shape: Shape, at: &str, by: &str) -> io::Result<Self> {
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

    /// Begin a table, and end the one before.
    pub fn table(&mut self, name: &str) -> Result<(), Failure> {
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

    /// Write a row, which `write` gives as one JSON object.
    pub fn row(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let rows = self.rows.get_or_insert(0);
        *rows += 1;
        self.out
            .write_all(if *rows == 1 { b"\n" } else { b",\n" })?;
        self.scratch.clear();
        write(&mut self.scratch)?;
        let Shape::Import { is_old } = self.shape else {
            return Ok(self.out.write_all(&self.scratch)?);
        };
        let place = |cause: &dyn std::fmt::Display| {
            Failure::Content(format!("table \"{}\", row {rows}: {cause}", self.table))
        };
        let row = serde_json::from_slice(&self.scratch).map_err(|cause| place(&cause))?;
        if import::is_coarse(&row) {
            self.resolution_ms = self.resolution_ms.max(1000);
        }
        let row = import::row(&self.table, row, is_old).map_err(|cause| place(&cause))?;
        serde_json::to_writer(&mut self.out, &row).map_err(io::Error::from)?;
        Ok(())
    }

    /// Times are known to so many milliseconds only, or to what was said before if that is more.
    pub fn is_cut_to(&mut self, resolution_ms: i64) {
        self.resolution_ms = self.resolution_ms.max(resolution_ms);
    }

    fn end_table(&mut self) -> io::Result<()> {
        match self.rows.take() {
            None => Ok(()),
            Some(0) => self.out.write_all(b"]"),
            Some(_) => self.out.write_all(b"\n]"),
        }
    }

    /// End the snapshot. Times that were whole seconds look exact once they are milliseconds, so it says that they are not.
    pub fn finish(mut self) -> io::Result<()> {
        self.end_table()?;
        let resolution = match self.resolution_ms {
            1 => String::new(),
            ms => format!(",\"resolution_ms\":{ms}"),
        };
        write!(self.out, "\n}}{resolution}}}\n")
    }
}
