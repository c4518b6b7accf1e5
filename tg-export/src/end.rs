//! How a run ended, where only its record knows.
//!
//! `tg-wait` writes the end into the database when the last agent has gone. Agents that were connected by hand may stay,
//! and then nothing may be written; the snapshot carries the end all the same, from the record.

use serde_json::{Value, json};
use tg_stage::{Launch, Record, Result, Wait};

/// The end of a run by its record.
#[derive(Debug, Clone)]
pub struct End {
    /// The run.
    pub run: String,
    /// How it ended.
    pub outcome: String,
    /// When, in milliseconds since the epoch.
    pub ended_at_ms: i64,
    /// When it was launched, in milliseconds since the epoch.
    pub started_at_ms: Option<i64>,
}

impl End {
    /// The end in a record, if it went through `tg-wait`.
    pub fn of(record: &Record) -> Result<Option<Self>> {
        if !record.has("wait") {
            return Ok(None);
        }
        let wait: Wait = record.get("wait")?;
        let launch: Option<Launch> = record
            .has("launch")
            .then(|| record.get("launch"))
            .transpose()?;
        Ok(Some(Self {
            run: record.id().into(),
            outcome: wait.outcome,
            ended_at_ms: wait.ended_at_ms,
            started_at_ms: launch
                .map(|launch| launch.started_at_ms)
                .filter(|ms| *ms > 0),
        }))
    }

    /// What belongs into a NULL of this column of the run's row in `experiment_runs`.
    pub fn value(&self, column: &str) -> Option<Value> {
        match column {
            "outcome" => Some(json!(self.outcome)),
            "completed_at" => Some(json!(self.ended_at_ms)),
            "started_at" => self.started_at_ms.map(|ms| json!(ms)),
            _ => None,
        }
    }
}
