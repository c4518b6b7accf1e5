//! What the files of one agent say.

use crate::file;
use crate::spent::{AgentSpent, Spent, State, Total};
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// What an agent's files say.
#[derive(Debug, Clone, Default)]
pub struct AgentDir {
    /// Its id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: String,
    /// When it printed something, or called the host, last.
    pub heard_at_ms: Option<i64>,
    /// When it called the host last, where its calls are written down: what only reads leaves no other trace.
    pub called_at_ms: Option<i64>,
    /// Its process has ended.
    pub is_gone: bool,
    /// What it used so far.
    pub spent: Total,
}

impl AgentDir {
    /// The agent `worker` of the run in the directory `run`, of which `spent` may know what it used.
    pub(super) fn read(run: &Path, worker: &str, role: &str, spent: Option<&Spent>) -> Self {
        let dir = run.join("agents").join(worker);
        let known = spent.and_then(|spent| spent.agents.get(worker)).cloned();
        let used: AgentSpent = known.unwrap_or_else(|| {
            let text = file::read_kept(&dir.join("usage.json")).unwrap_or_default();
            serde_json::from_slice(&text).unwrap_or_default()
        });
        let output = ["stdout.log", "stderr.log"].map(|log| modified_ms(&dir.join(log)));
        let called_at_ms = modified_ms(&dir.join("mcp.jsonl"));
        let ends = ["end.json", "exit.json"].map(|end| dir.join(end).exists());
        Self {
            worker: worker.into(),
            role: role.into(),
            heard_at_ms: output.into_iter().flatten().max().max(called_at_ms),
            called_at_ms,
            is_gone: used.state == State::Exited || ends.contains(&true),
            spent: used.total(),
        }
    }
}

/// When a file was last written to, in milliseconds since the epoch.
fn modified_ms(path: &Path) -> Option<i64> {
    let data = fs::metadata(path).ok().filter(|data| data.len() > 0)?;
    let since = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_millis() as i64)
}
