//! Small histories, written line by line, and the metrics of the run they make.

#![allow(dead_code, reason = "not every test needs everything")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "json!() is written in the call"
)]

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use tg_host::Ledger;
use tg_metrics::{Args, METRICS, View};
use tg_stage::Exit;

/// A run in the form of its snapshot.
#[derive(Default)]
pub struct Case {
    tasks: BTreeMap<String, Value>,
    rows: Vec<Value>,
    dependencies: Vec<Value>,
    agents: Vec<Value>,
    run: Value,
    pub run_json: Value,
    pub config: Option<Value>,
}

/// A history: a line for each row, `TIME TASK STATE [WORKER|-] [REASON]`, or `TIME TASK phase:PHASE WORKER`. Tasks are
/// created at their first row, and are in the state of their last.
pub fn case(history: &str) -> Case {
    let mut case = Case {
        run_json: json!({"id": "r1", "arm": "x", "workflow": "swarm"}),
        ..Case::default()
    };
    for (at, line) in history
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .enumerate()
    {
        let mut words = line.splitn(5, ' ');
        let time: i64 = words.next().unwrap().parse().unwrap();
        let task = words.next().unwrap();
        let state = words.next().unwrap();
        let worker = words.next().filter(|worker| *worker != "-");
        let reason = words.next();
        let phase = state.strip_prefix("phase:");
        let status = phase.is_none().then_some(state);
        let row = json!({"id": at, "task_id": task, "worker_id": worker, "status": status, "phase": phase,
                         "reason": reason, "timestamp": time, "end_timestamp": null});
        case.rows.push(row);
        let new = json!({"id": task, "title": task, "status": state, "created_at": time, "updated_at": time});
        let entry = case.tasks.entry(task.into()).or_insert(new);
        if let Some(status) = status {
            entry["status"] = json!(status);
        }
        entry["updated_at"] = json!(time);
    }
    case
}

impl Case {
    /// Sets a column of a task.
    pub fn set(mut self, task: &str, column: &str, value: impl Into<Value>) -> Self {
        let entry = self.tasks.entry(task.into());
        entry.or_insert_with(|| json!({"id": task, "title": task, "status": "pending"}))[column] =
            value.into();
        self
    }

    /// An edge, `FROM contains TO`.
    pub fn edge(mut self, edge: &str) -> Self {
        let words: Vec<_> = edge.split(' ').collect();
        self.dependencies
            .push(json!({"from_task_id": words[0], "dep_type": words[1], "to_task_id": words[2]}));
        self
    }

    /// An agent with a role, and more columns.
    pub fn agent(mut self, worker: &str, role: &str, columns: Value) -> Self {
        let mut row = json!({"run_id": "r1", "worker_id": worker, "role": role});
        row.as_object_mut()
            .unwrap()
            .extend(columns.as_object().cloned().unwrap_or_default());
        self.agents.push(row);
        self
    }

    /// The end of the run, as tg-wait stores it.
    pub fn end(mut self, outcome: &str, at: i64) -> Self {
        self.run = json!({"outcome": outcome, "completed_at": at});
        self
    }

    /// The snapshot, as tg-export writes it.
    pub fn snapshot(&self) -> Value {
        let mut run =
            json!({"id": "r1", "started_at": null, "completed_at": null, "outcome": null});
        run["run_json"] = json!(self.run_json.to_string());
        run["config_snapshot"] = json!(self.config.as_ref().map(Value::to_string));
        run.as_object_mut()
            .unwrap()
            .extend(self.run.as_object().cloned().unwrap_or_default());
        let tables = json!({"tasks": self.tasks.values().collect::<Vec<_>>(), "task_sequence": self.rows,
            "dependencies": self.dependencies, "experiment_agents": self.agents, "experiment_runs": [run]});
        json!({"schema_version": 3, "exported_by": "tg-export 0.1.0", "tables": tables})
    }

    /// The run's metrics.
    pub fn measure(&self) -> Metrics {
        let snapshot = Ledger::read(self.snapshot().to_string().as_bytes()).unwrap();
        let view = View::new(&snapshot, snapshot.runs.first());
        Metrics(tg_metrics::measure(
            &view,
            &METRICS.iter().collect::<Vec<_>>(),
        ))
    }
}

/// The metrics of a run.
pub struct Metrics(pub Value);

impl Metrics {
    /// The metric, which must be there.
    pub fn get(&self, name: &str) -> &Value {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no metric {name}"))
    }

    /// Checks exact values: integers as integers.
    pub fn are(&self, expected: Value) {
        for (name, expected) in expected.as_object().unwrap() {
            assert_eq!(self.get(name), expected, "{name}");
        }
    }

    /// Checks a real number.
    pub fn is_about(&self, name: &str, expected: f64) {
        let value = self
            .get(name)
            .as_f64()
            .unwrap_or_else(|| panic!("{name} is null"));
        assert!(
            (value - expected).abs() < 1e-9,
            "{name}: {value}, not {expected}"
        );
    }

    /// The warning of a kind.
    pub fn warning(&self, kind: &str) -> Option<&Value> {
        self.0["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|warning| warning["kind"] == kind)
    }

    /// The reason for which a metric has no value.
    pub fn why(&self, name: &str) -> &str {
        assert_eq!(self.get(name), &Value::Null, "{name}");
        let mut warnings = self.0["warnings"].as_array().unwrap().iter();
        let about = warnings.find(|warning| {
            let metrics = warning["metrics"].as_array();
            ["undefined", "filter"]
                .iter()
                .any(|kind| warning["kind"] == *kind)
                && metrics.is_some_and(|list| list.contains(&json!(name)))
        });
        about.unwrap_or_else(|| panic!("no reason for {name}"))["message"]
            .as_str()
            .unwrap()
    }
}

/// Two tasks in a row, done after 900 ms.
pub fn small() -> Case {
    let case = case(
        "0 a pending\n0 b pending\n100 a working w1\n600 a completed\n700 b working w2\n900 b completed",
    );
    let case = case
        .edge("a follows b")
        .agent("w1", "worker", json!({}))
        .agent("w2", "worker", json!({}));
    case.end("completed", 900)
}

/// Compressed.
pub fn gz(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Runs the tool over paths; returns its output, line by line.
pub fn over(paths: &[PathBuf]) -> (Exit, Vec<Value>) {
    run(
        &Args {
            paths: paths.to_vec(),
            only: Vec::new(),
            ..Args::default()
        },
        "",
    )
}

/// Runs the tool; returns its output, line by line.
pub fn run(args: &Args, input: &str) -> (Exit, Vec<Value>) {
    let mut output = Vec::new();
    let exit = tg_metrics::run(args, input.as_bytes(), &mut output).unwrap();
    let lines = output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    (
        exit,
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect(),
    )
}

/// The record of run `r1` as tg-export writes it.
pub fn record(dir: &Path, snapshot: &str) -> Value {
    json!({"type": "run", "v": 1, "run": {"id": "r1", "dir": dir}, "instantiate": {"db": "x"},
           "export": {"path": dir.join(snapshot), "sha256": "", "bytes": 0}})
}
