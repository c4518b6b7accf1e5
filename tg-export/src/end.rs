//! The end of a run as its record has it, for a database that does not.
//!
//! `tg-wait` writes the end into the database when the last agent has disconnected. Agents that were connected by hand may
//! stay, and then nothing may be written; the snapshot has the end all the same, from the record and from the file that
//! the launcher left for each agent (`agents/<worker>/end.json`).

use serde_json::{Value, json};
use tg_host::experiment_tables::AgentRow;
use tg_host::schema::runs::planned_agent;
use tg_stage::{Agent, Launch, Record, Result, RunDir, Wait};

/// The end of one run.
#[derive(Debug, Clone)]
pub struct RecordedEnd {
    /// The run's id.
    pub run: String,
    /// Milliseconds since the epoch.
    pub ended_at_ms: i64,
    /// The known agents, by worker id.
    pub agents: Vec<AgentRow>,
    /// Values of the run's row, by column.
    columns: [(&'static str, Value); 6],
}

impl RecordedEnd {
    /// The end in a record, if `tg-wait` wrote one.
    pub fn of_record(record: &Record) -> Result<Option<Self>> {
        if !record.has("wait") {
            return Ok(None);
        }
        let wait: Wait = record.get("wait")?;
        if !wait.end.outcome.is_decided() {
            return Ok(None);
        }
        let launch = record.has("launch").then(|| record.get("launch"));
        let launch: Launch = launch.transpose()?.unwrap_or_default();
        let dir = record.run_dir().unwrap_or_else(|| RunDir::new(""));
        let row = |agent| agent_row(record.id(), agent, &dir);
        let mut agents: Vec<_> = launch.agents.iter().map(row).collect();
        agents.sort_by(|a, b| a.worker_id.cmp(&b.worker_id));
        let started_at_ms = launch.released_at_ms.unwrap_or(launch.started_at_ms);
        let grade = wait.grade.as_ref();
        Ok(Some(Self {
            run: record.id().into(),
            ended_at_ms: wait.end.ended_at_ms,
            agents,
            columns: [
                ("outcome", json!(wait.end.outcome)),
                ("completed_at", json!(wait.end.ended_at_ms)),
                (
                    "started_at",
                    json!(Some(started_at_ms).filter(|ms| *ms > 0)),
                ),
                ("side_by_side", json!(launch.side_by_side)),
                (
                    "verify_passed",
                    json!(grade.map(|grade| i64::from(grade.passed))),
                ),
                ("verify_score", json!(grade.and_then(|grade| grade.score))),
            ],
        }))
    }

    /// The value for a NULL in this column of the run's row.
    pub fn column(&self, name: &str) -> Option<Value> {
        let mut columns = self.columns.iter();
        columns
            .find(|column| column.0 == name)
            .map(|column| column.1.clone())
    }
}

/// The row that the launcher left for an agent; without one, the plan for the agent.
fn agent_row(run: &str, agent: &Agent, dir: &RunDir) -> AgentRow {
    let end = std::fs::read(dir.agent(&agent.worker).end());
    let end: Option<AgentRow> = end.ok().and_then(|text| serde_json::from_slice(&text).ok());
    let planned = || planned_agent(run, &agent.worker, &agent.role, &agent.tags);
    AgentRow {
        run_id: run.into(),
        worker_id: agent.worker.clone(),
        ..end.unwrap_or_else(planned)
    }
}
