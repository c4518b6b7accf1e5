//! Computing: arms from rows, summaries from arms, ratios from two arms.
//!
//! The unit is the run; nothing inside a run is counted as a sample of its own. Which runs enter a mean is the metric's
//! ([`Over`]), so that a run cut off by a limit never passes for a fast or slow one. What is undefined is kept with its
//! reason, not as a number. Nothing is read or printed here.

use crate::columns::Column;
use crate::constants;
use crate::data::{Data, Row, Warning, list};
use crate::metric::{self, COST, Over, WALL};
use crate::stats::{Summary, geometric_mean, smallest_rank_p, summary, values_needed};
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::{Error, Result, Wait};

/// The p that a comparison is expected to be able to reach.
pub const ALPHA: f64 = 0.05;

/// All that a report says.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// Experiments, templates and host versions, each in order of appearance.
    pub experiments: Vec<&'a str>,
    /// See `experiments`.
    pub templates: Vec<&'a str>,
    /// See `experiments`.
    pub hosts: Vec<&'a str>,
    /// The metrics compared.
    pub columns: Vec<Column>,
    /// The baseline first, then in order of appearance.
    pub arms: Vec<Arm<'a>>,
    /// Why the first arm is the baseline.
    pub baseline_by: &'static str,
    /// What ranks cannot show with this many runs.
    pub floor: Option<Floor>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

/// One configuration and what its runs come to.
#[derive(Debug)]
pub struct Arm<'a> {
    /// The arm's name; with the experiment before it where there are several.
    pub label: String,
    /// By replicate, then id.
    pub runs: Vec<&'a Row>,
    /// Completed runs.
    pub completed: usize,
    /// One for each column; `None` where no run has a value.
    pub cells: Vec<Option<Summary>>,
    /// Against the baseline.
    pub ratios: Ratios,
}

/// A quotient, or why there is none.
pub type Ratio = Result<f64, String>;

/// An arm against the baseline; above 1 is faster, dearer, and better use of each agent.
#[derive(Debug)]
pub struct Ratios {
    /// Wall clock of the baseline / of the arm.
    pub speedup: Ratio,
    /// Cost of the arm / of the baseline.
    pub cost: Ratio,
    /// Speedup x agents of the baseline / of the arm.
    pub efficiency: Ratio,
}

/// The limit that few runs set to every rank test.
#[derive(Debug)]
pub struct Floor {
    /// Pairs of (arms' names, completed runs of the arm, of the baseline, smallest two-sided p), where it is above alpha.
    pub pairs: Vec<(Vec<String>, usize, usize, f64)>,
    /// Runs per arm with which one comparison can reach alpha.
    pub needed: usize,
    /// How many comparisons there are, and the runs per arm with which each can reach alpha under Holm's correction.
    pub needed_by_all: (usize, usize),
}

/// Compare the arms in `data` on `columns`, with the arm named `baseline` if one is asked for.
pub fn compare<'a>(
    data: &'a Data,
    columns: Vec<Column>,
    baseline: Option<&str>,
) -> Result<Comparison<'a>> {
    let experiments = distinct(data.runs.iter().map(|row| row.run.experiment.as_str()));
    let mut arms = arms(data, experiments.len() > 1);
    let (at, baseline_by) = choose_baseline(&arms, baseline)?;
    arms[..=at].rotate_right(1);
    for at in 0..arms.len() {
        arms[at].cells = columns
            .iter()
            .map(|column| summary(&arms[at].values(&column.name)))
            .collect();
        arms[at].ratios = ratios(&arms[0], &arms[at]);
    }
    let mut warnings = data.warnings.clone();
    warnings.extend(constants::warnings(&arms));
    warnings.extend(unknown_outcomes(&arms));
    warnings.extend(metrics_own(&data.runs));
    Ok(Comparison {
        templates: distinct(data.runs.iter().map(|row| row.run.template.as_str())),
        hosts: distinct(data.runs.iter().filter_map(|row| row.host.as_deref())),
        floor: floor(&arms),
        experiments,
        columns,
        arms,
        baseline_by,
        warnings,
    })
}

