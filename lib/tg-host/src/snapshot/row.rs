//! The rows of a snapshot's host tables, in all dialects.
//!
//! One set of types reads times as integers or as ISO strings of whole seconds, tags as lists or as JSON text, defaults
//! left out or written as null, priorities as numbers or as text, the 0.1 form of the history. Unknown columns are
//! ignored. A value that a dialect lacks is `None`, never 0.

use super::dialect;
use serde::Deserialize;

/// A task. Times are milliseconds since the epoch, durations milliseconds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the host's column names, described in its own schema"
)]
pub struct TaskRow {
    pub id: String,
    pub title: String,
    pub description: Option<String>,
    pub status: String,
    #[serde(deserialize_with = "dialect::priority")]
    pub priority: Option<String>,
    pub worker_id: Option<String>,
    #[serde(deserialize_with = "dialect::tags")]
    pub needed_tags: Vec<String>,
    #[serde(deserialize_with = "dialect::tags")]
    pub wanted_tags: Vec<String>,
    #[serde(deserialize_with = "dialect::tags")]
    pub tags: Vec<String>,
    pub points: Option<f64>,
    pub time_estimate_ms: Option<i64>,
    pub time_actual_ms: Option<i64>,
    #[serde(deserialize_with = "dialect::time")]
    pub started_at: Option<i64>,
    #[serde(deserialize_with = "dialect::time")]
    pub completed_at: Option<i64>,
    pub cost_usd: Option<f64>,
    #[serde(deserialize_with = "dialect::slots")]
    pub metrics: Option<Box<[i64; 8]>>,
    pub metric_0: Option<i64>,
    pub metric_1: Option<i64>,
    pub metric_2: Option<i64>,
    pub metric_3: Option<i64>,
    pub metric_4: Option<i64>,
    pub metric_5: Option<i64>,
    pub metric_6: Option<i64>,
    pub metric_7: Option<i64>,
    #[serde(deserialize_with = "dialect::time")]
    pub deleted_at: Option<i64>,
    #[serde(deserialize_with = "dialect::time")]
    pub created_at: Option<i64>,
    #[serde(deserialize_with = "dialect::time")]
    pub updated_at: Option<i64>,
    pub phase: Option<String>,
}

impl TaskRow {
    /// The eight metric slots, from either form; absent is 0, as at the host.
    pub fn slots(&self) -> [i64; 8] {
        let columns = [
            self.metric_0,
            self.metric_1,
            self.metric_2,
            self.metric_3,
            self.metric_4,
            self.metric_5,
            self.metric_6,
            self.metric_7,
        ];
        let list = self.metrics.as_deref().copied().unwrap_or_default();
        std::array::from_fn(|slot| columns[slot].unwrap_or(list[slot]))
    }
}

/// An edge: `from` contains, blocks, or is followed by `to`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Dependency {
    /// Parent or predecessor.
    pub from_task_id: String,
    /// Child or successor.
    pub to_task_id: String,
    /// `contains`, `blocks`, `follows`, ...
    pub dep_type: String,
}

impl Dependency {
    /// True if `to` waits for `from`.
    pub fn is_ordering(&self) -> bool {
        matches!(self.dep_type.as_str(), "blocks" | "follows")
    }

    /// True if `from` is the parent of `to`.
    pub fn is_containment(&self) -> bool {
        self.dep_type == "contains"
    }
}

/// A row of the history.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChangeRow {
    /// Grows with time over the whole database.
    pub id: i64,
    /// The task.
    pub task_id: String,
    /// The worker that caused the change; none for a state without an owner.
    pub worker_id: Option<String>,
    /// The new state; none for a change of phase.
    #[serde(alias = "event")]
    pub status: Option<String>,
    /// The new phase, in a row without a state.
    pub phase: Option<String>,
    /// The reason that the host gives.
    pub reason: Option<String>,
    /// Milliseconds since the epoch.
    #[serde(deserialize_with = "dialect::time")]
    pub timestamp: Option<i64>,
    /// The start of the next state.
    #[serde(deserialize_with = "dialect::time")]
    pub end_timestamp: Option<i64>,
}

/// A tag of a task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TagRow {
    /// The task.
    pub task_id: String,
    /// The tag.
    pub tag: String,
}

/// A claim or release of a file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FileClaim {
    /// Grows with time.
    pub id: i64,
    /// Absolute path.
    pub file_path: String,
    /// The worker.
    pub worker_id: String,
    /// `claimed` or `released`.
    pub event: String,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The time of release; none if it was never released.
    pub end_timestamp: Option<i64>,
}
