//! The key ratios of an arm to the baseline: speedup, cost ratio, efficiency.
//!
//! Each is a ratio of geometric means with its 95 % interval; it need not match the arithmetic means beside it. A ratio
//! that is undefined is kept with its reason, not as a number.

use crate::arm::{Arm, enters};
use crate::stats::{self, ratio};
use std::collections::BTreeSet;
use tg_stage::metric::{self, COST, WALL};

/// A quotient with its interval, or why there is none.
pub type Ratio = Result<stats::Ratio, String>;

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
    /// Compute the ratios of `arm`.
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
fn quotient(baseline: &Arm, arm: &Arm, metric: &str) -> Ratio {
    let (below, above) = (positive(baseline, metric)?, positive(arm, metric)?);
    ratio(&below, &above).ok_or_else(|| format!("the quotient of {metric} is out of range"))
}

/// The values that enter, if there are any and all are positive: one without a logarithm would leave the mean silently.
fn positive(arm: &Arm, metric: &str) -> Result<Vec<f64>, String> {
    let over = metric::kind(metric).over;
    let entering = arm.runs.iter().filter(|row| enters(row, over));
    let values: Vec<f64> = entering.filter_map(|row| row.value(metric)).collect();
    if !values.iter().any(|value| *value > 0.0) {
        let label = &arm.label;
        return Err(format!(
            "no run of {label} that counts has a positive {metric}"
        ));
    }
    if values.iter().all(|value| *value > 0.0) {
        return Ok(values);
    }
    Err(format!(
        "a run of {} has a {metric} that is not positive",
        arm.label
    ))
}

fn agents(arm: &Arm) -> Result<u32, String> {
    let unknown = || format!("the number of agents of {} is unknown or varies", arm.label);
    arm.agents().ok_or_else(unknown)
}

/// Costs are comparable if they come from one source; a record that names none is not held against them.
fn same_source(a: &Arm, b: &Arm) -> Result<(), String> {
    let rows = [a, b].into_iter().flat_map(|arm| &arm.runs);
    let costly = rows.filter(|row| row.value(COST).is_some());
    let sources: BTreeSet<&str> = costly
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
