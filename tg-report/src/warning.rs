//! Warnings: facts that a reader needs before trusting the numbers. Their sentences are written in `output::warnings`.

use crate::arm::Arm;
use crate::columns::ChosenBy;
use crate::confounders::Confounder;
use crate::row::{Ending, RunRow};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
pub enum Warning {
    /// Runs that came more than once, each with its number of records.
    Duplicate(Vec<(String, usize)>),
    /// Planned runs that have no result. The experiment is named only if there are several.
    NotRun {
        experiment: Option<String>,
        missing: Vec<String>,
        planned: usize,
    },
    /// Runs left out by `--where`.
    LeftOut { left_out: usize, all: usize },
    /// Records of other types than `run`.
    OtherType(usize),
    /// The manifest's baseline has no runs; another arm was chosen.
    NoBaseline { name: String, by: ChosenBy },
    /// A key that should be constant and varies.
    Confounder(Confounder),
    /// A slot that holds different things in different runs.
    Slot { slot: String, names: Vec<String> },
    /// A custom metric with different filters in different runs, measured before and after a change.
    CustomMetric(String),
    /// Runs on disk that the manifest no longer has. They are compared.
    NotInManifest(Vec<String>),
    /// Arms that ran apart from the baseline in time; true for those that ran after it.
    NotInterleaved {
        arms: Vec<(String, bool)>,
        baseline: String,
    },
    /// Runs whose outcome no stage reported.
    NoOutcome(Vec<String>),
    /// Kinds of warnings of `tg-metrics`, with their counts, in so many runs.
    Metrics {
        kinds: Vec<(String, u64)>,
        runs: usize,
    },
}

/// The name that `tg-metrics` gives to runs that the manifest no longer has.
const NOT_IN_MANIFEST: &str = "not_in_manifest";

/// Two arms count as run one after the other from this Cliff's delta of their start times on.
const APART: f64 = 0.8;

impl Warning {
    /// One word for machines.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Duplicate(_) => "duplicate",
            Self::NotRun { .. } => "not_run",
            Self::LeftOut { .. } => "where",
            Self::OtherType(_) => "other_type",
            Self::NoBaseline { .. } => "no_baseline",
            Self::Confounder(confounder) if confounder.is_in_arm() => "varies_in_arm",
            Self::Confounder(_) => "varies_between_arms",
            Self::Slot { .. } => "varies_in_slots",
            Self::CustomMetric(_) => "varies_in_metrics",
            Self::NotInManifest(_) => NOT_IN_MANIFEST,
            Self::NotInterleaved { .. } => "not_interleaved",
            Self::NoOutcome(_) => "no_outcome",
            Self::Metrics { .. } => "metrics",
        }
    }
}

/// The warnings about the runs compared, apart from those about the baseline and the confounders.
pub fn of_runs(rows: &[RunRow], arms: &[Arm]) -> Vec<Warning> {
    let mut warnings = slots(rows);
    warnings.extend(custom_metrics(rows));
    warnings.extend(not_in_manifest(rows));
    warnings.extend(not_interleaved(arms));
    warnings.extend(no_outcome(arms));
    warnings.extend(of_metrics(rows));
    warnings
}

/// Keys that have several values over all runs.
fn mixed<'a>(
    pairs: impl Iterator<Item = (&'a String, &'a String)>,
) -> impl Iterator<Item = (String, Vec<String>)> {
    let mut all: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (key, value) in pairs {
        all.entry(key).or_default().insert(value);
    }
    let mixed = all.into_iter().filter(|(_, values)| values.len() > 1);
    mixed.map(|(key, values)| (key.clone(), values.into_iter().cloned().collect()))
}

fn slots(rows: &[RunRow]) -> Vec<Warning> {
    let mixed = mixed(rows.iter().flat_map(|row| &row.run.slots));
    mixed
        .map(|(slot, names)| Warning::Slot { slot, names })
        .collect()
}

fn custom_metrics(rows: &[RunRow]) -> Vec<Warning> {
    let metrics = rows.iter().flat_map(|row| &row.run.report.own_metrics);
    let mixed = mixed(metrics.map(|metric| (&metric.name, &metric.jq)));
    mixed.map(|(name, _)| Warning::CustomMetric(name)).collect()
}

fn not_in_manifest(rows: &[RunRow]) -> Option<Warning> {
    let has = |row: &&RunRow| row.warned.iter().any(|(kind, _)| kind == NOT_IN_MANIFEST);
    let ids = rows.iter().filter(has).map(|row| row.run.id.clone());
    let ids: Vec<String> = ids.collect();
    (!ids.is_empty()).then_some(Warning::NotInManifest(ids))
}

/// Arms that did not run beside each other in time: drift (a machine that warms up, a provider whose load changes) looks
/// like a difference between them.
///
/// Measured by Cliff's delta of the start times, -1 if all runs of one arm began before all of the other. In blocks of one
/// run each, in any order, it stays within a half from two blocks on.
fn not_interleaved(arms: &[Arm]) -> Option<Warning> {
    let (baseline, others) = arms.split_first()?;
    let apart = others.iter().filter_map(|arm| {
        let delta = delta(&starts(baseline), &starts(arm))?;
        (delta.abs() >= APART).then(|| (arm.label.clone(), delta > 0.0))
    });
    let arms: Vec<(String, bool)> = apart.collect();
    (!arms.is_empty()).then(|| Warning::NotInterleaved {
        arms,
        baseline: baseline.label.clone(),
    })
}

fn starts(arm: &Arm) -> Vec<i64> {
    let starts = arm.runs.iter().filter_map(|row| row.started_at_ms);
    starts.collect()
}

/// The share of pairs in which `later` is larger less the share in which it is smaller; `None` below two runs each.
fn delta(first: &[i64], later: &[i64]) -> Option<f64> {
    if first.len() < 2 || later.len() < 2 {
        return None;
    }
    let signs = |a: &i64| later.iter().map(|b| (b - a).signum()).sum::<i64>();
    let sum: i64 = first.iter().map(signs).sum();
    Some(sum as f64 / (first.len() * later.len()) as f64)
}

fn no_outcome(arms: &[Arm]) -> Option<Warning> {
    let rows = arms.iter().flat_map(|arm| &arm.runs);
    let unknown = rows.filter(|row| row.ending == Ending::Unknown);
    let ids: Vec<String> = unknown.map(|row| row.run.id.clone()).collect();
    (!ids.is_empty()).then_some(Warning::NoOutcome(ids))
}

fn of_metrics(rows: &[RunRow]) -> Option<Warning> {
    let mut counts: BTreeMap<&String, u64> = BTreeMap::new();
    let mut runs = 0;
    for row in rows {
        let kinds = row.warned.iter();
        let mut kinds = kinds.filter(|(kind, _)| kind != NOT_IN_MANIFEST).peekable();
        runs += usize::from(kinds.peek().is_some());
        for (kind, count) in kinds {
            let total = counts.entry(kind).or_default();
            *total = total.saturating_add(*count);
        }
    }
    let kinds = counts.into_iter().map(|(kind, n)| (kind.clone(), n));
    (runs > 0).then(|| Warning::Metrics {
        kinds: kinds.collect(),
        runs,
    })
}
