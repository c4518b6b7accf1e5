//! The usage of a run's agents, and the limits it is compared with.
//!
//! Each agent program reports in its own way, the best of them after each step; the reports are read ten times a second,
//! compared with the limits, and kept in `spent.json`. So each running agent can exceed a limit by the step it has not
//! reported yet, and a program that reports only at its exit by everything it used. Where agents have written much and
//! reading takes long, it is done less often, so that it never takes more than a twentieth of a processor from the run.

use crate::processes::{AgentProcess, Processes};
use crate::usage::{Usage, UsageReader};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tg_stage::spent::{AgentSpent, AgentState, Ledger, Reached};
use tg_stage::{Run, RunDir, Spent, say, time};

/// The shortest pause between two reads.
const READ_PERIOD: Duration = Duration::from_millis(100);

/// The shortest pause between two writes of `spent.json`.
const WRITE_PERIOD: Duration = Duration::from_millis(500);

pub struct Budget {
    run: Run,
    dir: RunDir,
    ledger: Ledger,
    now: Spent,
    written: Option<(Instant, Spent)>,
    readers: BTreeMap<String, UsageReader>,
    usages: BTreeMap<String, Usage>,
    due: Instant,
    complained: bool,
}

/// A limit that is exceeded.
pub enum Exceeded {
    /// The limit of the agent at this index.
    Agent(usize, Reached),
    /// The limit of the whole run.
    Run(Reached),
}

impl Budget {
    /// The budget of `run` in the absolute directory `dir`.
    pub fn new(run: &Run, dir: RunDir) -> Self {
        Self {
            run: run.clone(),
            dir,
            ledger: Ledger::default(),
            now: Spent::default(),
            written: None,
            readers: BTreeMap::new(),
            usages: BTreeMap::new(),
            due: Instant::now(),
            complained: false,
        }
    }

    /// Reads the usage, if it is time, and returns the exceeded limits.
    pub fn check(&mut self, processes: &Processes) -> Vec<Exceeded> {
        if Instant::now() < self.due {
            return Vec::new();
        }
        let begun = Instant::now();
        self.read(processes);
        let exceeded = self.exceeded(processes);
        let written = self.written.as_ref();
        let is_recent = written.is_some_and(|(at, _)| at.elapsed() < WRITE_PERIOD);
        if !is_recent || !exceeded.is_empty() {
            self.write();
        }
        self.due = Instant::now() + READ_PERIOD.max(begun.elapsed() * 20);
        exceeded
    }

    /// Reads and writes the usage for the last time.
    pub fn close(&mut self, processes: &Processes) {
        self.read(processes);
        self.write();
    }

    fn read(&mut self, processes: &Processes) {
        for one in &processes.agents {
            let worker = &one.agent.worker;
            let before = self.now.agents.get(worker);
            if !before.is_some_and(|spent| spent.state == AgentState::Exited) {
                let profile = self.run.profile.as_ref();
                let reader = self.readers.entry(worker.clone());
                let reader =
                    reader.or_insert_with(|| UsageReader::new(one.paths.agent.path(), profile));
                self.usages.insert(worker.clone(), reader.read());
            }
        }
        let agents = processes.agents.iter();
        let agents = agents.map(|one| self.spent(one, processes));
        self.now = Spent::sum(agents.collect(), time::now_ms());
    }

    /// Writes `spent.json` if it has changed. If that fails the run goes on: its limits are checked all the same.
    fn write(&mut self) {
        let before = self.written.as_ref().map(|(_, spent)| &spent.agents);
        if before == Some(&self.now.agents) {
            return;
        }
        self.written = Some((Instant::now(), self.now.clone()));
        if let Err(error) = self.now.save(&self.dir)
            && !std::mem::replace(&mut self.complained, true)
        {
            say(format_args!("tg-launch: run {}: {error}", self.run.id));
        }
    }

    /// The usage of an agent as last read.
    pub fn usage(&self, worker: &str) -> Usage {
        self.usages.get(worker).cloned().unwrap_or_default()
    }

    fn spent(&self, one: &AgentProcess, processes: &Processes) -> (String, AgentSpent) {
        let worker = one.agent.worker.clone();
        let usage = self.usage(&worker);
        let state = match () {
            () if one.is_finished() => AgentState::Exited,
            () if processes.connected.has(&worker) => AgentState::Connected,
            () => AgentState::Starting,
        };
        let spent = AgentSpent {
            cost_usd: usage.cost_usd,
            tokens_in: usage.tokens_in,
            tokens_out: usage.tokens_out,
            tokens_cached: usage.tokens_cached,
            cost_source: usage.cost_source,
            state,
        };
        (worker, spent)
    }

    fn exceeded(&mut self, processes: &Processes) -> Vec<Exceeded> {
        let limits = &self.run.limits;
        let run = limits.of_run(self.now.total()).or_else(|| {
            let experiment = self
                .dir
                .path()
                .parent()
                .filter(|_| limits.has_experiment())?;
            let others = self.ledger.total_without(experiment, self.dir.path());
            limits.of_experiment([others, self.now.total()].into_iter().sum())
        });
        if let Some(reached) = run {
            return vec![Exceeded::Run(reached)];
        }
        let all = processes.agents.iter().enumerate();
        let live = all.filter(|(_, one)| one.exit.is_none() && one.stopped.is_none());
        live.filter_map(|(index, one)| {
            let spent = self.now.agents.get(&one.agent.worker)?.total();
            Some(Exceeded::Agent(index, limits.of_agent(spent)?))
        })
        .collect()
    }
}
