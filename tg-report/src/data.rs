//! Reading: records in, one [`Row`] for each run out.
//!
//! A line that is no record, or a record that lacks what a comparison needs, is reported on stderr and the others are
//! read on; the worst of it becomes the exit status. A run that comes twice counts once. Nothing is computed here.

use crate::TOOL;
use crate::row::Row;
use crate::warning::Warning;
use crate::words::{list, plain};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use tg_stage::error::file_error;
use tg_stage::{Error, Exit, Line, Lines};

/// Everything that was read.
#[derive(Debug)]
pub struct Data {
    /// One for each run, in the order their first records came.
    pub runs: Vec<Row>,
    /// The worst that was reported on stderr meanwhile.
    pub exit: Exit,
    /// What was left out and why.
    pub warnings: Vec<Warning>,
}

/// Read the files, or `stdin` where there are none; `-` is stdin too.
pub fn read(files: &[PathBuf], mut stdin: impl BufRead) -> Data {
    let mut reader = Reader::default();
    if files.is_empty() {
        reader.lines(None, &mut stdin);
    }
    for path in files {
        match path.to_str() {
            Some("-") => reader.lines(None, &mut stdin),
            _ => reader.file(path),
        }
    }
    Data {
        warnings: reader.warnings(),
        runs: reader.rows,
        exit: reader.exit.unwrap_or(Exit::Done),
    }
}

#[derive(Default)]
struct Reader {
    rows: Vec<Row>,
    /// Where the row of an experiment's run is.
    place: BTreeMap<(String, String), usize>,
    /// How often a run came, if more than once.
    repeated: BTreeMap<String, usize>,
    /// Records of other types.
    others: usize,
    exit: Option<Exit>,
    hinted: Option<String>,
}

impl Reader {
    fn file(&mut self, path: &Path) {
        if path.is_dir() {
            let hint = format!("{TOOL} {}", path.join("*/run.json").display());
            return self.report(Error::outside(path.display(), "is a directory").hint(hint));
        }
        match File::open(path).map_err(file_error(path)) {
            Ok(file) => self.lines(Some(path), BufReader::with_capacity(1 << 16, file)),
            Err(error) => self.report(error),
        }
    }

    fn lines(&mut self, path: Option<&Path>, input: impl BufRead) {
        for line in Lines::new(input) {
            let row = match line {
                Line::Run(record) => Row::new(&record),
                Line::Bad(error) => Err(error),
                Line::Other(_) => {
                    self.others += 1;
                    continue;
                }
            };
            let error = match row {
                Ok(row) => {
                    self.keep(row);
                    continue;
                }
                Err(error) => error,
            };
            // Lines can be skipped; an input that cannot be read would say so for ever.
            let is_unreadable = error.exit == Exit::Outside;
            self.report(match path {
                Some(path) if is_unreadable => Error::outside(path.display(), error.cause),
                Some(path) => error.within(path.display()),
                None => error,
            });
            if is_unreadable {
                return;
            }
        }
    }

    /// Report on stderr, the same hint once.
    fn report(&mut self, mut error: Error) {
        self.exit = self.exit.max(Some(error.exit));
        error.subject = plain(&error.subject);
        error.cause = plain(&error.cause);
        if error.hint == self.hinted {
            error.hint = None;
        }
        if error.hint.is_some() {
            self.hinted.clone_from(&error.hint);
        }
        error.report(TOOL);
    }

    /// Of two attempts at a run the one created later counts, and of two records of one attempt the one read later.
    fn keep(&mut self, row: Row) {
        let key = (row.run.experiment.clone(), row.run.id.clone());
        let Some(&at) = self.place.get(&key) else {
            self.place.insert(key, self.rows.len());
            self.rows.push(row);
            return;
        };
        *self.repeated.entry(row.run.id.clone()).or_insert(1) += 1;
        if row.created_at_ms >= self.rows[at].created_at_ms {
            self.rows[at] = row;
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |kind, message| warnings.push(Warning { kind, message });
        if !self.repeated.is_empty() {
            let names = self
                .repeated
                .iter()
                .map(|(id, times)| format!("{id} ({times} times)"));
            let names = list(names.collect());
            warn(
                "duplicate",
                format!(
                    "runs that came more than once count once, by their newest record: {names}"
                ),
            );
        }
        if self.others > 0 {
            warn(
                "other_type",
                format!(
                    "records of another type than \"run\" are left out: {}",
                    self.others
                ),
            );
        }
        warnings
    }
}
