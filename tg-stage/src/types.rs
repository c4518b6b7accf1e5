//! What the stages write under their keys. Units are in the names; `None` is unknown, never 0.
//!
//! Readers are tolerant: a hand-written record needs little more than `run.id`, and keys that are not here stay in the
//! record. `metrics` is not here: it is flat, name -> number or null, and `tg-metrics` alone knows the names.

use crate::{OwnMetric, Provenance, Trim};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `run`: which cell of the matrix this is, and everything that was held constant or varied.
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
    /// How many agents, the coordinator included.
    pub agents: u32,
    /// Which repetition, from 1.
    pub replicate: u32,
    /// The seed of this replicate, the same in every arm.
    pub seed: u64,
    /// Which block of the order of execution it is in, from 1; 0 where nobody said. A block holds one run of each arm.
    #[serde(skip_serializing_if = "is_zero")]
    pub block: u32,
    /// Its place in the block, from 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub position: u32,
    /// The seed that the order within blocks was drawn with; none where it is the manifest's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_seed: Option<u64>,
    /// Which attempt at this run it is, from 1; 0 where nobody said.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempt: u32,
    /// How each earlier attempt ended, the oldest first: an outcome, `launch error` and the like, `interrupted`,
    /// `unlaunched`, or `unknown`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
    /// The model the agents use; null for the stand-in.
    pub model: Option<String>,
    /// The model's temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Whether no real agent works here.
    pub simulated: bool,
    /// The run's directory, as seen from where the chain was started.
    pub dir: String,
    /// The agent's command line, placeholders unfilled.
    pub command: Vec<String>,
    /// The agent program's profile, where one was named.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::profile::recorded"
    )]
    pub profile: Option<crate::Profile>,
    /// The texts that `{prompt}` is made of, by file name, where agents are given one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: crate::prompts::Prompts,
    /// The stand-in's work model, if the stand-in works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<crate::StandIn>,
    /// Where the agents' working directory is copied from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,
    /// A shell command, run in the working directory after the end, whose exit status says whether the work is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<String>,
    /// The tasks are held back until all agents are connected, and all clocks start then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub start_gate: bool,
    /// The arm whose configuration this one repeats under another name, so that the report can show what noise does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_of: Option<String>,
    /// Other runs are in the same database.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared_db: bool,
    /// When to give up.
    pub limits: Limits,
    /// What the report shows.
    pub report: Shown,
    /// What measurements leave out.
    #[serde(skip_serializing_if = "Trim::is_empty")]
    pub warmup: Trim,
    /// Display names of `metric_0` .. `metric_7`.
    pub slots: BTreeMap<String, String>,
    /// SHA-256 of each input by name: template, workflow, agent, ...
    pub inputs: BTreeMap<String, String>,
    /// SHA-256 over all of `inputs`; a run whose inputs changed is run again.
    pub inputs_sha256: String,
    /// With what it was made and where, as far as that is no input.
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

/// When a run is given up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Wall time from the launch.
    pub timeout_ms: Option<u64>,
    /// Time without any change in the database.
    pub stall_ms: Option<u64>,
    /// What one agent may cost, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_cost_usd: Option<f64>,
    /// What the run's agents may cost together, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_cost_usd: Option<f64>,
    /// What all runs of the experiment may cost together, earlier attempts included, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment_cost_usd: Option<f64>,
    /// Tokens that one agent may use, in and out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_tokens: Option<u64>,
    /// Tokens that the run's agents may use together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_tokens: Option<u64>,
    /// Tokens that all runs of the experiment may use together, earlier attempts included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment_tokens: Option<u64>,
}

/// What the manifest wants shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// Metrics, in this order; empty means the report's own choice.
    pub metrics: Vec<String>,
    /// What those of `metrics` mean that the user defined.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own_metrics: Vec<OwnMetric>,
    /// All arms, in the manifest's order: the one they are shown in, whatever order they were run in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<String>,
    /// The metric on which a verdict rests.
    pub primary: Option<String>,
    /// The arm the others are compared with.
    pub baseline: Option<String>,
    /// What each arm's mean must come to, by metric: `>= 80` ([`crate::Criterion`]).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub success: BTreeMap<String, String>,
}

/// `instantiate`: the database that was made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instantiate {
    /// Path of the run's database.
    pub db: String,
    /// Tasks, containers included.
    pub tasks: u64,
    /// `follows` and `blocks` edges.
    pub ordering_deps: u64,
    /// The host's version.
    pub host: String,
    /// `created_at` of all tasks when they were written.
    pub created_at_ms: i64,
    /// Where the program of the run's `command` is on this machine, if the manifest names it by a path of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// `launch`: the agents that were started, or are to be connected by hand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Launch {
    /// In the order they were started.
    pub agents: Vec<Agent>,
    /// The moment before the first agent was started; the tasks' `created_at` is set to it.
    pub started_at_ms: i64,
    /// The moment from which the run's time is counted (its start, or the opening of its start gate), on a clock that
    /// nobody can set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<crate::time::Boot>,
    /// When the start gate was opened, if the run has one: all clocks start then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at_ms: Option<i64>,
    /// How many runs were allowed to share the machine, this one included (`-j`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side_by_side: Option<u32>,
    /// Nobody was started: a person connects the agents.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub manual: bool,
}

/// One agent of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// Worker id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: String,
    /// Tags it connects with.
    pub tags: Vec<String>,
}

/// `wait`: how the run ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wait {
    /// `completed`, `failed_tasks`, `timeout`, `stalled`, `budget`, `agents_gone`, `never_connected`, `cancelled`, `infra`.
    pub outcome: String,
    /// What it was told from, in a few words: `run_cost_usd 5.02 of 5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The limit that was reached, where the outcome is `budget`: `run_cost_usd`; none where it was each agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Tasks in scope by state.
    pub states: BTreeMap<String, u64>,
    /// Last terminal change if all tasks are terminal, else the moment of decision.
    pub ended_at_ms: i64,
    /// What the manifest's verify command said, if there is one and it was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
    /// Tasks that were not over, the first ten of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
}

/// What a verify command said of the work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verify {
    /// It exited 0.
    pub passed: bool,
    /// The last line of its output, where that is a number.
    pub score: Option<f64>,
    /// Its exit status, or `timeout`.
    pub exit: String,
}

impl Wait {
    /// Whether the machinery failed and not the agents: what `retries` of a manifest is for.
    pub fn is_machinery(outcome: &str) -> bool {
        matches!(outcome, "infra" | "never_connected")
    }

    /// Whether the outcome says nothing about the agents, because the machinery failed or none of them ever began: such a
    /// run is run again by the same command.
    pub fn is_void(outcome: &str) -> bool {
        matches!(outcome, "cancelled" | "infra" | "never_connected")
    }

    /// Whether the budget of the whole experiment cut the run off. That says nothing about the agents either: other runs may
    /// have spent it. Such a run is run again by the same command once there is money again.
    pub fn is_cut_off(&self) -> bool {
        let limit = self.limit.as_deref().unwrap_or_default();
        self.outcome == "budget" && limit.starts_with("experiment_")
    }

    /// Whether the run says nothing about the agents: it is void, or was cut off.
    pub fn says_nothing(&self) -> bool {
        Self::is_void(&self.outcome) || self.is_cut_off()
    }
}

/// `export`: the snapshot that was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Export {
    /// The snapshot file.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
}
