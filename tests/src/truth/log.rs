//! The log of calls: one JSON object a line, written by the caller.
//!
//! `t0` and `t1` are the caller's clock before and after, in milliseconds since the epoch: the call took effect between
//! them. `kind` is its effect: `status` put a task into a state (`worker` is its holder from then on), others are named
//! after their tool. Calls that were refused have `"ok": false` and no effect. Acts of the driver that are not calls have
//! kinds of their own: `start` (an agent's process began) and `evicted` (it made the host evict a silent worker).

use super::bound::Bound;
use serde_json::Value;

/// A call that succeeded.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Clock before it.
    pub t0: i64,
    /// Clock after it.
    pub t1: i64,
    /// The caller.
    pub actor: String,
    /// Its effect.
    pub kind: String,
    /// The task it was about.
    pub task: Option<String>,
    /// The new name it gave to the task.
    pub id: Option<String>,
    /// The holder of the task from then on, or the worker that is meant.
    pub worker: Option<String>,
    /// The state it put the task into.
    pub status: Option<String>,
    /// The phase it put the task into.
    pub phase: Option<String>,
    /// The tasks it made.
    pub made: Vec<String>,
    /// The containers that ended with it.
    pub rolled_up: Vec<String>,
    /// The descendants it cancelled.
    pub cascaded: Vec<String>,
    /// The file it marked or unmarked.
    pub file: Option<String>,
    /// Cost logged, in USD.
    pub cost_usd: f64,
    /// Slots logged.
    pub values: Vec<i64>,
}

impl Call {
    /// The moment it took effect.
    pub fn at(&self) -> Bound {
        Bound::between(self.t0 as f64, self.t1 as f64)
    }

    /// The same call as logged by a writer that cuts times to whole seconds.
    #[must_use]
    pub fn in_whole_seconds(mut self) -> Self {
        self.t0 -= self.t0.rem_euclid(1000);
        self.t1 -= self.t1.rem_euclid(1000);
        self
    }

    fn of(line: &Value) -> Option<Self> {
        let text = |key: &str| line[key].as_str().map(String::from);
        // The host names tasks as `{"id": ..., "title": ...}` in its answers.
        let ids = |key: &str| -> Vec<String> {
            let list = line[key].as_array().into_iter().flatten();
            list.filter_map(|entry| Some(entry["id"].as_str().or(entry.as_str())?.into()))
                .collect()
        };
        let values = line["values"].as_array().into_iter().flatten();
        (line["ok"].as_bool() == Some(true)).then(|| Self {
            t0: line["t0"].as_i64().unwrap_or_default(),
            t1: line["t1"].as_i64().unwrap_or_default(),
            actor: text("actor").unwrap_or_default(),
            kind: text("kind").unwrap_or_default(),
            task: text("task"),
            id: text("id"),
            worker: text("worker"),
            status: text("status"),
            phase: text("phase"),
            made: ids("all_ids"),
            rolled_up: ids("auto_completed"),
            cascaded: ids("cascaded"),
            file: text("file"),
            cost_usd: line["cost_usd"].as_f64().unwrap_or(0.0),
            values: values.filter_map(Value::as_i64).collect(),
        })
    }
}

/// The calls of a log that succeeded, in the order in which they can have taken effect: a caller that acts on another
/// call began after it.
///
/// # Panics
/// If a line is not JSON.
pub fn read(text: &str) -> Vec<Call> {
    let lines = text.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap_or_else(|cause| panic!("{cause}: {line}"))
    });
    let mut calls: Vec<Call> = lines.filter_map(|line| Call::of(&line)).collect();
    calls.sort_by_key(|call| call.t0);
    calls
}
