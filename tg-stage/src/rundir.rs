//! A run's directory as it is at this moment, whoever works in it: read from its files, nothing written.
//!
//! Files are written whole or not at all, but a directory can be half made, half gone, or not ours: what cannot be read is
//! said in `problem` and never an error. What the database of a live run says is `tg_host::live`'s business.

use crate::file::{self, Lock};
use crate::spent::{AgentSpent, Spent, State, Total};
use crate::{Instantiate, Launch, Limits, Record, Run, Wait};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its agents work, or are being started.
    Running,
    /// How it ended is decided, and its agents are being ended.
    Ending,
    /// Its database is made, and nobody was started.
    #[default]
    Waiting,
    /// Agents were started, the processes that looked after them are gone, and nobody said how it ended.
    Interrupted,
    /// A stage could not do its work.
    Failed,
    /// Over: `outcome` says how.
    Ended,
    /// There is no telling: `problem` says why.
    Unreadable,
}

/// What the files of a run say. Times are milliseconds since the epoch; null is unknown.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunDir {
    /// The experiment's name: that of the directory above.
    pub experiment: String,
    /// The run's name: that of its directory.
    pub run: String,
    /// The configuration it is a run of.
    pub arm: String,
    /// The host's workflow.
    pub workflow: String,
    /// The template's name.
    pub template: String,
    /// Which repetition, from 1.
    pub replicate: u32,
    /// Whether no real agent works here.
    pub simulated: bool,
    /// Where it is in its life.
    pub phase: Phase,
    /// Its agents were connected by a person.
    pub by_hand: bool,
    /// How it ended, once that is decided.
    pub outcome: Option<String>,
    /// The stage that could not do its work, and why.
    pub error: Option<String>,
    /// Why the directory cannot be read.
    pub problem: Option<String>,
    /// When its agents were launched, or its start gate was opened.
    pub started_at_ms: Option<i64>,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
    /// What its agents cost so far, in USD; a lower bound where some do not say.
    pub cost_usd: Option<f64>,
    /// Tokens its agents used so far, in and out; a lower bound where some do not say.
    pub tokens: Option<i64>,
    /// When it is given up.
    pub limits: Limits,
    /// The agents that were launched.
    #[serde(skip)]
    pub agents: Vec<AgentDir>,
    /// Tasks by state at the end.
    #[serde(skip)]
    pub states: BTreeMap<String, u64>,
    /// Its database.
    #[serde(skip)]
    pub db: PathBuf,
    /// Its launcher is there, and so its agents may be.
    #[serde(skip)]
    pub is_launched: bool,
    /// The name it has in the database.
    #[serde(skip)]
    pub id: String,
    /// The record, if it can be read.
    #[serde(skip)]
    pub record: Option<Record>,
}

/// What an agent's files say.
#[derive(Debug, Clone, Default)]
pub struct AgentDir {
    /// Its id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: String,
    /// When it printed something last.
    pub heard_at_ms: Option<i64>,
    /// Its process has ended.
    pub is_gone: bool,
    /// What it used so far.
    pub spent: Total,
}

#[derive(Deserialize)]
struct End {
    outcome: String,
    ended_at_ms: Option<i64>,
}

impl RunDir {
    /// Read `dir`.
    pub fn read(dir: &Path) -> Self {
        let name = |path: &Path| {
            path.file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        };
        let mut seen = Self {
            experiment: dir.parent().map(name).unwrap_or_default(),
            run: name(dir),
            db: dir.join("tasks.db"),
            ..Self::default()
        };
        match Record::load(&dir.join("run.json")) {
            Ok(record) => seen.take(dir, record),
            Err(error) => seen.problem = Some(error.to_string()),
        }
        if seen.problem.is_some() {
            seen.phase = Phase::Unreadable;
        }
        seen
    }

    fn take(&mut self, dir: &Path, record: Record) {
        let run: Run = match record.get("run") {
            Ok(run) => run,
            Err(error) => {
                self.problem = Some(error.to_string());
                return;
            }
        };
        let made: Instantiate = record.get("instantiate").unwrap_or_default();
        self.db = beside(dir, Path::new(&run.dir), Path::new(&made.db));
        let launch: Launch = record.get("launch").unwrap_or_default();
        let wait: Wait = record.get("wait").unwrap_or_default();
        let spent = Spent::load(dir);
        self.agents = launch
            .agents
            .iter()
            .map(|agent| AgentDir::read(dir, &agent.worker, &agent.role, spent.as_ref()))
            .collect();
        let total: Total = match &spent {
            Some(spent) => spent.total(),
            None => self.agents.iter().map(|agent| agent.spent).sum(),
        };
        (self.cost_usd, self.tokens) = (total.cost_usd, total.tokens);
        if record.has("launch") {
            self.started_at_ms = Some(launch.released_at_ms.unwrap_or(launch.started_at_ms));
        }
        self.by_hand = launch.manual;
        self.error = record.failed_stage().map(|stage| {
            let value = record.value(stage).map(|value| &value["error"]["message"]);
            let message = value.and_then(|message| message.as_str());
            format!("{stage}: {}", message.unwrap_or("it does not say why"))
        });
        self.phase = self.phase(dir, &record, &wait);
        self.states = wait.states;
        self.id = run.id;
        (self.arm, self.workflow, self.template) = (run.arm, run.workflow, run.template);
        (self.replicate, self.simulated, self.limits) = (run.replicate, run.simulated, run.limits);
        self.record = Some(record);
    }

