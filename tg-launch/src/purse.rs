//! What a run spends, and when that is enough.
//!
//! Agents report in their own ways, the best of them after each step; we read that ten times a second, compare it with the
//! limits, and keep it in `spent.json`. So each live agent can be over a limit by the step it has not reported yet, and one
//! that reports only at its exit by all it used. Reading takes long where agents have written much: then it is done less
//! often, so that it never takes more than a twentieth of a processor from the run.

use crate::crew::{Crew, Live};
use crate::usage::{Reader, Usage};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tg_stage::spent::{AgentSpent, Ledger, Reached, State};
use tg_stage::{Run, Spent, say, time};

/// Between two looks, at least.
const OFTEN: Duration = Duration::from_millis(100);

/// Between two writes of `spent.json`, at least.
const SELDOM: Duration = Duration::from_millis(500);

/// The purse of one run.
pub struct Purse {
    run: Run,
    dir: PathBuf,
    ledger: Ledger,
    now: Spent,
    kept: Option<(Instant, Spent)>,
    readers: BTreeMap<String, Reader>,
    usages: BTreeMap<String, Usage>,
    due: Instant,
    complained: bool,
}

/// Who has to stop, and by which limit.
pub enum Over {
    /// The agent at this index of the crew.
    Agent(usize, Reached),
    /// All of the run's.
    Run(Reached),
}

impl Purse {
    /// The purse of `run` in the absolute directory `dir`.
    pub fn new(run: &Run, dir: &Path) -> Self {
        Self {
            run: run.clone(),
            dir: dir.into(),
            ledger: Ledger::default(),
            now: Spent::default(),
            kept: None,
            readers: BTreeMap::new(),
            usages: BTreeMap::new(),
            due: Instant::now(),
            complained: false,
        }
    }

    /// Read, if it is time, what was used, and say who is over a limit.
    pub fn look(&mut self, crew: &Crew) -> Vec<Over> {
        if Instant::now() < self.due {
            return Vec::new();
        }
        let begun = Instant::now();
        self.read(crew);
        let over = self.over(crew);
        let recent = self
            .kept
            .as_ref()
            .is_some_and(|(at, _)| at.elapsed() < SELDOM);
        if !recent || !over.is_empty() {
            self.keep();
        }
        self.due = Instant::now() + OFTEN.max(begun.elapsed() * 20);
        over
    }

    /// Read and keep what was used, for the last time.
    pub fn close(&mut self, crew: &Crew) {
        self.read(crew);
        self.keep();
    }

    fn read(&mut self, crew: &Crew) {
        for one in &crew.members {
            let worker = &one.agent.worker;
            let before = self.now.agents.get(worker);
            if !before.is_some_and(|spent| spent.state == State::Exited) {
                let profile = self.run.profile.as_ref();
                let reader = self.readers.entry(worker.clone());
                let reader = reader.or_insert_with(|| Reader::new(&one.place, profile));
                self.usages.insert(worker.clone(), reader.read());
            }
        }
        let agents = crew
            .members
            .iter()
            .map(|one| self.spent(one, crew))
            .collect();
        self.now = Spent::of(agents, time::now_ms());
    }

    /// Write `spent.json` if it says something new. Where that fails the run goes on: its limits are kept all the same.
    fn keep(&mut self) {
        let before = self.kept.as_ref().map(|(_, spent)| &spent.agents);
        if before == Some(&self.now.agents) {
            return;
        }
        self.kept = Some((Instant::now(), self.now.clone()));
        if let Err(error) = self.now.save(&self.dir)
            && !std::mem::replace(&mut self.complained, true)
        {
            say(format_args!("tg-launch: run {}: {error}", self.run.id));
        }
    }

    /// What an agent used.
    pub fn usage(&self, worker: &str) -> Usage {
        self.usages.get(worker).cloned().unwrap_or_default()
    }

    fn spent(&self, one: &Live, crew: &Crew) -> (String, AgentSpent) {
        let worker = one.agent.worker.clone();
        let usage = self.usage(&worker);
        let state = match () {
            () if one.is_over() => State::Exited,
            () if crew.seen.has(&worker) => State::Connected,
            () => State::Starting,
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

    fn over(&mut self, crew: &Crew) -> Vec<Over> {
        let limits = &self.run.limits;
        let run = limits.of_run(self.now.total()).or_else(|| {
            let experiment = self.dir.parent().filter(|_| limits.has_experiment())?;
            let others = self.ledger.without(experiment, &self.dir);
            limits.of_experiment([others, self.now.total()].into_iter().sum())
        });
        if let Some(reached) = run {
            return vec![Over::Run(reached)];
        }
        let all = crew.members.iter().enumerate();
        let live = all.filter(|(_, one)| one.exit.is_none() && one.told.is_none());
        live.filter_map(|(index, one)| {
            let spent = self.now.agents.get(&one.agent.worker)?.total();
            Some(Over::Agent(index, limits.of_agent(spent)?))
        })
        .collect()
    }
}
