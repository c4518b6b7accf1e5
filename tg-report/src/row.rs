//! The part of a run's record that a comparison needs, with the records of its agents and tasks.
//!
//! The reader is tolerant: a record written by hand needs a `run` with an id and an arm, and `metrics`. A missing value
//! stays unknown; only a successful end is never assumed.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tg_stage::{Error, Outcome, Record, Result, Run, Wait};

/// One run.
#[derive(Debug, Clone, Default)]
pub struct RunRow {
    /// `run`, with `arm` filled in.
    pub run: Run,
    /// The host's version, if the record has it.
    pub host: Option<String>,
    pub ending: Ending,
    /// The reason for the outcome, in a few words.
    pub why: Option<String>,
    /// The run says nothing about the agents: the machinery failed, or the experiment's budget cut it off.
    pub is_void: bool,
    /// Every metric by name, in its own unit; `None` is unknown.
    pub metrics: BTreeMap<String, Option<f64>>,
    pub cost_source: Option<String>,
    /// The part of its tasks that `tg-metrics` measured: scope and trimming; empty for all its work.
    pub part: String,
    /// The subjects of the warnings of `tg-metrics`, each with its number of occurrences.
    pub warned: Vec<(String, u64)>,
    /// Milliseconds since the epoch; distinguishes two attempts of one run.
    pub created_at_ms: Option<i64>,
    /// Start of its agents, in milliseconds since the epoch.
    pub started_at_ms: Option<i64>,
    /// The number of runs that were allowed to share the machine.
    pub side_by_side: Option<u64>,
    /// The values of the keys of `--by`, in their order; empty without it.
    pub labels: Vec<String>,
    pub agent_records: Vec<AgentRecord>,
    pub task_records: Vec<TaskRecord>,
}

/// The end of a run, as far as its record has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ending {
    Outcome(Outcome),
    /// The budget of the whole experiment cut the run off.
    CutOff,
    /// The stage that failed, and its message.
    Failed(&'static str, String),
    /// No stage reported an outcome.
    #[default]
    Unknown,
}

impl Ending {
    /// The outcome, or the stage that failed: the key by which runs are counted.
    pub fn name(&self) -> String {
        match self {
            Self::Outcome(outcome) => outcome.name().to_owned(),
            Self::CutOff => "experiment budget".to_owned(),
            Self::Failed(stage, _) => format!("{stage} error"),
            Self::Unknown => UNKNOWN.to_owned(),
        }
    }

    /// The message of the stage that failed.
    pub fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed(_, message) => Some(message),
            _ => None,
        }
    }
}

/// True if the machinery failed in an attempt with this end: an outcome, or an error of a stage.
pub fn is_machinery(end: &str) -> bool {
    Outcome::from(end).is_machinery() || end.ends_with(" error")
}

const UNKNOWN: &str = "unknown";

/// `"type":"agent"`: one worker of a run, as `tg-metrics --per agent` prints it after the run's own record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AgentRecord {
    /// The worker's id at the host.
    pub worker: String,
    pub role: Option<String>,
    /// Busy time / wall clock of the run, in percent.
    pub utilization_pct: Option<f64>,
    /// Time with a task in hand, milliseconds.
    pub busy_ms: Option<f64>,
}

/// One interval of work: worker, start and end in milliseconds from the start of the run.
pub type Work = (Option<String>, Option<i64>, Option<i64>);

/// `"type":"task"`: one task of a run, as `tg-metrics --per task` prints it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TaskRecord {
    /// Its id in the run.
    pub task: String,
    /// Its id in the template.
    pub template_task: Option<String>,
    /// Time of its terminal state, milliseconds from the start of the run.
    pub ended_ms: Option<i64>,
    /// Wait for other tasks, milliseconds.
    pub blocked_ms: Option<f64>,
    /// Wait for a worker that takes it, milliseconds.
    pub ready_ms: Option<f64>,
    /// Wait for the worker it was assigned to, milliseconds.
    pub assigned_ms: Option<f64>,
    pub work: Vec<Work>,
}

impl TaskRecord {
    /// Blocked, ready and assigned wait, if all three are known.
    pub fn waits(&self) -> Option<[f64; 3]> {
        Some([self.blocked_ms?, self.ready_ms?, self.assigned_ms?])
    }
}

