//! An experiment as the page and `/api` show it: its arms with the phases of their runs, its cost, and the time left.

use crate::reports::Report;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::spent::Total;
use tg_stage::{Limits, Outcome, Phase, RunStatus, arm_of_run};

/// An experiment at this moment.
#[derive(Debug, Serialize)]
pub struct ExperimentView<'a> {
    name: &'a str,
    /// Runs by phase.
    phases: BTreeMap<Phase, u64>,
    arms: Vec<ArmView>,
    /// Cost of all runs including earlier attempts, in USD; a lower bound if some agents do not report theirs.
    cost_usd: Option<f64>,
    /// Tokens of all runs including earlier attempts.
    tokens: Option<i64>,
    /// Limit on the cost, in USD.
    budget_usd: Option<f64>,
    /// Limit on the tokens.
    budget_tokens: Option<u64>,
    /// True if all agents are simulated.
    simulated: bool,
    reports: &'a [Report],
}

/// A configuration and its runs.
#[derive(Debug, Default, Serialize)]
struct ArmView {
    name: String,
    workflow: String,
    runs: u64,
    phases: BTreeMap<Phase, u64>,
    /// Runs that ended, by outcome.
    outcomes: BTreeMap<String, u64>,
    cost_usd: Option<f64>,
    tokens: Option<i64>,
    /// Mean duration of the completed runs, in milliseconds; null if there is none.
    mean_ms: Option<i64>,
    /// Estimated duration of the remaining runs one after the other, in milliseconds.
    left_ms: Option<i64>,
    #[serde(skip)]
    durations_ms: Vec<i64>,
}

impl<'a> ExperimentView<'a> {
    /// The experiment of `runs`, and of those `planned` that are not made yet; `spent` includes all earlier attempts.
    pub fn new<'r>(
        name: &'a str,
        runs: impl Iterator<Item = &'r RunStatus>,
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
            experiment.add(run);
            made.insert(run.run.as_str());
        }
        for run in planned.iter().filter(|run| !made.contains(run.as_str())) {
            experiment.add(&RunStatus {
                arm: arm_of_run(run).into(),
                simulated: experiment.simulated,
                ..RunStatus::default()
            });
        }
        let all: Total = experiment.arms.iter().map(ArmView::total).sum();
        if spent == Total::default() {
            (experiment.cost_usd, experiment.tokens) = (all.cost_usd, all.tokens);
        }
        experiment.arms.iter_mut().for_each(ArmView::estimate);
        experiment
    }

    fn add(&mut self, run: &RunStatus) {
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
            self.arms.push(ArmView {
                name: run.arm.clone(),
                workflow: run.workflow.clone(),
                ..ArmView::default()
            });
            self.arms.len() - 1
        });
        self.arms[place].add(run);
    }
}

impl ArmView {
    fn add(&mut self, run: &RunStatus) {
        self.runs += 1;
        *self.phases.entry(run.phase).or_default() += 1;
        if let Some(outcome) = &run.outcome {
            *self.outcomes.entry(outcome.to_string()).or_default() += 1;
        }
        let (cost_usd, tokens) = (run.cost_usd, run.tokens);
        let sum: Total = [self.total(), Total { cost_usd, tokens }].into_iter().sum();
        (self.cost_usd, self.tokens) = (sum.cost_usd, sum.tokens);
        let is_completed = run.phase == Phase::Ended && run.outcome == Some(Outcome::Completed);
        let times = run.started_at_ms.zip(run.ended_at_ms);
        let duration = times
            .filter(|_| is_completed)
            .map(|(start, end)| end - start);
        self.durations_ms.extend(duration.map(|ms| ms.max(0)));
    }

    fn total(&self) -> Total {
        Total {
            cost_usd: self.cost_usd,
            tokens: self.tokens,
        }
    }

    fn estimate(&mut self) {
        let count = |phase| self.phases.get(&phase).copied().unwrap_or(0) as i64;
        let left = count(Phase::Waiting) + count(Phase::Running);
        if !self.durations_ms.is_empty() {
            let mean = self.durations_ms.iter().sum::<i64>() / self.durations_ms.len() as i64;
            (self.mean_ms, self.left_ms) = (Some(mean), Some(mean * left));
        }
    }
}
