//! The processes of one run's agents: starting them, asking them to exit, and killing them with all their descendants.
//!
//! One supervisor per run starts all agents and is the only process that reaps them, so no exit is lost and no signal
//! reaches a process id that the kernel has given to another process. After an agent exits, the processes it left are
//! killed; servers see the end of their input first, and get a moment to exit by themselves.

use crate::connected::Connected;
use crate::paths::AgentPaths;
use crate::{kill_tree, log, own_process};
use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};
use tg_stage::owner::{self, DIR, WORKER};
use tg_stage::{Agent, EndReason, Error, Result, time};

/// The pause between two looks at the processes.
pub const TICK: Duration = Duration::from_millis(10);

/// The time servers get to notice that their agent has exited.
const SETTLE: Duration = Duration::from_millis(200);

/// The time beyond the grace that a killed process may take to disappear.
const BEYOND: Duration = Duration::from_secs(8);

/// The limits of a run's agents, and the way they are stopped.
#[derive(Debug, Clone, Copy)]
pub struct StopPolicy {
    /// The signal that asks an agent to exit.
    pub signal: Signal,
    /// The time between that signal and SIGKILL.
    pub grace: Duration,
    /// The time an agent has to register at the host.
    pub connect: Duration,
    /// Bytes kept of each of its outputs.
    pub log_limit: u64,
}

/// An agent that was started.
pub struct AgentProcess {
    pub agent: Agent,
    pub paths: AgentPaths,
    pub program: String,
    pub started_at_ms: i64,
    pub exit: Option<AgentExit>,
    /// The reason why we asked it to exit, if we did.
    pub stopped: Option<EndReason>,
    /// True once its exit has been reported on stderr.
    pub reported: bool,
    pid: Pid,
    started: Instant,
    stopped_at: Option<Instant>,
    killed: bool,
    /// True once its leftovers have been killed.
    cleaned: bool,
    logs: Vec<JoinHandle<()>>,
}

pub struct AgentExit {
    /// The exit status, or `signal 15`.
    pub status: String,
    pub at_ms: i64,
    at: Instant,
}

/// All agents of a run.
pub struct Processes {
    /// In the order they were started.
    pub agents: Vec<AgentProcess>,
    pub connected: Connected,
    pub policy: StopPolicy,
}

/// A command that starts one agent.
#[derive(Clone)]
pub struct AgentStart {
    pub agent: Agent,
    pub paths: AgentPaths,
    /// The program as the manifest names it.
    pub name: String,
    pub program: PathBuf,
    pub args: Vec<String>,
    /// True if no variable of our own environment is passed on.
    pub bare: bool,
    /// Variables set in its environment. Some may be secrets: they are never printed.
    pub env: Vec<(String, String)>,
}

impl Processes {
    pub fn new(connected: Connected, policy: StopPolicy) -> Self {
        Self {
            agents: Vec::new(),
            connected,
            policy,
        }
    }

