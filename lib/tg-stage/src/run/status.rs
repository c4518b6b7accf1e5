//! The status of a run at this moment, for people and programs that look on: read from its files, nothing written.
//!
//! A file that cannot be read is reported in `problem` and is never an error. `tg_host::live` reads the database of a live run.

use super::dir::{AgentDir, RunDir};
use super::outcome::Outcome;
use super::run::{Limits, Run};
use super::spent::{AgentSpent, AgentState, Spent, Total};
use super::stages::{Instantiate, Launch};
use super::state::{Phase, RunState};
use crate::file::{self, Lock};
use crate::record::Record;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The status of a run. Times are milliseconds since the epoch; null is unknown.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunStatus {
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
    /// The number of the repetition, from 1.
    pub replicate: u32,
    /// True if its agents are simulated.
    pub simulated: bool,
    /// Its phase.
    pub phase: Phase,
    /// True if a person connects its agents.
    pub by_hand: bool,
    /// The way it ended, once that is decided.
    pub outcome: Option<Outcome>,
    /// The stage that could not do its work, and why.
    pub error: Option<String>,
    /// The reason for which the directory cannot be read.
    pub problem: Option<String>,
    /// Its launch, or the opening of its start barrier.
    pub started_at_ms: Option<i64>,
    /// Its end.
    pub ended_at_ms: Option<i64>,
    /// Cost so far, in USD; a lower bound where some agents do not report it.
    pub cost_usd: Option<f64>,
    /// Tokens so far, in and out; a lower bound where some agents do not report them.
    pub tokens: Option<i64>,
    /// Its limits.
    pub limits: Limits,
    /// The agents that were launched.
    #[serde(skip)]
    pub agents: Vec<AgentStatus>,
    /// Tasks by state at the end.
    #[serde(skip)]
    pub states: BTreeMap<String, u64>,
    /// Its database.
    #[serde(skip)]
    pub db: PathBuf,
    /// True while its supervisor runs, and so agents may.
    #[serde(skip)]
    pub is_launched: bool,
    /// Its id in the database.
    #[serde(skip)]
    pub id: String,
    /// The record, if it can be read.
    #[serde(skip)]
    pub record: Option<Record>,
}

impl RunStatus {
    /// Reads the run's directory.
    pub fn read(dir: &RunDir) -> Self {
        let experiment = dir.experiment().map(|experiment| {
            let name = experiment.path().file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        });
        let mut status = Self {
            experiment: experiment.unwrap_or_default(),
            run: dir.name(),
            db: dir.db(),
            phase: Phase::Unreadable,
            ..Self::default()
        };
        match dir.load() {
            Ok(record) => status.fill(dir, dir.state_of(record)),
            Err(error) => status.problem = Some(error.to_string()),
        }
        status
    }

    fn fill(&mut self, dir: &RunDir, state: RunState) {
        let Some(record) = state.record() else {
            if let RunState::Unreadable(error) = state {
                self.problem = Some(error.to_string());
            }
            return;
        };
        let run: Run = record.get("run").unwrap_or_default();
        let made: Instantiate = record.get("instantiate").unwrap_or_default();
        self.db = local_db(dir, Path::new(&run.dir), Path::new(&made.db));
        let launch: Launch = record.get("launch").unwrap_or_default();
        if record.has("launch") {
            self.started_at_ms = Some(launch.released_at_ms.unwrap_or(launch.started_at_ms));
        }
        self.by_hand = launch.manual;
        self.count_used(dir, &launch);
        self.error = record.failed_stage().map(|stage| {
            let message = record.value(stage).map(|value| &value["error"]["message"]);
            let message = message.and_then(|message| message.as_str());
            format!("{stage}: {}", message.unwrap_or("it does not say why"))
        });
        self.is_launched = !matches!(state, RunState::Ended(..) | RunState::Failed(..))
            && !Lock::is_free(&dir.launch_lock());
        self.phase = state.phase();
        if let Some(end) = state.end() {
            self.outcome = Some(end.outcome.clone());
            self.ended_at_ms = Some(end.ended_at_ms);
        }
        if let RunState::Ended(_, wait) = &state {
            self.states.clone_from(&wait.states);
        }
        self.id = run.id;
        (self.arm, self.workflow, self.template) = (run.arm, run.workflow, run.template);
        (self.replicate, self.simulated, self.limits) = (run.replicate, run.simulated, run.limits);
        self.record = state.record().cloned();
    }

    fn count_used(&mut self, dir: &RunDir, launch: &Launch) {
        let spent = Spent::load(dir);
        self.agents = launch
            .agents
            .iter()
            .map(|agent| AgentStatus::read(dir, &agent.worker, &agent.role, spent.as_ref()))
            .collect();
        let total: Total = match &spent {
            Some(spent) => spent.total(),
            None => self.agents.iter().map(|agent| agent.spent).sum(),
        };
        (self.cost_usd, self.tokens) = (total.cost_usd, total.tokens);
    }