impl RunRow {
    /// Reads a record; the error names the missing part.
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
        let failed = record.failed_stage();
        if record.has("metrics") || failed.is_none() {
            let metrics: Value = record.get("metrics")?;
            let none = || lacks(record, "its \"metrics\" is not an object");
            row.read_metrics(metrics.as_object().ok_or_else(none)?);
            // A program of any name may have started the simulated agent: the source of the cost shows it.
            row.run.simulated |= row.cost_source.as_deref() == Some("simulated");
        }
        let outcome = text("wait", "outcome").or_else(|| text("metrics", "outcome"));
        let outcome = match outcome.as_deref() {
            None => row.guess(),
            Some(UNKNOWN) => None,
            Some(name) => Some(Outcome::from(name)),
        };
        let end = record.get::<Wait>("wait").unwrap_or_default().end;
        row.is_void = end.is_cut_off() || outcome.as_ref().is_some_and(Outcome::is_void);
        row.ending = match (failed, outcome) {
            (Some(stage), _) => Ending::Failed(stage, failure(record, stage)),
            (None, _) if end.is_cut_off() => Ending::CutOff,
            (None, outcome) => outcome.map_or(Ending::Unknown, Ending::Outcome),
        };
        row.why = end.why;
        Ok(row)
    }

    /// Sets the arm's label to the values of `keys` of `run`: `agents`, `limits.timeout_ms`; a missing key is `none`.
    pub fn set_labels(&mut self, record: &Record, keys: &[String]) {
        let value = |key: &String| match lookup(record, key) {
            None | Some(Value::Null) => "none".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        self.labels = keys.iter().map(value).collect();
    }

    /// True if the run did all its work and no stage failed.
    pub fn is_completed(&self) -> bool {
        self.ending == Ending::Outcome(Outcome::Completed)
    }

    /// The number of this attempt at the run; a record without one is the first.
    pub fn attempt(&self) -> usize {
        self.run.attempt.max(1) as usize
    }

    pub fn value(&self, metric: &str) -> Option<f64> {
        self.metrics.get(metric).copied().flatten()
    }

    /// The outcome without a word from `tg-wait`: only a run whose tasks all succeeded is known to have completed.
    fn guess(&self) -> Option<Outcome> {
        let all = self.value("completion_rate_pct") == Some(100.0);
        all.then_some(Outcome::Completed)
    }

    /// Reads the flat object of `tg-metrics`: numbers and nulls are metrics, the rest describes them.
    fn read_metrics(&mut self, metrics: &Map<String, Value>) {
        for (name, value) in metrics {
            match (name.as_str(), value) {
                ("warnings", warnings) => self.warned = warning_counts(warnings),
                ("cost_source", source) => self.cost_source = source.as_str().map(str::to_owned),
                ("outcome", _) => {}
                ("scope", scope) => self.part = format!("scope {scope} {}", self.part),
                ("trimmed", trim) => {
                    self.part = format!("{}without {}", self.part, trim_rule(trim));
                }
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

/// The rule by which tasks are left out, without their number.
fn trim_rule(trim: &Value) -> String {
    let mut rule = trim.as_object().cloned().unwrap_or_default();
    rule.shift_remove("tasks");
    Value::from(rule).to_string()
}

fn is_metric(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
}

/// The value of a metric; true is 1 and false is 0.
fn number(value: &Value) -> Option<f64> {
    let flag = value.as_bool().map(|is_set| f64::from(u8::from(is_set)));
    value.as_f64().or(flag)
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

/// The message of the stage that failed, without the run's name before it.
fn failure(record: &Record, stage: &str) -> String {
    let error = record.value(stage).and_then(|value| value.get("error"));
    let message = error
        .and_then(|error| error.get("message")?.as_str())
        .unwrap_or("no message");
    let before = format!("run {}: ", record.id());
    message.strip_prefix(&before).unwrap_or(message).to_owned()
}

/// Warnings come as a list of texts or objects, or as one object of counts. Warnings of undefined metrics are left out:
/// the metric's own cell shows it.
fn warning_counts(warnings: &Value) -> Vec<(String, u64)> {
    match warnings {
        Value::Array(list) => {
            let warnings = list.iter().map(warning_count);
            warnings.filter(|(kind, _)| kind != "undefined").collect()
        }
        Value::Object(counts) => {
            let counts = counts.iter().map(|(kind, n)| (kind.clone(), times(n)));
            counts.filter(|(_, times)| *times > 0).collect()
        }
        _ => Vec::new(),
    }
}

/// The subject of a text is the part before its first colon, that of an object its `kind`.
fn warning_count(warning: &Value) -> (String, u64) {
    let named = |key: &str| warning.get(key).and_then(Value::as_str);
    let about = match warning.as_str() {
        Some(text) => text.split(':').next(),
        None => named("kind").or_else(|| named("message")),
    };
    let about = about.map_or_else(|| warning.to_string(), str::to_owned);
    (about, warning.get("count").map_or(1, times))
}

fn times(value: &Value) -> u64 {
    let is_set = !matches!(value, Value::Null | Value::Bool(false));
    value.as_u64().unwrap_or(u64::from(is_set))
}
