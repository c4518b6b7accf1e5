//! What the launcher left: its lock, and a file for each agent's end.

use crate::decide::Agents;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tg_host::experiment::AgentRow;
use tg_stage::file::Lock;
use tg_stage::{Launch, Record};

/// The launcher of one run, if it had one.
pub struct Launcher {
    dir: PathBuf,
    workers: Vec<String>,
    process: Option<u32>,
}

impl Launcher {
    /// The launcher of `record`; none where agents are connected by hand.
    pub fn of(record: &Record) -> Option<Self> {
        let launch: Launch = record
            .get("launch")
            .ok()
            .filter(|launch: &Launch| !launch.manual)?;
        let workers = launch
            .agents
            .into_iter()
            .map(|agent| agent.worker)
            .collect();
        let dir = record.dir()?;
        let process = Lock::holder(&lock(&dir));
        Some(Self {
            dir,
            workers,
            process,
        })
    }

    /// What is known of the agents.
    pub fn agents(&self) -> Agents {
        if !self.is_gone() {
            return Agents::Live;
        }
        let ends = self.ends();
        if ends.len() < self.workers.len() {
            return Agents::Lost;
        }
        let cancelled = ends
            .iter()
            .any(|end| end.end_reason.as_deref() == Some("cancelled"));
        if cancelled {
            Agents::Cancelled
        } else {
            Agents::Gone
        }
    }

    /// How the agents ended, those of whom it is known.
    pub fn ends(&self) -> Vec<AgentRow> {
        let read = |worker: &String| {
            let path = self.dir.join("agents").join(worker).join("end.json");
            serde_json::from_slice(&std::fs::read(path).ok()?).ok()
        };
        self.workers.iter().filter_map(read).collect()
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

    /// Tell the launcher to end its agents and itself.
    pub fn terminate(&self) {
        let pid = self.process.and_then(|pid| Pid::from_raw(pid as i32));
        if let Some(pid) = pid {
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