    /// Time since the start: until `now` while it runs, else until the end; in milliseconds.
    pub fn elapsed_ms(&self, now: i64) -> Option<i64> {
        let end = if self.phase == Phase::Running {
            now
        } else {
            self.ended_at_ms?
        };
        Some((end - self.started_at_ms?).max(0))
    }

    /// Time without a sign of an agent after which it is called silent: a quarter of the stall limit, in milliseconds.
    pub fn silent_ms(&self) -> i64 {
        self.limits.stall_ms.unwrap_or(300_000) as i64 / 4
    }
}

/// The database `db`, as the record names it, seen from this process: the record's paths start where the chain was
/// started, and a shared database lies beside the run's directory.
fn local_db(dir: &RunDir, recorded: &Path, db: &Path) -> PathBuf {
    let below = |here: &Path, there: &Path| {
        let rest = db.strip_prefix(there).ok()?;
        let is_below = rest
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        (is_below && rest.components().next().is_some()).then(|| here.join(rest))
    };
    below(dir.path(), recorded)
        .or_else(|| below(dir.path().parent()?, recorded.parent()?))
        .unwrap_or_else(|| dir.db())
}

/// The status of one agent, read from its files.
#[derive(Debug, Clone, Default)]
pub struct AgentStatus {
    /// Its id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: String,
    /// The last time it printed something, or called the host.
    pub heard_at_ms: Option<i64>,
    /// Its last call to the host, where calls are logged: a call that only reads leaves no other trace.
    pub called_at_ms: Option<i64>,
    /// True if its process has exited.
    pub is_gone: bool,
    /// Cost and tokens so far.
    pub spent: Total,
}

impl AgentStatus {
    /// The agent `worker` of `run`, of which `spent` may know what it used.
    fn read(run: &RunDir, worker: &str, role: &str, spent: Option<&Spent>) -> Self {
        let dir: AgentDir = run.agent(worker);
        let known = spent.and_then(|spent| spent.agents.get(worker)).cloned();
        let used: AgentSpent = known.unwrap_or_else(|| {
            let text = file::read_kept(&dir.usage()).unwrap_or_default();
            serde_json::from_slice(&text).unwrap_or_default()
        });
        let output = [dir.stdout(), dir.stderr()].map(|log| modified_ms(&log));
        let called_at_ms = modified_ms(&dir.calls());
        Self {
            worker: worker.into(),
            role: role.into(),
            heard_at_ms: output.into_iter().flatten().max().max(called_at_ms),
            called_at_ms,
            is_gone: used.state == AgentState::Exited || dir.end().exists() || dir.exit().exists(),
            spent: used.total(),
        }
    }
}

/// The last write to a file that is not empty, in milliseconds since the epoch.
fn modified_ms(path: &Path) -> Option<i64> {
    let data = fs::metadata(path).ok().filter(|data| data.len() > 0)?;
    let since = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_agents_used_is_taken_from_one_place() {
        let lab = tempfile::tempdir().unwrap();
        let dir = RunDir::new(lab.path().join("e/a-r1"));
        let record = json!({"type": "run", "v": 1, "run": {"id": "a-r1", "dir": "results/e/a-r1"},
            "instantiate": {"db": "results/e/a-r1/tasks.db"},
            "launch": {"agents": [{"worker": "w"}, {"worker": "v"}], "started_at_ms": 5}});
        fs::create_dir_all(dir.agent("w").path()).unwrap();
        fs::write(dir.record(), record.to_string()).unwrap();
        assert_eq!(RunStatus::read(&dir).cost_usd, None);
        let used = "{\"cost_usd\":0.5,\"tokens_in\":3,\"calls\":1}";
        fs::write(dir.agent("w").usage(), used).unwrap();
        let status = RunStatus::read(&dir);
        assert_eq!((status.cost_usd, status.tokens), (Some(0.5), Some(3)));
        let spent = json!({"at_ms": 1, "cost_usd": 2.0, "tokens": null,
            "agents": {"v": {"cost_usd": 2.0, "state": AgentState::Exited}}});
        fs::write(dir.spent(), spent.to_string()).unwrap();
        let status = RunStatus::read(&dir);
        assert_eq!((status.cost_usd, status.tokens), (Some(2.0), None));
        assert!(!status.agents[0].is_gone && status.agents[1].is_gone);
    }

    #[test]
    fn databases_are_found_from_here_and_stay_inside() {
        let dir = RunDir::new("/elsewhere/e/a-r1");
        let found = |db: &str| local_db(&dir, Path::new("results/e/a-r1"), Path::new(db));
        assert_eq!(found("results/e/a-r1/tasks.db"), dir.db());
        assert_eq!(
            found("results/e/shared-1.db"),
            Path::new("/elsewhere/e/shared-1.db")
        );
        for strange in [
            "/etc/passwd",
            "results/e/a-r1/../../../x.db",
            "results/e/../x.db",
            "",
            "results/e",
        ] {
            assert_eq!(found(strange), dir.db(), "{strange}");
        }
    }
}
