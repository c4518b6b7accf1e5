//! The launcher of a run, seen through its files: its lock, and a file for the end of each agent.
//!
//! The run's supervisor holds the lock as long as any process of the run may be running. A supervisor that was killed left
//! no ends: the agents' rows are then made from what is known of them, so that their cost is not lost.

use crate::decide::Agents;
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};
use tg_host::experiment_tables::AgentRow;
use tg_host::schema::runs::planned_agent;
use tg_stage::file::Lock;
use tg_stage::{Agent, EndReason, Launch, Record, RunDir, Spent, disk, file};

/// The launcher of one run.
pub struct Launcher {
    dir: RunDir,
    run: String,
    agents: Vec<Agent>,
    process: Option<u32>,
}

impl Launcher {
    /// The launcher of `record`; none if the agents are connected by hand.
    pub fn of_record(record: &Record) -> Option<Self> {
        let launch: Launch = record.get("launch").ok()?;
        let dir = record.run_dir().filter(|_| !launch.manual)?;
        let process = Lock::holder(&dir.launch_lock());
        Some(Self {
            dir,
            run: record.id().into(),
            agents: launch.agents,
            process,
        })
    }

    /// The state of the agents.
    pub fn agents(&self) -> Agents {
        if !self.has_exited() {
            return Agents::Running;
        }
        let rows = self.agent_rows();
        let ended = |why: fn(&EndReason) -> bool| rows.iter().any(|row| why(&end_reason(row)));
        match () {
            () if ended(|why| *why == EndReason::Lost) => Agents::Lost,
            () if ended(|why| *why == EndReason::Cancelled) => Agents::Cancelled,
            () if ended(|why| *why == EndReason::Budget) => Agents::OverBudget,
            () if ended(EndReason::is_fault) => Agents::Failed,
            () => Agents::Gone,
        }
    }

    /// The agents' rows of `experiment_agents`, with how they ended.
    pub fn agent_rows(&self) -> Vec<AgentRow> {
        let spent = Spent::load(&self.dir).unwrap_or_default();
        let row = |agent: &Agent| {
            let path = self.dir.agent(&agent.worker).end();
            let kept = file::read_kept(&path).ok();
            let kept = kept.and_then(|text| serde_json::from_slice(&text).ok());
            kept.unwrap_or_else(|| self.lost_row(agent, &spent))
        };
        self.agents.iter().map(row).collect()
    }

    fn lost_row(&self, agent: &Agent, spent: &Spent) -> AgentRow {
        let spent = spent.agents.get(&agent.worker).cloned().unwrap_or_default();
        // On a full disk no end can be written.
        let is_full = disk::is_full(self.dir.path());
        let reason = if is_full {
            EndReason::Disk
        } else {
            EndReason::Lost
        };
        AgentRow {
            end_reason: Some(reason.to_string()),
            cost_usd: spent.cost_usd,
            tokens_in: spent.tokens_in,
            tokens_out: spent.tokens_out,
            tokens_cached: spent.tokens_cached,
            cost_source: spent.cost_source,
            ..planned_row(&self.run, agent)
        }
    }

    /// A number that grows with each call of an agent to the host, where calls are logged; reads leave no other trace.
    pub fn calls(&self) -> u64 {
        let size = |agent: &Agent| {
            let path = self.dir.agent(&agent.worker).calls();
            std::fs::metadata(path).map_or(0, |data| data.len())
        };
        self.agents.iter().map(size).sum()
    }

    /// The lock that the launcher holds.
    pub fn lock(&self) -> std::path::PathBuf {
        self.dir.launch_lock()
    }

    /// Waits until the launcher has ended its agents and exited; false if it has not within `patience`.
    pub fn wait_for_exit(&self, patience: Duration) -> bool {
        let start = Instant::now();
        while !self.has_exited() {
            if start.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// Makes the supervisor end its agents and exit.
    pub fn terminate(&self) {
        let is_supervisor = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.starts_with(b"tg-launch\0supervise") // and not a later process with this id
        };
        let pid = self.process.filter(is_supervisor);
        if let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid as i32)) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    fn has_exited(&self) -> bool {
        Lock::is_free(&self.dir.launch_lock())
    }
}

/// The reason for which an agent ended; empty if it is not known.
pub fn end_reason(row: &AgentRow) -> EndReason {
    EndReason::from(row.end_reason.as_deref().unwrap_or_default())
}

/// The row of an agent of which only the plan is known.
pub fn planned_row(run: &str, agent: &Agent) -> AgentRow {
    planned_agent(run, &agent.worker, &agent.role, &agent.tags)
}
