//! The rows of a snapshot, as all dialects write them.
//!
//! One set of types reads times as integers or as ISO strings of whole seconds, tags as lists or as JSON text, defaults
//! left out or written as null, priorities as numbers or as text, the 0.1 shape of the history. Unknown columns are
//! passed over. What a dialect does not carry is `None`, never 0.

use super::dialect;
use crate::experiment::AgentRow;
use serde::Deserialize;

/// The tables that are read; the order of rows is that of the file.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Tasks, containers and deleted ones included.
    pub tasks: Vec<Task>,
    /// Edges between tasks.
    pub dependencies: Vec<Dependency>,
    /// The history of states and phases.
    pub task_sequence: Vec<Change>,
    /// Tags.
    pub task_tags: Vec<TagRow>,
    /// Tags an agent must all have.
    pub task_needed_tags: Vec<TagRow>,
    /// Tags of which an agent must have one.
    pub task_wanted_tags: Vec<TagRow>,
    /// Claims and releases of files.
    pub claim_sequence: Vec<FileClaim>,
    /// The runs in this database.
    pub experiment_runs: Vec<RunRow>,
    /// Which template task each task came from.
    pub experiment_tasks: Vec<OriginRow>,
    /// The agents of the runs.
    pub experiment_agents: Vec<AgentRow>,
}

/// A task. Times are milliseconds since the epoch, durations milliseconds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the host's column names, described in its own schema"
)]
pub struct Task {
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

impl Task {
    /// The eight metric slots, from whichever form the dialect has; absent is 0, as at the host.
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
    /// Whether `to` waits for `from`.
    pub fn is_ordering(&self) -> bool {
        matches!(self.dep_type.as_str(), "blocks" | "follows")
    }

    /// Whether `from` is the parent of `to`.
    pub fn is_containment(&self) -> bool {
        self.dep_type == "contains"
    }
}

/// A row of the history.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Grows with time over the whole database.
    pub id: i64,
    /// The task.
    pub task_id: String,
    /// Who opened the state; none for those without an owner.
    pub worker_id: Option<String>,
    /// The new state; none for a change of phase.
    #[serde(alias = "event")]
    pub status: Option<String>,
    /// The new phase, in a row without a state.
    pub phase: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When, in milliseconds since the epoch.
    #[serde(deserialize_with = "dialect::time")]
    pub timestamp: Option<i64>,
    /// When the next state began.
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
    /// Who.
    pub worker_id: String,
    /// `claimed` or `released`.
    pub event: String,
    /// When, in milliseconds since the epoch.
    pub timestamp: i64,
    /// When it was given back; none for what was never.
    pub end_timestamp: Option<i64>,
}

/// A run kept in the database.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RunRow {
    /// Run id.
    pub id: String,
    /// When it was launched, in milliseconds since the epoch.
    pub started_at: Option<i64>,
    /// When it ended, in milliseconds since the epoch.
    pub completed_at: Option<i64>,
    /// The workflow configuration, as JSON.
    pub config_snapshot: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The whole `run` object of the record, as JSON.
    pub run_json: Option<String>,
    /// What the verify command said: 1 good, 0 not.
    pub verify_passed: Option<i64>,
    /// The number the verify command printed last.
    pub verify_score: Option<f64>,
    /// How many runs were allowed to share the machine.
    pub side_by_side: Option<i64>,
}

/// Where a task came from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OriginRow {
    /// The run.
    pub run_id: String,
    /// The task.
    pub task_id: String,
    /// Its id in the template.
    pub template_task_id: String,
    /// The phase it was created in, of which the host writes no row.
    pub phase: Option<String>,
}