/// What is there and not empty, in order of appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    names
        .filter(|name| !name.is_empty() && seen.insert(*name))
        .collect()
}

/// Rows by experiment and arm.
fn arms(data: &Data, several: bool) -> Vec<Arm<'_>> {
    let mut arms: Vec<Arm> = Vec::new();
    let mut place = BTreeMap::new();
    for row in &data.runs {
        let run = &row.run;
        let at = *place
            .entry((&run.experiment, &run.arm))
            .or_insert(arms.len());
        if at == arms.len() {
            let label = if several {
                format!("{}/{}", run.experiment, run.arm)
            } else {
                run.arm.clone()
            };
            let undefined = || Err(String::new());
            let ratios = Ratios {
                speedup: undefined(),
                cost: undefined(),
                efficiency: undefined(),
            };
            arms.push(Arm {
                label,
                runs: Vec::new(),
                completed: 0,
                cells: Vec::new(),
                ratios,
            });
        }
        arms[at].runs.push(row);
    }
    for arm in &mut arms {
        arm.runs.sort_by_key(|row| (row.run.replicate, &row.run.id));
        arm.completed = arm.runs.iter().filter(|row| row.is_completed()).count();
    }
    arms
}

impl Arm<'_> {
    /// The values of a metric that enter its mean, in the order of the runs.
    pub fn values(&self, metric: &str) -> Vec<f64> {
        let over = metric::kind(metric).over;
        self.runs
            .iter()
            .filter(|row| enters(row, over))
            .filter_map(|row| row.value(metric))
            .collect()
    }

    /// How many runs enter a metric's mean if they have a value.
    pub fn entering(&self, over: Over) -> usize {
        self.runs.iter().filter(|row| enters(row, over)).count()
    }

    /// The number of agents, if it is known and the same in all runs.
    pub fn agents(&self) -> Option<u32> {
        let agents = self.runs.first()?.run.agents;
        (agents > 0 && self.runs.iter().all(|row| row.run.agents == agents)).then_some(agents)
    }

    /// Runs without a real agent.
    pub fn simulated(&self) -> usize {
        self.runs.iter().filter(|row| row.run.simulated).count()
    }
}

fn enters(row: &Row, over: Over) -> bool {
    match over {
        Over::Completed => row.is_completed(),
        Over::Ended => !Wait::is_void(&row.outcome),
    }
}

/// Which arm the others are compared with, and who said so.
fn choose_baseline(arms: &[Arm], asked: Option<&str>) -> Result<(usize, &'static str)> {
    let named = |name: &str| {
        let is_it =
            move |arm: &Arm| arm.label == name || arm.runs.iter().any(|row| row.run.arm == name);
        (0..arms.len()).filter(move |at| is_it(&arms[*at]))
    };
    if let Some(name) = asked {
        let all = || list(arms.iter().map(|arm| arm.label.clone()).collect());
        let mut found = named(name);
        return match (found.next(), found.next()) {
            (Some(at), None) => Ok((at, "--baseline")),
            (None, _) => Err(Error::usage(
                format!("--baseline {name}"),
                format!("no such arm; the arms are {}", all()),
            )),
            _ => Err(Error::usage(
                format!("--baseline {name}"),
                format!("is in several experiments: {}", all()),
            )),
        };
    }
    let mut manifests = arms
        .iter()
        .flat_map(|arm| &arm.runs)
        .filter_map(|row| row.run.report.baseline.as_deref());
    let by_manifest = manifests
        .find_map(|name| named(name).next())
        .map(|at| (at, "named in the manifest"));
    let solo = || named("solo").next().map(|at| (at, "the arm called solo"));
    Ok(by_manifest.or_else(solo).unwrap_or((0, "the first arm")))
}

