//! A run's directory as it is at this moment, whoever works in it: read from its files, nothing written.
//!
//! Files are written whole or not at all, but a directory can be half made, half gone, or not ours: what cannot be read is
//! said in `problem` and never an error. What the database of a live run says is `tg_host::live`'s business.

mod agent;
mod find;

pub use agent::AgentDir;
pub use find::{arm_of, directories, experiments, planned, runs};

use crate::file::Lock;
use crate::spent::{Spent, Total};
use crate::{Instantiate, Launch, Limits, Record, Run, Wait, file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

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
        let end = file::read_kept(&dir.join("end.json")).ok();
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::fs;

    fn made(record: &Value) -> tempfile::TempDir {
        let lab = tempfile::tempdir().unwrap();
        let dir = lab.path().join("e/a-r1");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("run.json"), record.to_string()).unwrap();
        lab
    }

    fn record(more: &Value) -> Value {
        let mut record = json!({"type": "run", "v": 1, "run": {"id": "a-r1", "arm": "a", "dir": "results/e/a-r1"},
            "instantiate": {"db": "results/e/a-r1/tasks.db"}});
        record
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        record
    }

    #[test]
    fn phases() {
        let launch = json!({"agents": [{"worker": "w", "role": "worker"}], "started_at_ms": 5});
        let launched = || record(&json!({"launch": launch}));
        let phase = |record: &Value, locks: &[&str], end: bool| {
            let lab = made(record);
            let dir = lab.path().join("e/a-r1");
            let held: Vec<_> = locks
                .iter()
                .map(|lock| Lock::take(&dir.join(lock)).unwrap())
                .collect();
            if end {
                fs::write(
                    dir.join("end.json"),
                    "{\"outcome\":\"timeout\",\"ended_at_ms\":9}",
                )
                .unwrap();
            }
            let seen = RunDir::read(&dir);
            drop(held);
            (seen.phase, seen.outcome)
        };
        let timeout = Some("timeout".to_string());
        assert_eq!(
            phase(&record(&json!({})), &[], false),
            (Phase::Waiting, None)
        );
        assert_eq!(
            phase(&record(&json!({})), &["launch.lock"], false),
            (Phase::Running, None)
        );
        assert_eq!(
            phase(&launched(), &["launch.lock"], false),
            (Phase::Running, None)
        );
        assert_eq!(
            phase(&launched(), &["wait.lock"], false),
            (Phase::Running, None)
        );
        assert_eq!(
            phase(&launched(), &["wait.lock"], true),
            (Phase::Ending, timeout.clone())
        );
        assert_eq!(phase(&launched(), &[], false), (Phase::Interrupted, None));
        assert_eq!(
            phase(&launched(), &[], true),
            (Phase::Interrupted, timeout.clone())
        );
        let by_hand = record(&json!({"launch": {"manual": true, "started_at_ms": 5}}));
        assert_eq!(phase(&by_hand, &[], false), (Phase::Running, None));
        let ended =
            record(&json!({"launch": launch, "wait": {"outcome": "timeout", "ended_at_ms": 9}}));
        assert_eq!(phase(&ended, &[], true), (Phase::Ended, timeout));
        let failed = record(
            &json!({"launch": {"error": {"kind": "outside", "message": "no such program"}}}),
        );
        assert_eq!(phase(&failed, &[], false), (Phase::Failed, None));
        assert_eq!(
            phase(&json!({"type": "run", "v": 2}), &[], false),
            (Phase::Unreadable, None)
        );
    }

    #[test]
    fn what_agents_used_is_taken_from_one_place() {
        let lab = made(&record(
            &json!({"launch": {"agents": [{"worker": "w"}, {"worker": "v"}], "started_at_ms": 5}}),
        ));
        let dir = lab.path().join("e/a-r1");
        fs::create_dir_all(dir.join("agents/w")).unwrap();
        assert_eq!(RunDir::read(&dir).cost_usd, None);
        fs::write(
            dir.join("agents/w/usage.json"),
            "{\"cost_usd\":0.5,\"tokens_in\":3,\"calls\":1}",
        )
        .unwrap();
        let seen = RunDir::read(&dir);
        assert_eq!((seen.cost_usd, seen.tokens), (Some(0.5), Some(3)));
        let spent = json!({"at_ms": 1, "cost_usd": 2.0, "tokens": null, "agents": {"v": {"cost_usd": 2.0, "state": "exited"}}});
        fs::write(dir.join("spent.json"), spent.to_string()).unwrap();
        let seen = RunDir::read(&dir);
        assert_eq!((seen.cost_usd, seen.tokens), (Some(2.0), None));
        assert!(!seen.agents[0].is_gone && seen.agents[1].is_gone);
    }

    #[test]
    fn databases_are_found_from_where_we_stand_and_stay_inside() {
        let dir = Path::new("/elsewhere/e/a-r1");
        let found = |db: &str| beside(dir, Path::new("results/e/a-r1"), Path::new(db));
        assert_eq!(found("results/e/a-r1/tasks.db"), dir.join("tasks.db"));
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
            assert_eq!(found(strange), dir.join("tasks.db"), "{strange}");
        }
    }
}
