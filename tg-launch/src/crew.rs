//! The agents of one run as processes: started, told to leave, and taken away with all below them.
//!
//! One supervisor a run starts them all and is alone in reaping, so that no exit is lost and no process id is signalled after
//! it has gone to somebody else. An agent that has left is followed by what it left behind; servers see the end of their
//! input first, and are given a moment to go by themselves.

use crate::connected::Connected;
use crate::fill::Place;
use crate::{log, ourselves, sweep};
use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};
use tg_stage::mark::{ATTEMPT, DIR, Owner, WORKER};
use tg_stage::{Agent, Error, Result, time};

/// How often we look.
pub const TICK: Duration = Duration::from_millis(10);

/// How long servers may take to see that their agent has gone.
const SETTLE: Duration = Duration::from_millis(200);

/// How long beyond the grace anything that was killed may take to be gone.
const BEYOND: Duration = Duration::from_secs(8);

/// How agents of this run are treated.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// What tells an agent to leave.
    pub signal: Signal,
    /// How long it may take then.
    pub grace: Duration,
    /// How long it may take to register at the host.
    pub connect: Duration,
    /// Bytes kept of each of its outputs.
    pub log_limit: u64,
}

/// An agent that was started.
pub struct Live {
    /// Who it is.
    pub agent: Agent,
    /// Where its things are.
    pub place: Place,
    /// The program it runs.
    pub program: String,
    /// When it was started, in milliseconds since the epoch.
    pub started_at_ms: i64,
    /// How it ended, once it has.
    pub exit: Option<Exited>,
    /// Why we told it to leave, if we did.
    pub told: Option<&'static str>,
    /// Its end was told of, if there was anything to tell.
    pub told_of: bool,
    process: Pid,
    begun: Instant,
    told_at: Option<Instant>,
    killed: bool,
    swept: bool,
    logs: Vec<JoinHandle<()>>,
}

/// How an agent ended.
pub struct Exited {
    /// Exit status, or `signal 15`.
    pub words: String,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    at: Instant,
}

/// All agents of a run.
pub struct Crew {
    /// In the order they were started.
    pub members: Vec<Live>,
    /// Who was seen at the host.
    pub seen: Connected,
    /// How they are treated.
    pub manners: Manners,
}

/// What is to be started.
#[derive(Clone)]
pub struct Start {
    /// Who.
    pub agent: Agent,
    /// Where.
    pub place: Place,
    /// The program as the manifest names it.
    pub name: String,
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Nothing of our own environment is passed on.
    pub bare: bool,
    /// Variables set in its environment. Some may be secrets: they are never printed.
    pub env: Vec<(String, String)>,
}

impl Crew {
    /// Nobody yet.
    pub fn new(seen: Connected, manners: Manners) -> Self {
        Self {
            members: Vec::new(),
            seen,
            manners,
        }
    }

    /// Start an agent.
    pub fn start(&mut self, start: Start) -> Result<()> {
        let dir = &start.place.agent_dir;
        let mut command = ourselves()?;
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
            .current_dir(&start.place.work)
            .env(DIR, &start.place.dir)
            .env(ATTEMPT, Owner::this().to_string())
            .env(WORKER, &start.agent.worker)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|cause| Error::outside(&start.name, cause))?;
        let mut one = Live {
            process: Pid::from_child(&child),
            agent: start.agent,
            program: start.name,
            started_at_ms: time::now_ms(),
            begun: Instant::now(),
            exit: None,
            told: None,
            told_of: false,
            told_at: None,
            killed: false,
            swept: false,
            logs: Vec::new(),
            place: start.place.clone(),
        };
        let limit = self.manners.log_limit;
        let out = child.stdout.take();
        let out = out.map(|pipe| log::keep(pipe, &dir.join("stdout.log"), limit));
        let err = child.stderr.take();
        let err = err.map(|pipe| log::keep(pipe, &dir.join("stderr.log"), limit));
        let logs: Result<Vec<_>> = out.into_iter().chain(err).collect();
        let kept = logs.map(|logs| one.logs = logs);
        self.members.push(one); // before anything can fail: what was started is ended
        kept
    }

    /// Take up what happened: who registered, who ended; kill who overstays; clean up after who has gone.
    pub fn look(&mut self) {
        if !self
            .members
            .iter()
            .all(|one| self.seen.has(&one.agent.worker))
        {
            self.seen.look();
        }
        while let Ok(Some((pid, status))) = process::wait(WaitOptions::NOHANG) {
            let ours = |one: &&mut Live| one.process == pid && one.exit.is_none();
            if let Some(one) = self.members.iter_mut().find(ours) {
                one.exit = Some(Exited {
                    words: words(status),
                    at_ms: time::now_ms(),
                    at: Instant::now(),
                });
            } // else an orphan that came to us
        }
        for one in &mut self.members {
            one.press(self.manners.grace);
            one.clean();
        }
    }

    /// Tell one agent to leave.
    pub fn tell(&mut self, index: usize, why: &'static str) {
        let one = &mut self.members[index];
        if one.exit.is_none() && one.told.is_none() {
            one.told = Some(why);
            one.told_at = Some(Instant::now());
            let _ = process::kill_process(one.process, self.manners.signal);
        }
    }

    /// Whether all have ended.
    pub fn is_gone(&self) -> bool {
        self.members.iter().all(|one| one.exit.is_some())
    }

    /// Those who should have registered by now and never did.
    pub fn unregistered(&self) -> Vec<usize> {
        let late = |one: &Live| {
            one.exit.is_none()
                && one.told.is_none()
                && one.begun.elapsed() > self.manners.connect
                && !self.seen.ever(&one.agent.worker)
        };
        let all = self.members.iter().enumerate();
        all.filter(|(_, one)| late(one))
            .map(|(index, _)| index)
            .collect()
    }

    /// End them all: the agents first, then the servers that have lost them, then whatever is left.
    pub fn end(&mut self, why: &'static str) {
        for index in 0..self.members.len() {
            self.tell(index, why);
        }
        let begun = Instant::now();
        self.look();
        while !self.is_gone() && begun.elapsed() < self.manners.grace + BEYOND {
            sleep(TICK);
            self.look();
        }
        sweep::await_none(sweep::below_us, SETTLE);
        sweep::kill_all(sweep::below_us);
        self.look();
        for one in &mut self.members {
            one.swept = true;
        }
        let logs = self.members.iter_mut().flat_map(|one| one.logs.drain(..));
        for log in logs {
            let begun = Instant::now();
            while !log.is_finished() && begun.elapsed() < Duration::from_secs(2) {
                sleep(Duration::from_millis(1)); // the last words, on their way through the pipe
            }
        }
    }
}

impl Live {
    /// Kill it, and all it started, once its grace is over.
    fn press(&mut self, grace: Duration) {
        let over = self.told_at.is_some_and(|at| at.elapsed() > grace);
        if over && self.exit.is_none() && !self.killed {
            self.killed = true;
            let _ = process::kill_process(self.process, Signal::KILL);
        }
    }

    /// Kill what it left behind. What has wiped its environment stays until the end of the run.
    fn clean(&mut self) {
        let gone = self
            .exit
            .as_ref()
            .is_some_and(|exit| exit.at.elapsed() > SETTLE);
        if gone && !self.swept {
            self.swept = true;
            sweep::kill_all(|| sweep::marked(WORKER, &self.agent.worker));
        }
    }

    /// Whether it has ended and nothing of it can report any more.
    pub fn is_over(&self) -> bool {
        self.exit.is_some() && self.swept
    }
}

fn words(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".into(),
    }
}
