//! Reading: records in, one [`RunRow`] for each run out.
//!
//! A line that is not a record, or a record that lacks what a comparison needs, is reported on stderr and the others are
//! read on; the worst error becomes the exit status. A run that comes twice counts once. Records of agents and tasks
//! carry the run's id and no experiment, so each belongs to the run record before it. Nothing is computed here.

use crate::filter::Filter;
use crate::row::{AgentRecord, RunRow, TaskRecord, lookup};
use crate::text::{TOOL, plain};
use crate::warning::Warning;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use tg_stage::error::file_error;
use tg_stage::{Error, Exit, Experiment, Line, Lines, Record, Result, RunDir, nearest};

#[derive(Debug)]
pub struct Data {
    /// One for each run, in the order of their first records.
    pub runs: Vec<RunRow>,
    /// The worst exit status of the errors reported on stderr.
    pub exit: Exit,
    pub warnings: Vec<Warning>,
}

/// The runs to read, and the keys that make an arm of them.
#[derive(Debug, Default)]
pub struct Selection {
    /// The keys whose values make an arm; none: the manifest's arms.
    pub by: Vec<String>,
    /// The filter of `--where`.
    pub filter: Option<Filter>,
}

/// Reads the files, or `stdin` if there are none; `-` is stdin too.
pub fn read(files: &[PathBuf], mut stdin: impl BufRead, selection: Selection) -> Result<Data> {
    let mut reader = Reader {
        by: selection.by,
        filter: selection.filter,
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
    rows: Vec<RunRow>,
    /// The place of an experiment's run among the rows.
    place: BTreeMap<(String, String), usize>,
    /// The number of records of a run that came more than once.
    repeated: BTreeMap<String, usize>,
    /// Runs of which several attempts came.
    retried: BTreeSet<String>,
    /// The number of records of other types.
    others: usize,
    /// The place of the last run record's row; `None` after one that was dropped.
    last: Option<usize>,
    /// The filter of `--where`, its failure, and the runs that it leaves out.
    filter: Option<Filter>,
    fault: Option<Error>,
    left_out: BTreeSet<String>,
    /// The keys of `--by`, those of them that some record has, and all keys of the records.
    by: Vec<String>,
    seen: BTreeSet<String>,
    keys: BTreeSet<String>,
    exit: Option<Exit>,
    hinted: Option<String>,
}

impl Reader {
    fn file(&mut self, path: &Path) {
        if path.is_dir() {
            let hint = format!("{TOOL} {}", RunDir::new(path.join("*")).record().display());
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
                    self.others += usize::from(!self.add_inside(&line));
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
            // A bad line can be skipped; an input that cannot be read would fail for ever.
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

    /// Reports on stderr; the same hint only once.
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

    /// Of two attempts at a run the one created later counts, of two records of one attempt the one read later.
    fn keep(&mut self, row: RunRow) {
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

    /// True if `--where` keeps the run. Its first failure is stored, and no further run is kept.
    fn keeps(&mut self, record: &Record) -> bool {
        match self.filter.as_ref().map(|filter| filter.keeps(record)) {
            None => true,
            Some(Ok(keeps)) => keeps,
            Some(Err(error)) => {
                self.fault.get_or_insert(error);
                false
            }
        }
    }

    fn row(&mut self, record: &Record) -> Result<RunRow> {
        let mut row = RunRow::new(record)?;
        row.set_labels(record, &self.by);
        let has = |key: &&String| lookup(record, key).is_some();
        self.seen.extend(self.by.iter().filter(has).cloned());
        if !self.by.is_empty() {
            let run = record.value("run").and_then(Value::as_object);
            self.keys
                .extend(run.into_iter().flatten().map(|entry| entry.0.clone()));
        }
        Ok(row)
    }

    /// Adds an agent's or a task's record to its run; false if it is not one, or its run is not there.
    fn add_inside(&mut self, line: &[u8]) -> bool {
        let Ok(value) = serde_json::from_slice::<Value>(line) else {
            return false;
        };
        let (kind, run) = (value["type"].as_str(), value["run"].as_str());
        let Some(run) = run.filter(|_| kind == Some("agent") || kind == Some("task")) else {
            return false;
        };
        let is_it = |at: &usize| self.rows[*at].run.id == run;
        let Some(at) = self.last.filter(is_it) else {
            return self.was_dropped(run);
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

    /// True for a run whose record was just dropped: the records of its agents and tasks are dropped with it.
    fn was_dropped(&self, run: &str) -> bool {
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
        if !self.repeated.is_empty() {
            let repeated = self.repeated.clone();
            warnings.push(Warning::Duplicate(repeated.into_iter().collect()));
        }
        warnings.extend(not_run(&self.rows));
        if !self.left_out.is_empty() {
            let left_out = self.left_out.len();
            let all = left_out + self.rows.len();
            warnings.push(Warning::LeftOut { left_out, all });
        }
        if self.others > 0 {
            warnings.push(Warning::OtherType(self.others));
        }
        warnings
    }
}

/// Planned runs of each experiment that have no result: a comparison of half an experiment looks finished.
///
/// `tg-instantiate` lists all rows in rows.json beside the runs; a row that is neither among the records nor has an end of
/// its own is missing. Records from another machine have no such list, and nothing is reported.
fn not_run(rows: &[RunRow]) -> Vec<Warning> {
    let mut experiments: BTreeMap<&Path, BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        if let Some(dir) = Path::new(&row.run.dir).parent() {
            experiments.entry(dir).or_default().insert(&row.run.id);
        }
    }
    let is_named = experiments.len() > 1;
    let warning = |(dir, known): (&Path, BTreeSet<&str>)| {
        let experiment = Experiment::new(dir);
        let mut missing = experiment.planned()?;
        let planned = missing.len();
        let has_end = |run: &str| {
            experiment
                .run(run)
                .load()
                .is_ok_and(|kept| kept.has("wait"))
        };
        missing.retain(|run| !known.contains(run.as_str()) && !has_end(run));
        let name = dir.file_name().filter(|_| is_named);
        (!missing.is_empty()).then(|| Warning::NotRun {
            experiment: name.map(|name| name.to_string_lossy().into_owned()),
            missing,
            planned,
        })
    };
    experiments.into_iter().filter_map(warning).collect()
}
