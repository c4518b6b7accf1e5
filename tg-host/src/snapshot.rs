//! Snapshots: what the host's export writes, in all its dialects, and what ours writes.
//!
//! One set of row types reads them all: times as integers or as ISO strings of whole seconds, tags as lists or as JSON
//! text, defaults left out or written as null, priorities as numbers or as text, the 0.1 shape of the history. Unknown
//! tables, columns and keys are passed over. What a dialect does not carry is `None`, never 0.

mod dialect;

use crate::error::{Error, Result, about};
use crate::experiment::AgentRow;
use serde::Deserialize;
use std::io::Read;
use std::path::Path;

/// A snapshot file's content.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// The program and version that wrote it.
    pub exported_by: String,
    /// Its rows.
    pub tables: Tables,
    /// How far its times can be trusted: 1 ms, or 1000 ms where the writer cut them to whole seconds.
    #[serde(skip)]
    pub resolution_ms: i64,
}

/// The tables that are read; the order of rows is that of the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Tables {
    /// Tasks, containers and deleted ones included.
    pub tasks: Vec<Task>,
    /// Edges between tasks.
    pub dependencies: Vec<Dependency>,
    /// The history of states and phases.
    #[serde(alias = "task_state_sequence")]
    pub task_sequence: Vec<Change>,
    /// Attached artifacts.
    pub attachments: Vec<Attachment>,
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
    pub points: Option<i64>,
    pub time_estimate_ms: Option<i64>,
    pub time_actual_ms: Option<i64>,
    #[serde(deserialize_with = "dialect::time")]
    pub started_at: Option<i64>,
    #[serde(deserialize_with = "dialect::time")]
    pub completed_at: Option<i64>,
    pub cost_usd: Option<f64>,
    pub metrics: Option<Vec<i64>>,
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
        let list = self.metrics.as_deref().unwrap_or_default();
        std::array::from_fn(|slot| columns[slot].or(list.get(slot).copied()).unwrap_or(0))
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

/// An attachment, without its content.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Attachment {
    /// The task.
    pub task_id: String,
    /// Type, such as `gate/results`.
    pub attachment_type: String,
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
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FileClaim {
    /// Absolute path.
    pub file_path: String,
    /// Who.
    pub worker_id: String,
    /// `claimed` or `released`.
    pub event: String,
    /// When, in milliseconds since the epoch.
    pub timestamp: i64,
    /// When it was given back.
    pub end_timestamp: Option<i64>,
}

/// A run kept in the database.
#[derive(Debug, Clone, Default, Deserialize)]
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
}

impl Snapshot {
    /// Read a snapshot file, plain or gzip, whatever its name.
    pub fn load(path: &Path) -> Result<Self> {
        Self::parse(&read(path)?).map_err(|cause| Error::new(path.display(), cause))
    }

    /// Read a snapshot from its (plain) bytes.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        dialect::reset_resolution();
        let mut snapshot: Self =
            serde_json::from_slice(text).map_err(|cause| format!("not a snapshot: {cause}"))?;
        snapshot.resolution_ms = dialect::resolution();
        Ok(snapshot)
    }
}

/// The bytes of a file, decompressed if they are gzip.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    plain(std::fs::read(path).map_err(about(path))?)
        .map_err(|cause| Error::new(path.display(), cause))
}

/// Bytes, decompressed if they are gzip.
pub fn plain(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    // Snapshots compress 7 to 50 times; what claims more is not one, and must not fill the memory.
    let limit = (bytes.len() as u64) * 200 + (64 << 20);
    let mut plain = Vec::with_capacity(bytes.len() * 8);
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(limit);
    decoder
        .read_to_end(&mut plain)
        .map_err(|cause| format!("broken gzip: {cause}"))?;
    if plain.len() as u64 == limit {
        return Err("expands to more than 200 times its size: not a snapshot".into());
    }
    Ok(plain)
}
