//! Scaling: throughput over the number of agents, a curve for each configuration, and the crossings of the curves.
//!
//! Runs belong to one curve if the names of their arms differ only in the `-n<agents>` that an experiment over agent counts
//! puts at the end. Throughput is the primary metric if its unit is one per hour; else points per hour if templates
//! differ (a task of one is not a task of the other), else tasks per hour.

use crate::columns::Column;
use crate::row::RunRow;
use crate::stats::curve::{Crossing, Fit, Model, NoFit, crossings, fit};
use crate::stats::{Summary, describe};
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::metric::{self, Unit};

/// The scaling of all configurations that ran with several numbers of agents.
#[derive(Debug)]
pub struct Scaling {
    /// The metric that measures throughput; its unit is 1/h.
    pub metric: &'static str,
    /// One for each configuration, in order of appearance.
    pub curves: Vec<ScalingCurve>,
    /// One for each two curves.
    pub crossovers: Vec<Crossover>,
}

/// One configuration's throughput by number of agents.
#[derive(Debug)]
pub struct ScalingCurve {
    /// The arms' common name.
    pub label: String,
    /// By number of agents, ascending; completed runs only.
    pub points: Vec<ScalingPoint>,
    /// Amdahl's law through all runs.
    pub amdahl: Result<Fit, NoFit>,
    /// The Universal Scalability Law through all runs.
    pub usl: Result<Fit, NoFit>,
}

/// The throughput of one number of agents.
#[derive(Debug)]
pub struct ScalingPoint {
    /// The number of agents, including the coordinator.
    pub agents: u32,
    /// Each run's throughput, in the order of the runs.
    pub values: Vec<f64>,
    pub summary: Summary,
}

/// The crossings of two curves.
#[derive(Debug)]
pub struct Crossover {
    /// Place of the first curve.
    pub one: usize,
    /// Place of the second.
    pub other: usize,
    /// The law whose fits are compared: the richest that both have; `None` without a fit of both.
    pub model: Option<Model>,
    /// Ascending; empty if none is in range.
    pub crossings: Vec<Crossing>,
}

impl ScalingCurve {
    /// The richest law that could be fitted.
    pub fn best(&self) -> Option<&Fit> {
        self.usl.as_ref().or(self.amdahl.as_ref()).ok()
    }

    fn fit(&self, model: Model) -> Option<&Fit> {
        match model {
            Model::Amdahl => self.amdahl.as_ref().ok(),
            Model::Usl => self.usl.as_ref().ok(),
        }
    }
}

/// The scaling in `rows`; `None` if no configuration ran with several numbers of agents.
pub fn scaling(rows: &[RunRow], primary: &Column) -> Option<Scaling> {
    let metric = throughput(rows, primary);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<(String, BTreeMap<u32, Vec<&RunRow>>)> = Vec::new();
    let counted = |row: &&RunRow| row.run.agents > 0 && row.run.null_of.is_none();
    for row in rows.iter().filter(counted) {
        let label = label(row);
        let place = *places.entry(label.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((label, BTreeMap::new()));
        }
        let runs = groups[place].1.entry(row.run.agents).or_default();
        runs.push(row);
    }
    let curves = groups.into_iter().map(|group| curve(group, metric));
    let curves: Vec<ScalingCurve> = curves.filter(|curve| curve.points.len() > 1).collect();
    (!curves.is_empty()).then(|| Scaling {
        metric,
        crossovers: crossovers(&curves),
        curves,
    })
}

fn throughput(rows: &[RunRow], primary: &Column) -> &'static str {
    let own = metric::named(&primary.name).filter(|_| primary.kind.unit == Unit::PerHour);
    let templates = rows.iter().map(|row| &row.run.template);
    let several = templates.collect::<BTreeSet<_>>().len() > 1;
    own.unwrap_or(if several {
        "points_per_hour"
    } else {
        "tasks_per_hour"
    })
}

/// The arm's name without its number of agents.
fn label(row: &RunRow) -> String {
    let end = format!("-n{}", row.run.agents);
    let arm = row.run.arm.strip_suffix(&end).unwrap_or(&row.run.arm);
    arm.to_owned()
}

fn curve((label, groups): (String, BTreeMap<u32, Vec<&RunRow>>), metric: &str) -> ScalingCurve {
    let mut points = Vec::new();
    let mut runs = Vec::new();
    for (agents, mut rows) in groups {
        rows.sort_by_key(|row| (row.run.replicate, &row.run.id));
        let completed = rows.iter().filter(|row| row.is_completed());
        let values: Vec<f64> = completed.filter_map(|row| row.value(metric)).collect();
        runs.extend(values.iter().map(|value| (agents, *value)));
        if let Some(summary) = describe(&values) {
            points.push(ScalingPoint {
                agents,
                values,
                summary,
            });
        }
    }
    ScalingCurve {
        label,
        points,
        amdahl: fit(&runs, Model::Amdahl),
        usl: fit(&runs, Model::Usl),
    }
}

fn crossovers(curves: &[ScalingCurve]) -> Vec<Crossover> {
    let mut all = Vec::new();
    for one in 0..curves.len() {
        for other in one + 1..curves.len() {
            let fits = |model| Some((curves[one].fit(model)?, curves[other].fit(model)?, model));
            let fits = fits(Model::Usl).or_else(|| fits(Model::Amdahl));
            all.push(Crossover {
                one,
                other,
                model: fits.map(|fits| fits.2),
                crossings: fits.map_or_else(Vec::new, |(one, other, _)| crossings(one, other)),
            });
        }
    }
    all
}
