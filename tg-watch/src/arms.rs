//! An experiment as it is shown: its arms, how many of their runs are where, what it has cost, how long it may take yet.

use crate::reports::Report;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::Limits;
use tg_stage::rundir::{self, Phase, RunDir};
use tg_stage::spent::Total;

/// An experiment, now.
#[derive(Debug, Serialize)]
pub struct Experiment<'a> {
    name: &'a str,
    /// Its runs by phase.
    phases: BTreeMap<Phase, u64>,
    arms: Vec<Arm>,
    /// What all its runs cost, earlier attempts included, in USD; a lower bound where some do not say.
    cost_usd: Option<f64>,
    /// Tokens of all its runs, earlier attempts included.
    tokens: Option<i64>,
    /// What it may cost, in USD.
    budget_usd: Option<f64>,
    /// How many tokens it may use.
    budget_tokens: Option<u64>,
    /// Whether all of it is simulated.
    simulated: bool,
    reports: &'a [Report],
}

/// A configuration and its runs.
#[derive(Debug, Default, Serialize)]
struct Arm {
    name: String,
    workflow: String,
    runs: u64,
    phases: BTreeMap<Phase, u64>,
    /// How those that are over ended.
    outcomes: BTreeMap<String, u64>,
    cost_usd: Option<f64>,
    tokens: Option<i64>,
    /// How long its completed runs took in the mean, in milliseconds; null where there are none.
    mean_ms: Option<i64>,
    /// How long what is left of it would take one after the other at that pace, in milliseconds.
    left_ms: Option<i64>,
    #[serde(skip)]
    took: Vec<i64>,
}

impl<'a> Experiment<'a> {
    /// The experiment of `runs`, and of those `planned` that are not made yet; `spent` is what it has cost with all earlier
    /// attempts.
    pub fn new<'r>(
        name: &'a str,
        runs: impl Iterator<Item = &'r RunDir>,
        planned: &[String],
        spent: Total,
        reports: &'a [Report],
    ) -> Self {
        let mut experiment = Self {
            name,
            phases: BTreeMap::new(),
            arms: Vec::new(),
            cost_usd: spent.cost_usd,
            tokens: spent.tokens,
            budget_usd: None,
            budget_tokens: None,
            simulated: true,
            reports,
        };
        let mut made = BTreeSet::new();
        for run in runs {
            experiment.take(run);
            made.insert(run.run.as_str());
        }
        for run in planned.iter().filter(|run| !made.contains(run.as_str())) {
            experiment.take(&RunDir {
                arm: rundir::arm_of(run).into(),
                simulated: experiment.simulated,
                ..RunDir::default()
            });
        }
        let all: Total = experiment.arms.iter().map(Arm::total).sum();
        if spent == Total::default() {
            (experiment.cost_usd, experiment.tokens) = (all.cost_usd, all.tokens);
        }
        for arm in &mut experiment.arms {
            arm.estimate();
        }
        experiment
    }

    fn take(&mut self, run: &RunDir) {
        *self.phases.entry(run.phase).or_default() += 1;
        self.simulated &= run.simulated || run.phase == Phase::Unreadable;
        let Limits {
            experiment_cost_usd,
            experiment_tokens,
            ..
        } = run.limits;
        self.budget_usd = self.budget_usd.or(experiment_cost_usd);
        self.budget_tokens = self.budget_tokens.or(experiment_tokens);
        let place = self.arms.iter().position(|arm| arm.name == run.arm);
        let place = place.unwrap_or_else(|| {
            self.arms.push(Arm {
                name: run.arm.clone(),
                workflow: run.workflow.clone(),
                ..Arm::default()
            });
            self.arms.len() - 1
        });
        self.arms[place].take(run);
    }
}

impl Arm {
    fn take(&mut self, run: &RunDir) {
        self.runs += 1;
        *self.phases.entry(run.phase).or_default() += 1;
        if let Some(outcome) = &run.outcome {
            *self.outcomes.entry(outcome.clone()).or_default() += 1;
        }
        let both = [
            self.total(),
            Total {
                cost_usd: run.cost_usd,
                tokens: run.tokens,
            },
        ];
        let sum: Total = both.into_iter().sum();
        (self.cost_usd, self.tokens) = (sum.cost_usd, sum.tokens);
        match (run.phase, run.started_at_ms, run.ended_at_ms) {
            (Phase::Ended, Some(start), Some(end))
                if run.outcome.as_deref() == Some("completed") =>
            {
                self.took.push((end - start).max(0));
            }
            _ => {}
        }
    }

    fn total(&self) -> Total {
        Total {
            cost_usd: self.cost_usd,
            tokens: self.tokens,
        }
    }

    fn estimate(&mut self) {
        if self.took.is_empty() {
            return;
        }
        let mean = self.took.iter().sum::<i64>() / self.took.len() as i64;
        let count = |phase| self.phases.get(&phase).copied().unwrap_or(0) as i64;
        self.mean_ms = Some(mean);
        self.left_ms = Some(mean * (count(Phase::Waiting) + count(Phase::Running)));
    }
}