    pub fn start(&mut self, start: AgentStart) -> Result<()> {
        let (dir, run) = (&start.paths.agent, start.paths.run.path());
        let mut command = own_process::this_program()?;
        if start.bare {
            command.env_clear();
        }
        let mut child = command
            .envs(start.env)
            .arg("become")
            .arg(format!("--parent={}", std::process::id()))
            .arg("--")
            .arg(&start.program)
            .args(&start.args)
            .current_dir(&start.paths.work)
            .envs(owner::marks(run, &start.agent.worker))
            .env(DIR, run) // byte by byte
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|cause| Error::outside(&start.name, cause))?;
        let mut agent = AgentProcess {
            pid: Pid::from_child(&child),
            agent: start.agent,
            program: start.name,
            started_at_ms: time::now_ms(),
            started: Instant::now(),
            exit: None,
            stopped: None,
            reported: false,
            stopped_at: None,
            killed: false,
            cleaned: false,
            logs: Vec::new(),
            paths: start.paths.clone(),
        };
        let limit = self.policy.log_limit;
        let out = child.stdout.take();
        let out = out.map(|pipe| log::keep(pipe, &dir.stdout(), limit));
        let err = child.stderr.take();
        let err = err.map(|pipe| log::keep(pipe, &dir.stderr(), limit));
        let logs: Result<Vec<_>> = out.into_iter().chain(err).collect();
        let kept = logs.map(|logs| agent.logs = logs);
        self.agents.push(agent); // before anything can fail: every started process is ended
        kept
    }

    /// Updates the registrations and exits, kills agents whose grace is over, and kills the leftovers of exited agents.
    pub fn update(&mut self) {
        let seen = |one: &AgentProcess| self.connected.has(&one.agent.worker);
        if !self.agents.iter().all(seen) {
            self.connected.update();
        }
        while let Ok(Some((pid, status))) = process::wait(WaitOptions::NOHANG) {
            let is_it = |one: &&mut AgentProcess| one.pid == pid && one.exit.is_none();
            if let Some(one) = self.agents.iter_mut().find(is_it) {
                one.exit = Some(AgentExit {
                    status: status_text(status),
                    at_ms: time::now_ms(),
                    at: Instant::now(),
                });
            } // else an orphan that this supervisor adopted
        }
        for one in &mut self.agents {
            one.kill_if_overdue(self.policy.grace);
            one.kill_leftovers();
        }
    }

    /// Asks one agent to exit.
    pub fn stop(&mut self, index: usize, why: EndReason) {
        let one = &mut self.agents[index];
        if one.exit.is_none() && one.stopped.is_none() {
            one.stopped = Some(why);
            one.stopped_at = Some(Instant::now());
            let _ = process::kill_process(one.pid, self.policy.signal);
        }
    }

    pub fn all_exited(&self) -> bool {
        self.agents.iter().all(|one| one.exit.is_some())
    }

    /// The indices of agents that had time to register at the host and did not.
    pub fn unregistered(&self) -> Vec<usize> {
        let late = |one: &AgentProcess| {
            one.exit.is_none()
                && one.stopped.is_none()
                && one.started.elapsed() > self.policy.connect
                && !self.connected.was_ever(&one.agent.worker)
        };
        let all = self.agents.iter().enumerate();
        all.filter(|(_, one)| late(one))
            .map(|(index, _)| index)
            .collect()
    }

    /// Ends all agents, then the servers that have lost them, then every process that is left.
    pub fn end_all(&mut self, why: &EndReason) {
        for index in 0..self.agents.len() {
            self.stop(index, why.clone());
        }
        let begun = Instant::now();
        self.update();
        while !self.all_exited() && begun.elapsed() < self.policy.grace + BEYOND {
            sleep(TICK);
            self.update();
        }
        kill_tree::await_none(kill_tree::descendants, SETTLE);
        kill_tree::kill_all(kill_tree::descendants);
        self.update();
        for one in &mut self.agents {
            one.cleaned = true;
        }
        let logs = self.agents.iter_mut().flat_map(|one| one.logs.drain(..));
        for log in logs {
            let begun = Instant::now();
            while !log.is_finished() && begun.elapsed() < Duration::from_secs(2) {
                sleep(Duration::from_millis(1)); // the last output, on its way through the pipe
            }
        }
    }
}

impl AgentProcess {
    fn kill_if_overdue(&mut self, grace: Duration) {
        let over = self.stopped_at.is_some_and(|at| at.elapsed() > grace);
        if over && self.exit.is_none() && !self.killed {
            self.killed = true;
            let _ = process::kill_process(self.pid, Signal::KILL);
        }
    }

    /// Kills the processes it left behind. A process that has cleared its environment runs until the end of the run.
    fn kill_leftovers(&mut self) {
        let settled = |exit: &AgentExit| exit.at.elapsed() > SETTLE;
        if self.exit.as_ref().is_some_and(settled) && !self.cleaned {
            self.cleaned = true;
            kill_tree::kill_all(|| kill_tree::marked(WORKER, &self.agent.worker));
        }
    }

    /// True if it has exited and no process of it can report any more.
    pub fn is_finished(&self) -> bool {
        self.exit.is_some() && self.cleaned
    }
}

fn status_text(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".into(),
    }
}
