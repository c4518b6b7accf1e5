//! The key ratios of an arm to the baseline: speedup, cost ratio, efficiency.
//!
//! Each is a ratio of geometric means with its 95 % interval; it need not match the arithmetic means beside it. An
//! undefined ratio is kept with its reason, not as a number.

use crate::arm::{Arm, enters};
use crate::stats::{self, ratio};
use std::collections::BTreeSet;
use tg_stage::metric::{self, COST, WALL};

/// A quotient with its interval, or the reason for its absence.
pub type Ratio = Result<stats::Ratio, NoRatio>;

/// The reason for the absence of a ratio. Arms are named by their labels.
#[derive(Debug, Clone, PartialEq)]
pub enum NoRatio {
    /// No run of this arm that counts has a positive value of the metric.
    NonePositive {
        arm: String,
        metric: &'static str,
    },
    /// A run of this arm has a value of the metric that is not positive.
    NotPositive {
        arm: String,
        metric: &'static str,
    },
    OutOfRange(&'static str),
    /// The number of agents of this arm is unknown or varies.
    Agents(String),
    /// The costs come from several sources.
    CostSources(Vec<String>),
}

/// An arm against the baseline; above 1 is faster, dearer, and more from each agent.
#[derive(Debug)]
pub struct Ratios {
    /// Wall clock of the baseline / of the arm.
    pub speedup: Ratio,
    /// Cost of the arm / of the baseline.
    pub cost: Ratio,
    /// Speedup x agents of the baseline / of the arm.
    pub efficiency: Ratio,
}

impl Ratios {
    pub fn new(baseline: &Arm, arm: &Arm) -> Self {
        let speedup = quotient(baseline, arm, WALL).map(stats::Ratio::inverse);
        let efficiency = speedup.clone().and_then(|speedup| {
            Ok(speedup.times(f64::from(agents(baseline)?) / f64::from(agents(arm)?)))
        });
        let cost = same_source(baseline, arm).and_then(|()| quotient(baseline, arm, COST));
        Self {
            speedup,
            cost,
            efficiency,
        }
    }

    /// All of them, with their names for people.
    pub fn named(&self) -> [(&'static str, &Ratio); 3] {
        [
            ("speedup", &self.speedup),
            ("cost ratio", &self.cost),
            ("efficiency", &self.efficiency),
        ]
    }
}

/// The metric of the arm over that of the baseline.
fn quotient(baseline: &Arm, arm: &Arm, metric: &'static str) -> Ratio {
    let (below, above) = (positive(baseline, metric)?, positive(arm, metric)?);
    ratio(&below, &above).ok_or(NoRatio::OutOfRange(metric))
}

/// The values that enter, if there are any and all are positive: one without a logarithm would leave the mean silently.
fn positive(arm: &Arm, metric: &'static str) -> Result<Vec<f64>, NoRatio> {
    let over = metric::kind(metric).over;
    let entering = arm.runs.iter().filter(|row| enters(row, over));
    let values: Vec<f64> = entering.filter_map(|row| row.value(metric)).collect();
    let label = || arm.label.clone();
    if !values.iter().any(|value| *value > 0.0) {
        return Err(NoRatio::NonePositive {
            arm: label(),
            metric,
        });
    }
    if values.iter().all(|value| *value > 0.0) {
        return Ok(values);
    }
    Err(NoRatio::NotPositive {
        arm: label(),
        metric,
    })
}

fn agents(arm: &Arm) -> Result<u32, NoRatio> {
    arm.agents()
        .ok_or_else(|| NoRatio::Agents(arm.label.clone()))
}

/// Costs are comparable if they come from one source; a record that names no source does not count against them.
fn same_source(a: &Arm, b: &Arm) -> Result<(), NoRatio> {
    let rows = [a, b].into_iter().flat_map(|arm| &arm.runs);
    let costly = rows.filter(|row| row.value(COST).is_some());
    let sources: BTreeSet<&String> = costly.filter_map(|row| row.cost_source.as_ref()).collect();
    if sources.len() < 2 {
        return Ok(());
    }
    Err(NoRatio::CostSources(sources.into_iter().cloned().collect()))
}
