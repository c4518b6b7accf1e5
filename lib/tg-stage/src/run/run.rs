//! The `run` object of a record: one cell of the matrix, and everything that was held constant or varied in it.
//!
//! Units are in the names; `None` is unknown, never 0. Readers are tolerant: a hand-written record needs little more than
//! `run.id`, and keys that are not here stay in the record. [`Adjustable`] is the only list of what a manifest may change
//! without a new run.

use super::provenance::Provenance;
use crate::profile::{self, Profile};
use crate::prompts::Prompts;
use crate::shared::{CustomMetric, Trim, WorkModel};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `run`: the cell of the matrix, and everything that was held constant or varied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// `<arm>-r<replicate>`; also the name of the run's directory.
    pub id: String,
    /// The manifest's name.
    pub experiment: String,
    /// The configuration's name, the unit of comparison.
    pub arm: String,
    /// The host's workflow.
    pub workflow: String,
    /// A workflow file of the user's own, as the manifest names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_file: Option<String>,
    /// Overlays, in order.
    pub overlays: Vec<String>,
    /// The template's name: its file name without `.json` or `.json.gz`.
    pub template: String,
    /// Number of agents, the coordinator included.
    pub agents: u32,
    /// Number of the repetition, from 1.
    pub replicate: u32,
    /// The seed of this replicate, the same in every arm.
    pub seed: u64,
    /// Block of the order of execution, from 1; 0 is unknown. A block holds one run of each arm.
    #[serde(skip_serializing_if = "is_zero")]
    pub block: u32,
    /// Place in the block, from 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub position: u32,
    /// Seed of the order within blocks; none where it is the manifest's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_seed: Option<u64>,
    /// Number of the attempt at this run, from 1; 0 is unknown.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempt: u32,
    /// End of each earlier attempt, the oldest first: an outcome, `launch error` and the like, `interrupted`,
    /// `unlaunched`, or `unknown`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
    /// The model the agents use; null for simulated agents.
    pub model: Option<String>,
    /// The model's temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// True if its agents are simulated.
    pub simulated: bool,
    /// The run's directory, as seen from where the chain was started.
    pub dir: String,
    /// The agent's command line, placeholders unfilled.
    pub command: Vec<String>,
    /// The agent program's profile, where one was named.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "profile::recorded"
    )]
    pub profile: Option<Profile>,
    /// The texts that `{prompt}` is made of, by file name, where agents are given one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: Prompts,
    /// The work model of simulated agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<WorkModel>,
    /// The source of the agents' working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,
    /// A shell command, run in the working directory after the end; exit status 0 means that the work is good.
    #[serde(rename = "verify", skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// True if the tasks are held back until all agents are connected; all clocks start then.
    #[serde(rename = "start_gate", skip_serializing_if = "std::ops::Not::not")]
    pub barrier: bool,
    /// The arm whose configuration this one repeats under another name, so that the report can show the noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_of: Option<String>,
    /// True if other runs are in the same database.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared_db: bool,
    /// Its limits.
    pub limits: Limits,
    /// The part of the manifest that concerns the report.
    pub report: Shown,
    /// The tasks that measurements leave out.
    #[serde(skip_serializing_if = "Trim::is_empty")]
    pub warmup: Trim,
    /// Display names of `metric_0` .. `metric_7`.
    pub slots: BTreeMap<String, String>,
    /// SHA-256 of each input by name: template, workflow, agent, ...
    pub inputs: BTreeMap<String, String>,
    /// SHA-256 over all of `inputs`; a run whose inputs changed is run again.
    pub inputs_sha256: String,
    /// Programs and machine that made it, as far as they are not an input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A workspace: files the agents find in their working directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// The directory that is copied, fresh for each run; as the manifest names it.
    pub path: String,
    /// Each agent gets a copy of its own.
    pub per_agent: bool,
}

/// Limits after which a run is given up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Wall time from the launch.
    pub timeout_ms: Option<u64>,
    /// Time without any change in the database.
    pub stall_ms: Option<u64>,
    /// Cost of one agent, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_cost_usd: Option<f64>,
    /// Cost of the run's agents together, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_cost_usd: Option<f64>,
    /// Cost of all runs of the experiment together, earlier attempts included, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment_cost_usd: Option<f64>,
    /// Tokens of one agent, in and out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_tokens: Option<u64>,
    /// Tokens of the run's agents together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_tokens: Option<u64>,
    /// Tokens of all runs of the experiment together, earlier attempts included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment_tokens: Option<u64>,
}

/// The part of a manifest that concerns the report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// Metrics, in this order; empty means the report's own choice.
    pub metrics: Vec<String>,
    /// Definitions of those of `metrics` that are the user's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own_metrics: Vec<CustomMetric>,
    /// All arms in the manifest's order, which is the order of display.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<String>,
    /// The metric that decides.
    pub primary: Option<String>,
    /// The arm that the others are compared with.
    pub baseline: Option<String>,
    /// Success criteria for each arm's mean, by metric: `>= 80` ([`crate::Criterion`]).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub success: BTreeMap<String, String>,
}

