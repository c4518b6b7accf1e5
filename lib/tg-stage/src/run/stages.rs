//! The objects that the stages after `run` write under their keys. Units are in the names; `None` is unknown, never 0.
//!
//! `metrics` is not here: it is flat, name -> number or null, and `tg-metrics` alone knows the names.

use super::end::End;
use super::outcome::Outcome;
use crate::time::Boot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `instantiate`: the database that was made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instantiate {
    /// Path of the run's database.
    pub db: String,
    /// Tasks, containers included.
    pub tasks: u64,
    /// `follows` and `blocks` edges.
    pub ordering_deps: u64,
    /// The host's version.
    pub host: String,
    /// `created_at` of all tasks as they were written.
    pub created_at_ms: i64,
    /// Path of the program of the run's `command` on this machine, if the manifest names it by a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// `launch`: the agents that were started, or are to be connected by hand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Launch {
    /// In the order they were started.
    pub agents: Vec<Agent>,
    /// The moment before the first agent was started; the tasks' `created_at` is set to it.
    pub started_at_ms: i64,
    /// The moment from which the run's time is counted (its start, or the opening of its start barrier), on a clock that
    /// cannot be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// Opening of the start barrier, if the run has one: all clocks start then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at_ms: Option<i64>,
    /// Number of runs that were allowed to share the machine, this one included (`-j`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side_by_side: Option<u32>,
    /// True if no agent was started: a person connects them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub manual: bool,
}

/// One agent of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// Worker id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: String,
    /// Tags it connects with.
    pub tags: Vec<String>,
}

/// `wait`: the end of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "WaitKeys", into = "WaitKeys")]
pub struct Wait {
    /// The decided end, the same as in `end.json`.
    pub end: End,
    /// Tasks in scope by state.
    pub states: BTreeMap<String, u64>,
    /// The result of the manifest's grade command, if there is one and it was run.
    pub grade: Option<Grade>,
    /// Tasks that were not over, the first ten of them.
    pub open: Vec<String>,
}

/// [`Wait`] as the record holds it: flat, in the order of keys that every version wrote.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct WaitKeys {
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    states: BTreeMap<String, u64>,
    ended_at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify: Option<Grade>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    open: Vec<String>,
}

impl From<WaitKeys> for Wait {
    fn from(keys: WaitKeys) -> Self {
        Self {
            end: End {
                outcome: keys.outcome,
                ended_at_ms: keys.ended_at_ms,
                why: keys.why,
                limit: keys.limit,
            },
            states: keys.states,
            grade: keys.verify,
            open: keys.open,
        }
    }
}

impl From<Wait> for WaitKeys {
    fn from(wait: Wait) -> Self {
        Self {
            outcome: wait.end.outcome,
            why: wait.end.why,
            limit: wait.end.limit,
            states: wait.states,
            ended_at_ms: wait.end.ended_at_ms,
            verify: wait.grade,
            open: wait.open,
        }
    }
}

/// The result of a grade command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grade {
    /// True if it exited with 0.
    pub passed: bool,
    /// The last line of its output, where that is a number.
    pub score: Option<f64>,
    /// Its exit status, or `timeout`.
    pub exit: String,
}

/// `export`: the snapshot that was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Export {
    /// The snapshot file.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
}
