//! Reading: records in, one [`Row`] for each run out.
//!
//! A line that is no record, or a record that lacks what a comparison needs, is reported on stderr and the others are
//! read on; the worst of it becomes the exit status. A run that comes twice counts once, by its newest record. Nothing is
//! computed here.

use crate::TOOL;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use tg_stage::error::file_error;
use tg_stage::{Error, Exit, Line, Lines, Record, Result, Run};

/// Something the reader of a report must know before trusting it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One word for machines.
    pub kind: &'static str,
    /// A sentence without its full stop; may hold names from the input as they came.
    pub message: String,
}

/// One run, as far as a comparison needs it.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// `run`, with `arm` filled in.
    pub run: Run,
    /// The host's version, where the record tells.
    pub host: Option<String>,
    /// How the run ended; `unknown` where no stage said.
    pub outcome: String,
    /// The stage that could not do its work, and why.
    pub failed: Option<(&'static str, String)>,
    /// Every metric by name; `None` is unknown. In the metric's own unit.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Where the cost comes from.
    pub cost_source: Option<String>,
    /// Kinds of the metrics' own warnings, with how often.
    pub warned: Vec<(String, u64)>,
    /// Milliseconds since the epoch; tells two attempts of one run apart.
    created_at_ms: i64,
}

impl Row {
    /// The outcome, or the stage that failed: what a count of runs is broken down by.
    pub fn end(&self) -> String {
        self.failed.as_ref().map_or_else(
            || self.outcome.clone(),
            |failed| format!("{} error", failed.0),
        )
    }

    /// Whether the run did all its work and every stage did its own.
    pub fn is_completed(&self) -> bool {
        self.failed.is_none() && self.outcome == "completed"
    }

    /// A metric's value; `None` where unknown.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.metrics.get(metric).copied().flatten()
    }
}

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
    reader.finish()
}

#[derive(Default)]
struct Reader {
    rows: Vec<Row>,
    place: BTreeMap<(String, String), usize>,
    repeated: BTreeMap<String, usize>,
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
            let mut error = match line {
                Line::Run(record) => match row(&record) {
                    Ok(row) => {
                        self.keep(row);
                        continue;
                    }
                    Err(error) => error,
                },
                Line::Other(_) => {
                    self.others += 1;
                    continue;
                }
                Line::Bad(error) => error,
            };
            // An input that cannot be read says so for ever; only lines can be skipped.
            let is_over = error.exit == Exit::Outside;
            if let Some(path) = path {
                error = if is_over {
                    Error {
                        subject: String::new(),
                        ..error
                    }
                } else {
                    error
                }
                .within(path.display());
            }
            self.report(error);
            if is_over {
                return;
            }
        }
    }

    /// Report on stderr, the same hint once.
    fn report(&mut self, mut error: Error) {
        self.exit = self.exit.max(Some(error.exit));
        if error.hint == self.hinted {
            error.hint = None;
        } else if error.hint.is_some() {
            self.hinted.clone_from(&error.hint);
        }
        error.report(TOOL);
    }

    /// Of two records of one run the one created later counts, and of the same attempt the one that came later.
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

    fn finish(self) -> Data {
        let mut warnings = Vec::new();
        if !self.repeated.is_empty() {
            let names = self
                .repeated
                .iter()
                .map(|(id, times)| format!("{id} ({times} times)"));
            let names = list(names.collect());
            warnings.push(Warning {
                kind: "duplicate",
                message: format!("the same run came more than once and counts once, by its newest record: {names}"),
            });
        }
        if self.others > 0 {
            warnings.push(Warning {
                kind: "other_type",
                message: format!(
                    "records of another type than \"run\", left out: {}",
                    self.others
                ),
            });
        }
        Data {
            runs: self.rows,
            exit: self.exit.unwrap_or(Exit::Done),
            warnings,
        }
    }
}