impl Limits {
    /// True if the experiment as a whole has a budget.
    pub fn has_experiment(&self) -> bool {
        self.experiment_cost_usd.is_some() || self.experiment_tokens.is_some()
    }
}

/// The part of a run that a manifest may change without a new run: the only list of it. It is not an input of the run,
/// a run on disk takes it from the manifest of today, and `recheck` does not compare it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adjustable {
    report: Shown,
    warmup: Trim,
    slots: BTreeMap<String, String>,
    dir: String,
    experiment_cost_usd: Option<f64>,
    experiment_tokens: Option<u64>,
}

impl Adjustable {
    /// Its keys in the JSON of a run.
    pub const KEYS: [&str; 4] = ["report", "warmup", "slots", "dir"];
    /// Its keys in `limits` in the JSON of a run.
    pub const LIMITS: [&str; 2] = ["experiment_cost_usd", "experiment_tokens"];
}

impl Run {
    /// Puts `other` in the place of this run's adjustable part, and returns the part that was there.
    fn swap_adjustable(&mut self, other: Adjustable) -> Adjustable {
        use std::mem::replace;
        Adjustable {
            report: replace(&mut self.report, other.report),
            warmup: replace(&mut self.warmup, other.warmup),
            slots: replace(&mut self.slots, other.slots),
            dir: replace(&mut self.dir, other.dir),
            experiment_cost_usd: replace(
                &mut self.limits.experiment_cost_usd,
                other.experiment_cost_usd,
            ),
            experiment_tokens: replace(&mut self.limits.experiment_tokens, other.experiment_tokens),
        }
    }

    /// The part that may change without a new run.
    pub fn adjustable(&self) -> Adjustable {
        self.clone().swap_adjustable(Adjustable::default())
    }

    /// Takes over the part that may change without a new run.
    pub fn adjust(&mut self, adjustable: Adjustable) {
        self.swap_adjustable(adjustable);
    }

    /// The run without the part that may change without a new run: equal for two records of the same run.
    #[must_use]
    pub fn fixed(&self) -> Self {
        let mut fixed = self.clone();
        fixed.adjust(Adjustable::default());
        fixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn what_is_adjusted_is_all_that_differs() {
        let mut before = Run {
            id: "a-r1".into(),
            dir: "here".into(),
            slots: BTreeMap::from([("metric_0".into(), "tokens".into())]),
            ..Run::default()
        };
        before.limits.experiment_tokens = Some(5);
        let mut now = Run {
            id: "a-r1".into(),
            dir: "there".into(),
            ..Run::default()
        };
        now.limits.experiment_cost_usd = Some(1.0);
        now.report.primary = Some("redo_rate".into());
        assert_eq!(before.fixed(), now.fixed());
        before.adjust(now.adjustable());
        assert_eq!(before, now);
        now.limits.timeout_ms = Some(1);
        assert_ne!(before.fixed(), now.fixed());
    }

    #[test]
    fn the_keys_are_those_of_the_fields() {
        let mut run = Run {
            dir: "here".into(),
            slots: BTreeMap::from([("metric_0".into(), "tokens".into())]),
            ..Run::default()
        };
        run.report.primary = Some("redo_rate".into());
        run.warmup.skip_first = 1;
        run.limits.experiment_cost_usd = Some(1.0);
        run.limits.experiment_tokens = Some(5);
        let (all, fixed) = (json!(run), json!(run.fixed()));
        let differing = |path: &str| {
            let at = |value: &Value| value.pointer(path).unwrap().as_object().unwrap().clone();
            let (all, fixed) = (at(&all), at(&fixed));
            let keys = all.keys().filter(|key| all.get(*key) != fixed.get(*key));
            keys.cloned().collect::<BTreeSet<String>>()
        };
        let mut keys = BTreeSet::from(Adjustable::KEYS.map(String::from));
        keys.insert("limits".into());
        assert_eq!(differing(""), keys);
        let limits = BTreeSet::from(Adjustable::LIMITS.map(String::from));
        assert_eq!(differing("/limits"), limits);
    }

    #[test]
    fn records_with_and_without_definitions_are_read() {
        let old = r#"{"metrics":["redo_rate"],"primary":null,"baseline":null}"#;
        let shown: Shown = serde_json::from_str(old).unwrap();
        assert!(shown.own_metrics.is_empty());
        assert_eq!(serde_json::to_string(&shown).unwrap(), old);
        let new = r#"{"metrics":["merges"],"own_metrics":[{"name":"merges","unit":"count","jq":"1"}],"primary":null,"baseline":null}"#;
        let shown: Shown = serde_json::from_str(new).unwrap();
        assert_eq!(shown.own_metrics[0].unit.as_deref(), Some("count"));
        assert_eq!(serde_json::to_string(&shown).unwrap(), new);
    }
}
