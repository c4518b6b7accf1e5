//! What the launcher left: its lock, and a file for each agent's end.
//!
//! The lock is held by the run's supervisor, as long as anything of the run may live. Where a supervisor was killed it left
//! no ends: then the agents' rows are made of what was known of them, so that what was paid for is not lost.

use crate::decide::Agents;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tg_host::experiment::AgentRow;
use tg_stage::file::Lock;
use tg_stage::{Agent, Launch, Record, Spent, disk, file};

/// What ends an agent and is no doing of its own: whoever is started next meets it as well.
const FAULTS: [&str; 3] = ["auth", "disk", "quota"];

/// The launcher of one run, if it had one.
pub struct Launcher {
    dir: PathBuf,
    run: String,
    agents: Vec<Agent>,
    process: Option<u32>,
}

impl Launcher {
    /// The launcher of `record`; none where agents are connected by hand.
    pub fn of(record: &Record) -> Option<Self> {
        let launch: Launch = record
            .get("launch")
            .ok()
            .filter(|launch: &Launch| !launch.manual)?;
        let dir = record.dir()?;
        let process = Lock::holder(&lock(&dir));
        Some(Self {
            dir,
            run: record.id().into(),
            agents: launch.agents,
            process,
        })
    }

    /// What is known of the agents.
    pub fn agents(&self) -> Agents {
        if !self.is_gone() {
            return Agents::Live;
        }
        let ends = self.ends();
        let ended = |why: &str| {
            let mut all = ends.iter();
            all.any(|end| end.end_reason.as_deref() == Some(why))
        };
        match () {
            () if ended("lost") => Agents::Lost,
            () if ended("cancelled") => Agents::Cancelled,
            () if ended("budget") => Agents::Spent,
            () if FAULTS.iter().any(|fault| ended(fault)) => Agents::Failed,
            () => Agents::Gone,
        }
    }

    /// How the agents ended.
    pub fn ends(&self) -> Vec<AgentRow> {
        let spent = Spent::load(&self.dir).unwrap_or_default();
        let row = |agent: &Agent| {
            let path = self.dir.join("agents").join(&agent.worker).join("end.json");
            let kept = file::read_kept(&path)
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok());
            kept.unwrap_or_else(|| self.lost(agent, &spent))
        };
        self.agents.iter().map(row).collect()
    }

    fn lost(&self, agent: &Agent, spent: &Spent) -> AgentRow {
        let spent = spent.agents.get(&agent.worker).cloned().unwrap_or_default();
        // On a full disk no end can be written down.
        let reason = if disk::is_full(&self.dir) {
            "disk"
        } else {
            "lost"
        };
        AgentRow {
            run_id: self.run.clone(),
            worker_id: agent.worker.clone(),
            role: Some(agent.role.clone()),
            tags: Some(serde_json::json!(agent.tags).to_string()),
            end_reason: Some(reason.into()),
            cost_usd: spent.cost_usd,
            tokens_in: spent.tokens_in,
            tokens_out: spent.tokens_out,
            tokens_cached: spent.tokens_cached,
            cost_source: spent.cost_source,
            ..AgentRow::default()
        }
    }

    /// Grows with every call that an agent makes, where its calls are written down; what only reads leaves no other trace.
    pub fn calls(&self) -> u64 {
        let size = |agent: &Agent| {
            let path = self
                .dir
                .join("agents")
                .join(&agent.worker)
                .join("mcp.jsonl");
            std::fs::metadata(path).map_or(0, |data| data.len())
        };
        self.agents.iter().map(size).sum()
    }

    /// Wait until the launcher has ended its agents and gone; false if it does not within `patience`.
    pub fn wait_until_gone(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        while !self.is_gone() {
            if begun.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// Tell the supervisor to end its agents and itself.
    pub fn terminate(&self) {
        let is_ours = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.starts_with(b"tg-launch\0supervise") // and not who came to this number later
        };
        let pid = self.process.filter(is_ours);
        if let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid as i32)) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    fn is_gone(&self) -> bool {
        Lock::is_free(&lock(&self.dir))
    }
}

fn lock(dir: &Path) -> PathBuf {
    dir.join("launch.lock")
}