    fn phase(&mut self, dir: &Path, record: &Record, wait: &Wait) -> Phase {
        if !wait.outcome.is_empty() {
            self.outcome = Some(wait.outcome.clone());
            self.ended_at_ms = Some(wait.ended_at_ms);
            return Phase::Ended;
        }
        if self.error.is_some() {
            return Phase::Failed;
        }
        let is_held = |lock: &str| !Lock::is_free(&dir.join(lock));
        self.is_launched = is_held("launch.lock");
        let is_looked_after = self.is_launched || is_held("wait.lock");
        if !record.has("launch") {
            return if is_looked_after {
                Phase::Running
            } else {
                Phase::Waiting
            };
        }
        let end = fs::read(dir.join("end.json")).ok();
        let end: Option<End> = end.and_then(|text| serde_json::from_slice(&text).ok());
        if let Some(end) = &end {
            self.outcome = Some(end.outcome.clone());
            self.ended_at_ms = end.ended_at_ms;
        }
        match (is_looked_after, end.is_some()) {
            (true, true) => Phase::Ending,
            (true, false) => Phase::Running,
            (false, false) if self.by_hand => Phase::Running,
            (false, _) => Phase::Interrupted,
        }
    }

    /// How long it has taken so far, in milliseconds.
    pub fn elapsed_ms(&self, now: i64) -> Option<i64> {
        let end = if self.phase == Phase::Running {
            now
        } else {
            self.ended_at_ms?
        };
        Some((end - self.started_at_ms?).max(0))
    }

    /// How long an agent must not be heard of to be called silent: a quarter of the time after which the run is given up for
    /// silence, in milliseconds.
    pub fn silent_ms(&self) -> i64 {
        self.limits.stall_ms.unwrap_or(300_000) as i64 / 4
    }
}

/// The database `db`, as the record names it, from where we stand: the record's paths are seen from where the chain was
/// started, and a shared database is beside the run's directory.
fn beside(dir: &Path, recorded: &Path, db: &Path) -> PathBuf {
    let below = |here: &Path, there: &Path| {
        let rest = db.strip_prefix(there).ok()?;
        let is_below = rest
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        (is_below && rest.components().next().is_some()).then(|| here.join(rest))
    };
    below(dir, recorded)
        .or_else(|| below(dir.parent()?, recorded.parent()?))
        .unwrap_or_else(|| dir.join("tasks.db"))
}

impl AgentDir {
    fn read(run: &Path, worker: &str, role: &str, spent: Option<&Spent>) -> Self {
        let dir = run.join("agents").join(worker);
        let known = spent.and_then(|spent| spent.agents.get(worker)).cloned();
        let used: AgentSpent = known.unwrap_or_else(|| {
            let text = file::read(&dir.join("usage.json")).unwrap_or_default();
            serde_json::from_str(&text).unwrap_or_default()
        });
        let output = ["stdout.log", "stderr.log"].map(|log| modified_ms(&dir.join(log)));
        let ends = ["end.json", "exit.json"].map(|end| dir.join(end).exists());
        Self {
            worker: worker.into(),
            role: role.into(),
            heard_at_ms: output.into_iter().flatten().max(),
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

/// The experiments in `results`, each a directory with run directories in it: `results` itself, if it is one.
pub fn experiments(results: &Path) -> Vec<PathBuf> {
    if !runs(results).is_empty() {
        return vec![results.into()];
    }
    let found = directories(results);
    found.into_iter().filter(|dir| is_experiment(dir)).collect()
}

fn is_experiment(dir: &Path) -> bool {
    !runs(dir).is_empty()
}

/// The run directories in an experiment's, by name, earlier attempts not among them.
pub fn runs(experiment: &Path) -> Vec<PathBuf> {
    let found = directories(experiment);
    found.into_iter().filter(|dir| is_run(dir)).collect()
}

fn is_run(dir: &Path) -> bool {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let is_earlier = name.rsplit_once(".try").is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_made = ["run.json", "tasks.db", "host"]
        .iter()
        .any(|part| dir.join(part).exists());
    !is_earlier && is_made
}

/// The runs that an experiment is to have, as `tg-instantiate` listed them; `None` where nobody did.
pub fn planned(experiment: &Path) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct List {
        rows: Vec<String>,
    }
    let text = file::read(&experiment.join("rows.json")).ok()?;
    serde_json::from_str::<List>(&text)
        .ok()
        .map(|list| list.rows)
}

/// The arm of a run, by the run's name: `swarm` of `swarm-r3`.
pub fn arm_of(run: &str) -> &str {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    run.rsplit_once("-r")
        .filter(|(_, replicate)| number(replicate))
        .map_or(run, |(arm, _)| arm)
}

/// The directories in `dir` that are neither hidden nor links, by name: `r2` before `r10`.
pub fn directories(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    found.sort_by_cached_key(|path| by_number(path));
    found
}

/// A name and the number at its end, so that numbers are ordered as numbers.
fn by_number(path: &Path) -> (String, u64) {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name[stem.len()..].parse().unwrap_or(0);
    (stem.to_string(), number)
}
