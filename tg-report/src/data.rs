//! Reading: records in, one [`Row`] for each run out.
//!
//! A line that is no record, or a record that lacks what a comparison needs, is reported on stderr and the others are
//! read on; the worst of it becomes the exit status. A run that comes twice counts once. Records of agents and tasks go
//! to their run. Nothing is computed here.

use crate::TOOL;
use crate::inside::{AgentRecord, TaskRecord};
use crate::only::Only;
use crate::row::{Row, lookup};
use crate::unrun;
use crate::warning::Warning;
use crate::words::{list, plain};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use tg_stage::error::file_error;
use tg_stage::{Error, Exit, Line, Lines, Record, Result, nearest};

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

/// Which runs are taken, and what makes an arm of them.
#[derive(Debug, Default)]
pub struct Selection {
    /// The keys whose values make an arm; none: the manifest's arms.
    pub by: Vec<String>,
    /// The filter of `--where`.
    pub only: Option<Only>,
}

/// Read the files, or `stdin` where there are none; `-` is stdin too.
pub fn read(files: &[PathBuf], mut stdin: impl BufRead, selection: Selection) -> Result<Data> {
    let mut reader = Reader {
        by: selection.by,
        only: selection.only,
        ..Reader::default()
    };
    if files.is_empty() {
        reader.lines(None, &mut stdin);
    }
    for path in files {
        match path.to_str() {
            Some("-") => reader.lines(None, &mut stdin),
            _ => reader.file(path),
        }
    }
    if let Some(error) = reader.fault {
        return Err(error);
    }
    reader.check_keys()?;
    Ok(Data {
        warnings: reader.warnings(),
        runs: reader.rows,
        exit: reader.exit.unwrap_or(Exit::Done),
    })
}

#[derive(Default)]
struct Reader {
    rows: Vec<Row>,
    /// Where the row of an experiment's run is.
    place: BTreeMap<(String, String), usize>,
    /// How often a run came, if more than once.
    repeated: BTreeMap<String, usize>,
    /// Runs of which several attempts came.
    retried: BTreeSet<String>,
    /// Records of other types.
    others: usize,
    /// Where the row of the last run record is; `None` after one that was dropped.
    last: Option<usize>,
    /// The filter of `--where`, what it failed with, and the runs that it leaves out.
    only: Option<Only>,
    fault: Option<Error>,
    left_out: BTreeSet<String>,
    /// The keys of `--by`, those of them that no record had yet, and the keys that the records do have.
    by: Vec<String>,
    seen: BTreeSet<String>,
    keys: BTreeSet<String>,
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
                Line::Run(record) if !self.keeps(&record) => {
                    self.last = None;
                    self.left_out.insert(record.id().to_owned());
                    continue;
                }
                Line::Run(record) => self.row(&record),
                Line::Bad(error) => Err(error),
                Line::Other(line) => {
                    if !self.inside(&line) {
                        self.others += 1;
                    }
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
            self.last = Some(self.rows.len());
            self.rows.push(row);
            return;
        };
        if row.run.attempt == self.rows[at].run.attempt {
            *self.repeated.entry(row.run.id.clone()).or_insert(1) += 1;
        } else {
            self.retried.insert(row.run.id.clone()); // the report counts attempts
        }
        let is_newer = row.created_at_ms >= self.rows[at].created_at_ms;
        self.last = is_newer.then_some(at);
        if is_newer {
            self.rows[at] = row;
        }
    }

    /// What `--where` says; what it fails with is kept, and nothing more is looked at.
    fn keeps(&mut self, record: &Record) -> bool {
        match self.only.as_ref().map(|only| only.keeps(record)) {
            None => true,
            Some(Ok(keeps)) => keeps,
            Some(Err(error)) => {
                self.fault.get_or_insert(error);
                false
            }
        }
    }

    fn row(&mut self, record: &Record) -> Result<Row> {
        let mut row = Row::new(record)?;
        row.label(record, &self.by);
        let has = |key: &&String| lookup(record, key).is_some();
        self.seen.extend(self.by.iter().filter(has).cloned());
        if !self.by.is_empty() {
            let run = record.value("run").and_then(Value::as_object);
            self.keys
                .extend(run.into_iter().flatten().map(|entry| entry.0.clone()));
        }
        Ok(row)
    }

    /// Give an agent's or a task's record to its run; whether it is one, and there is such a run.
    fn inside(&mut self, line: &[u8]) -> bool {
        let Ok(value) = serde_json::from_slice::<Value>(line) else {
            return false;
        };
        let (kind, run) = (value["type"].as_str(), value["run"].as_str());
        let Some(run) = run.filter(|_| kind == Some("agent") || kind == Some("task")) else {
            return false;
        };
        let is_it = |at: &usize| self.rows[*at].run.id == run;
        let Some(at) = self.last.filter(is_it) else {
            return self.dropped_or_other(run);
        };
        let row = &mut self.rows[at];
        if kind == Some("agent") {
            AgentRecord::deserialize(value)
                .map(|agent| row.agent_records.push(agent))
                .is_ok()
        } else {
            TaskRecord::deserialize(value)
                .map(|task| row.task_records.push(task))
                .is_ok()
        }
    }

    /// The inside of an older attempt goes with it.
    fn dropped_or_other(&self, run: &str) -> bool {
        let is_dropped = self.repeated.contains_key(run)
            || self.retried.contains(run)
            || self.left_out.contains(run);
        self.last.is_none() && is_dropped
    }

    /// A key of `--by` that no record has is a typing error.
    fn check_keys(&self) -> Result<()> {
        let unknown = |key: &&String| !self.seen.contains(*key) && !self.rows.is_empty();
        let Some(key) = self.by.iter().find(unknown) else {
            return Ok(());
        };
        let error = Error::usage(
            format!("--by {key}"),
            "no record has this key in its \"run\"",
        );
        Err(match nearest(key, self.keys.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error,
        })
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
        for sentence in unrun::sentences(&self.rows) {
            warn("not_run", sentence);
        }
        if !self.left_out.is_empty() {
            let all = self.left_out.len() + self.rows.len();
            let left_out = self.left_out.len();
            warn(
                "where",
                format!("--where leaves out {left_out} of {all} runs"),
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
