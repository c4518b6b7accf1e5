//! How a run ended, where only its record knows.
//!
//! `tg-wait` writes the end into the database when the last agent has gone. Agents that were connected by hand may stay,
//! and then nothing may be written; the snapshot carries the end all the same, from the record and from what the
//! launcher left of each agent (`agents/<worker>/end.json`).

use serde_json::{Value, json};
use std::path::Path;
use tg_host::experiment::AgentRow;
use tg_stage::{Agent, Launch, Record, Result, Verify, Wait};

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
    /// How many runs were allowed to share the machine.
    pub side_by_side: Option<u32>,
    /// What the verify command said of the work.
    pub verify: Option<Verify>,
    /// The agents, as far as they are known, by worker id.
    pub agents: Vec<AgentRow>,
}

impl End {
    /// The end in a record, if it went through `tg-wait`.
    pub fn of(record: &Record) -> Result<Option<Self>> {
        if !record.has("wait") {
            return Ok(None);
        }
        let wait: Wait = record.get("wait")?;
        if wait.outcome.is_empty() {
            return Ok(None);
        }
        let launch: Launch = if record.has("launch") {
            record.get("launch")?
        } else {
            Launch::default()
        };
        let dir = record.dir().unwrap_or_default().join("agents");
        let mut agents: Vec<_> = launch
            .agents
            .iter()
            .map(|agent| row(record.id(), agent, &dir))
            .collect();
        agents.sort_by(|a, b| a.worker_id.cmp(&b.worker_id));
        Ok(Some(Self {
            run: record.id().into(),
            outcome: wait.outcome,
            ended_at_ms: wait.ended_at_ms,
            started_at_ms: launch
                .released_at_ms
                .or(Some(launch.started_at_ms))
                .filter(|ms| *ms > 0),
            side_by_side: launch.side_by_side,
            verify: wait.verify,
            agents,
        }))
    }

    /// What belongs into a NULL of this column of the run's row in `experiment_runs`.
    pub fn value(&self, column: &str) -> Option<Value> {
        match column {
            "outcome" => Some(json!(self.outcome)),
            "completed_at" => Some(json!(self.ended_at_ms)),
            "started_at" => self.started_at_ms.map(|ms| json!(ms)),
            "side_by_side" => self.side_by_side.map(|runs| json!(runs)),
            "verify_passed" => self
                .verify
                .as_ref()
                .map(|verify| json!(i64::from(verify.passed))),
            "verify_score" => self.verify.as_ref()?.score.map(|score| json!(score)),
            _ => None,
        }
    }
}

/// What the launcher says of an agent, else no more than what it was to be.
fn row(run: &str, agent: &Agent, dir: &Path) -> AgentRow {
    let end = std::fs::read(dir.join(&agent.worker).join("end.json"));
    let end: Option<AgentRow> = end.ok().and_then(|text| serde_json::from_slice(&text).ok());
    let known = end.unwrap_or_else(|| AgentRow {
        role: Some(agent.role.clone()),
        tags: Some(json!(agent.tags).to_string()),
        ..AgentRow::default()
    });
    AgentRow {
        run_id: run.into(),
        worker_id: agent.worker.clone(),
        ..known
    }
}
