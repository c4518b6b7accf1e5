//! One run, as far as a comparison needs it, from its record.
//!
//! Readers are tolerant: a record written by hand needs a `run` with an id and an arm, and `metrics`. What a record
//! lacks stays unknown; only how the run ended is never assumed to be well.

use crate::inside::{AgentRecord, TaskRecord};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tg_stage::{Error, Record, Result, Run, Wait};

/// One run.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// `run`, with `arm` filled in.
    pub run: Run,
    /// The host's version, where the record tells.
    pub host: Option<String>,
    /// How the run ended; `unknown` where no stage said.
    pub outcome: String,
    /// What the outcome was told from, in a few words.
    pub why: Option<String>,
    /// It says nothing about the agents: the machinery failed, or the experiment's budget cut it off.
    pub is_void: bool,
    /// The stage that could not do its work, and why.
    pub failed: Option<(&'static str, String)>,
    /// Every metric by name, in its own unit; `None` is unknown.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Where the cost comes from.
    pub cost_source: Option<String>,
    /// Which part of its tasks was measured, as `tg-metrics` says it: scope and trimming; empty for all its work.
    pub part: String,
    /// What the metrics' own warnings are about, with how often.
    pub warned: Vec<(String, u64)>,
    /// Milliseconds since the epoch; tells two attempts of one run apart.
    pub created_at_ms: Option<i64>,
    /// When its agents were started, in milliseconds since the epoch.
    pub started_at_ms: Option<i64>,
    /// How many runs were allowed to share the machine.
    pub side_by_side: Option<u64>,
    /// The values of the keys of `--by`, in their order; empty without it.
    pub labels: Vec<String>,
    /// The records of its agents, where they are in the input.
    pub agent_records: Vec<AgentRecord>,
    /// The records of its tasks, where they are in the input.
    pub task_records: Vec<TaskRecord>,
}

impl Row {
    /// Take from a record what a comparison needs; the error says what it lacks.
    pub fn new(record: &Record) -> Result<Self> {
        let text = |key: &str, name: &str| Some(record.value(key)?.get(name)?.as_str()?.to_owned());
        let mut row = Self {
            run: run(record)?,
            host: text("instantiate", "host"),
            ..Self::default()
        };
        let made = record.value("instantiate");
        row.created_at_ms = made.and_then(|made| made.get("created_at_ms")?.as_i64());
        let launch = record.value("launch");
        row.started_at_ms = launch.and_then(|launch| launch.get("started_at_ms")?.as_i64());
        row.side_by_side = launch.and_then(|launch| launch.get("side_by_side")?.as_u64());
        row.failed = record
            .failed_stage()
            .map(|stage| (stage, failure(record, stage)));
        if record.has("metrics") || row.failed.is_none() {
            let metrics: Value = record.get("metrics")?;
            let none = || lacks(record, "its \"metrics\" is not an object");
            row.take(metrics.as_object().ok_or_else(none)?);
            // Whoever started the stand-in, under whatever name: its cost says so.
            row.run.simulated |= row.cost_source.as_deref() == Some("simulated");
        }
        let outcome = text("wait", "outcome").or_else(|| text("metrics", "outcome"));
        row.outcome = outcome.unwrap_or_else(|| row.guess());
        let wait = record.get::<Wait>("wait").unwrap_or_default();
        row.why.clone_from(&wait.why);
        row.is_void = wait.is_cut_off() || Wait::is_void(&row.outcome);
        if wait.is_cut_off() {
            row.outcome = "experiment budget".into();
        }
        Ok(row)
    }

    /// Take the values of `keys` of `run` as the arm's label: `agents`, `limits.timeout_ms`; a key it lacks is `none`.
    pub fn label(&mut self, record: &Record, keys: &[String]) {
        let value = |key: &String| match lookup(record, key) {
            None | Some(Value::Null) => "none".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        self.labels = keys.iter().map(value).collect();
    }

    /// The outcome, or the stage that failed: what a count of runs is broken down by.
    pub fn end(&self) -> String {
        match &self.failed {
            Some((stage, _)) => format!("{stage} error"),
            None => self.outcome.clone(),
        }
    }

    /// Whether the run did all its work and every stage did its own.
    pub fn is_completed(&self) -> bool {
        self.failed.is_none() && self.outcome == "completed"
    }

    /// A metric's value; `None` where unknown.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.metrics.get(metric).copied().flatten()
    }