/// Ratios of geometric means over positive values.
fn ratios(baseline: &Arm, arm: &Arm) -> Ratios {
    let speedup = quotient(baseline, arm, WALL);
    let efficiency = speedup.clone().and_then(|speedup| {
        let agents = |arm: &Arm| {
            arm.agents()
                .ok_or_else(|| format!("the agents of {} are unknown or vary", arm.label))
        };
        Ok(speedup * f64::from(agents(baseline)?) / f64::from(agents(arm)?))
    });
    let cost = same_source(baseline, arm).and_then(|()| quotient(arm, baseline, COST));
    Ratios {
        speedup,
        cost,
        efficiency,
    }
}

fn quotient(above: &Arm, below: &Arm, metric: &str) -> Ratio {
    let mean = |arm: &Arm| {
        geometric_mean(&arm.values(metric))
            .ok_or_else(|| format!("no run of {} has a positive {metric}", arm.label))
    };
    let quotient = mean(above)? / mean(below)?;
    if quotient.is_finite() {
        Ok(quotient)
    } else {
        Err(format!("the quotient of {metric} is out of range"))
    }
}

/// Costs are comparable if they come from one source; a record that names none is taken at its word.
fn same_source(a: &Arm, b: &Arm) -> Result<(), String> {
    let sources = [a, b]
        .into_iter()
        .flat_map(|arm| &arm.runs)
        .filter(|row| row.value(COST).is_some());
    let sources: BTreeSet<&str> = sources
        .filter_map(|row| row.cost_source.as_deref())
        .collect();
    if sources.len() < 2 {
        return Ok(());
    }
    let sources: Vec<&str> = sources.into_iter().collect();
    Err(format!(
        "the costs come from different sources ({})",
        sources.join(", ")
    ))
}

/// What an exact rank test of each arm against the baseline can give at best, where that is above alpha.
fn floor(arms: &[Arm]) -> Option<Floor> {
    let (baseline, others) = arms.split_first()?;
    let mut pairs: Vec<(Vec<String>, usize, usize, f64)> = Vec::new();
    for arm in others {
        let p = smallest_rank_p(arm.completed, baseline.completed);
        match pairs.iter_mut().find(|pair| pair.1 == arm.completed) {
            Some(pair) => pair.0.push(arm.label.clone()),
            None if p > ALPHA => pairs.push((
                vec![arm.label.clone()],
                arm.completed,
                baseline.completed,
                p,
            )),
            None => {}
        }
    }
    let comparisons = others.len();
    let needed_by_all = (
        comparisons,
        values_needed(ALPHA / comparisons.max(1) as f64),
    );
    (!pairs.is_empty()).then(|| Floor {
        pairs,
        needed: values_needed(ALPHA),
        needed_by_all,
    })
}

fn unknown_outcomes(arms: &[Arm]) -> Option<Warning> {
    let runs = arms.iter().flat_map(|arm| &arm.runs);
    let names: Vec<String> = runs
        .filter(|row| row.end() == "unknown")
        .map(|row| row.run.id.clone())
        .collect();
    (!names.is_empty()).then(|| Warning {
        kind: "no_outcome",
        message: format!(
            "no record says how these runs ended, so they do not count as completed (tg-wait writes it): {}",
            list(names)
        ),
    })
}

/// What `tg-metrics` noted, by kind.
fn metrics_own(rows: &[Row]) -> Option<Warning> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, count) in rows.iter().flat_map(|row| &row.warned) {
        *counts.entry(kind).or_default() += count;
    }
    let runs = rows.iter().filter(|row| !row.warned.is_empty()).count();
    let total: u64 = counts.values().sum();
    let kinds: Vec<String> = counts
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    let (kinds, notes) = (kinds.join(", "), if total == 1 { "note" } else { "notes" });
    let runs = if runs == 1 {
        "1 run".to_owned()
    } else {
        format!("{runs} runs")
    };
    (total > 0).then(|| Warning {
        kind: "metrics",
        message: format!("tg-metrics left {total} {notes} on {runs}: {kinds}"),
    })
}
