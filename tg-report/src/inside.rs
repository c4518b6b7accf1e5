//! The records of a run's agents and tasks, as `tg-metrics --per agent,task` prints them after the run's own.
//!
//! They carry the run's id and no experiment, so a record belongs to the run record that comes before it.

use serde::Deserialize;

/// `"type":"agent"`: one worker of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AgentRecord {
    /// The run's id.
    pub run: String,
    /// The worker's id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: Option<String>,
    /// Busy time / wall clock of the run, in percent.
    pub utilization_pct: Option<f64>,
    /// Time with a task in hand, milliseconds.
    pub busy_ms: Option<f64>,
    /// What it cost.
    pub cost_usd: Option<f64>,
}

/// One interval of work: worker, start and end in milliseconds from the run's begin.
pub type Work = (Option<String>, Option<i64>, Option<i64>);

/// `"type":"task"`: one task of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TaskRecord {
    /// The run's id.
    pub run: String,
    /// Its id in the run.
    pub task: String,
    /// Its id in the template.
    pub template_task: Option<String>,
    /// How it ended.
    pub status: Option<String>,
    /// When it reached a terminal state, milliseconds from the run's begin.
    pub ended_ms: Option<i64>,
    /// Wait for other tasks, milliseconds.
    pub blocked_ms: Option<f64>,
    /// Wait for somebody to take it, milliseconds.
    pub ready_ms: Option<f64>,
    /// Wait for the one it was given to, milliseconds.
    pub assigned_ms: Option<f64>,
    /// Its timed intervals.
    pub work: Vec<Work>,
}

impl TaskRecord {
    /// Blocked, ready and assigned wait, where all three are known.
    pub fn waits(&self) -> Option<[f64; 3]> {
        Some([self.blocked_ms?, self.ready_ms?, self.assigned_ms?])
    }
}