    /// Without a word from `tg-wait`, only a run whose tasks all succeeded is known to have completed.
    fn guess(&self) -> String {
        let all = self.value("completion_rate_pct") == Some(100.0);
        if all { "completed" } else { "unknown" }.to_owned()
    }

    /// Sort out the flat object of `tg-metrics`: numbers and nulls are metrics, the rest is about them.
    fn take(&mut self, metrics: &Map<String, Value>) {
        for (name, value) in metrics {
            match (name.as_str(), value) {
                ("warnings", warnings) => self.warned = warned(warnings),
                ("cost_source", source) => self.cost_source = source.as_str().map(str::to_owned),
                ("outcome", _) => {}
                ("scope", scope) => self.part = format!("scope {scope} {}", self.part),
                ("trimmed", trim) => self.part = format!("{}without {}", self.part, asked(trim)),
                _ if is_metric(value) => _ = self.metrics.insert(name.clone(), number(value)),
                _ => {}
            }
        }
    }
}

/// The value of a key of `run`, nested ones with dots.
pub fn lookup<'a>(record: &'a Record, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let first = record.value("run")?.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// What was to be left out, but for how many tasks that were.
fn asked(trim: &Value) -> String {
    let mut asked = trim.as_object().cloned().unwrap_or_default();
    asked.shift_remove("tasks");
    Value::from(asked).to_string()
}

fn is_metric(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
}

/// A metric's value; yes is 1 and no is 0.
fn number(value: &Value) -> Option<f64> {
    let yes_or_no = value.as_bool().map(|yes| f64::from(u8::from(yes)));
    value.as_f64().or(yes_or_no)
}

fn run(record: &Record) -> Result<Run> {
    let mut run: Run = record.get("run")?;
    if run.arm.is_empty() {
        run.arm.clone_from(&run.workflow);
    }
    if run.id.is_empty() {
        return Err(lacks(record, "the record has no \"id\" in its \"run\""));
    }
    if run.arm.is_empty() {
        return Err(lacks(
            record,
            "the record names no \"arm\" in its \"run\", and no \"workflow\" either",
        ));
    }
    Ok(run)
}

fn lacks(record: &Record, what: &str) -> Error {
    Error::input(format!("run {}", record.id()), what)
}

/// What a stage said when it failed, without the run's name before it.
fn failure(record: &Record, stage: &str) -> String {
    let error = record.value(stage).and_then(|value| value.get("error"));
    let message = error
        .and_then(|error| error.get("message")?.as_str())
        .unwrap_or("no message");
    let before = format!("run {}: ", record.id());
    message.strip_prefix(&before).unwrap_or(message).to_owned()
}

/// Warnings come as a list of texts or objects, or as one object of counts. That a metric is undefined its own cell shows.
fn warned(warnings: &Value) -> Vec<(String, u64)> {
    match warnings {
        Value::Array(list) => {
            let told = list.iter().map(one_warning);
            told.filter(|(kind, _)| kind != "undefined").collect()
        }
        Value::Object(counts) => {
            let counts = counts
                .iter()
                .map(|(about, value)| (about.clone(), times(value)));
            counts.filter(|(_, times)| *times > 0).collect()
        }
        _ => Vec::new(),
    }
}

/// A text is about what stands before its first colon, an object about its `kind`.
fn one_warning(warning: &Value) -> (String, u64) {
    let named = |key: &str| warning.get(key).and_then(Value::as_str);
    let about = match warning.as_str() {
        Some(text) => text.split(':').next(),
        None => named("kind").or_else(|| named("message")),
    };
    let about = about.map_or_else(|| warning.to_string(), str::to_owned);
    (about, warning.get("count").map_or(1, times))
}

fn times(value: &Value) -> u64 {
    let is_said = !matches!(value, Value::Null | Value::Bool(false));
    value.as_u64().unwrap_or(u64::from(is_said))
}