/// Names in a sentence: the first five, and how many more.
pub fn list(names: Vec<String>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

/// What a comparison needs of a record; the error says what it lacks.
fn row(record: &Record) -> Result<Row> {
    let mut run: Run = record.get("run")?;
    let lacks = |what: &str| Error::input(format!("run {}", record.id()), what);
    if run.id.is_empty() {
        return Err(lacks("the record has no \"run\".\"id\""));
    }
    if run.arm.is_empty() {
        run.arm.clone_from(&run.workflow);
    }
    if run.arm.is_empty() {
        return Err(lacks(
            "the record has neither \"run\".\"arm\" nor \"run\".\"workflow\", so it belongs to no arm",
        ));
    }
    let text = |key: &str, name: &str| Some(record.value(key)?.get(name)?.as_str()?.to_owned());
    let mut row = Row {
        run,
        host: text("instantiate", "host"),
        ..Row::default()
    };
    row.created_at_ms = record
        .value("instantiate")
        .and_then(|made| made.get("created_at_ms")?.as_i64())
        .unwrap_or(i64::MIN);
    row.failed = record
        .failed_stage()
        .map(|stage| (stage, failure(record, stage)));
    if record.has("metrics") || row.failed.is_none() {
        let metrics: Value = record.get("metrics")?;
        row.take(
            metrics
                .as_object()
                .ok_or_else(|| lacks("its \"metrics\" is not an object"))?,
        );
    }
    row.outcome = text("wait", "outcome")
        .or_else(|| text("metrics", "outcome"))
        .unwrap_or_else(|| row.guess());
    Ok(row)
}

fn failure(record: &Record, stage: &str) -> String {
    let message = record
        .value(stage)
        .and_then(|value| value.get("error")?.get("message")?.as_str());
    message.unwrap_or("no message").to_owned()
}

impl Row {
    /// Without a word from `tg-wait`, only a run whose tasks all succeeded is known to have completed.
    #[expect(clippy::float_cmp, reason = "all tasks, exactly")]
    fn guess(&self) -> String {
        let all = self.value("completion_rate_pct") == Some(100.0);
        if all { "completed" } else { "unknown" }.to_owned()
    }

    /// Sort out the flat object of `tg-metrics`: numbers and nulls are metrics, the rest is about them.
    fn take(&mut self, metrics: &Map<String, Value>) {
        for (name, value) in metrics {
            match (name.as_str(), value) {
                ("warnings", warnings) => self.warned = kinds(warnings),
                ("cost_source", Value::String(source)) => self.cost_source = Some(source.clone()),
                (_, Value::Null) => _ = self.metrics.insert(name.clone(), None),
                (_, Value::Bool(yes)) => {
                    _ = self
                        .metrics
                        .insert(name.clone(), Some(f64::from(u8::from(*yes))))
                }
                (_, Value::Number(number)) => {
                    _ = self.metrics.insert(name.clone(), number.as_f64())
                }
                _ => {}
            }
        }
    }
}

/// Warnings come as a list of texts or objects, or as one object of counts; what they are about, and how often.
fn kinds(warnings: &Value) -> Vec<(String, u64)> {
    let count = |value: &Value| {
        value.as_u64().unwrap_or(u64::from(!matches!(
            value,
            Value::Null | Value::Bool(false)
        )))
    };
    match warnings {
        Value::Array(list) => list
            .iter()
            .map(|warning| (kind(warning), warning.get("count").map_or(1, count)))
            .collect(),
        Value::Object(counts) => counts
            .iter()
            .map(|(kind, value)| (kind.clone(), count(value)))
            .filter(|(_, n)| *n > 0)
            .collect(),
        _ => Vec::new(),
    }
}

/// A text up to its first colon, or an object's `kind`, else the whole of it.
fn kind(warning: &Value) -> String {
    let name = |key: &str| warning.get(key).and_then(Value::as_str);
    match warning
        .as_str()
        .map(|text| text.split(':').next().unwrap_or(text))
    {
        Some(text) => text.to_owned(),
        None => name("kind")
            .or_else(|| name("message"))
            .map_or_else(|| warning.to_string(), str::to_owned),
    }
}
