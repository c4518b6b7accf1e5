//! The key ratios of an arm to the baseline: speedup, cost ratio, efficiency.
//!
//! Each is a ratio of geometric means over runs with positive values; it need not match the arithmetic means beside it.
//! A ratio that is undefined is kept with its reason, not as a number.

use crate::arm::Arm;
use crate::stats::geometric_mean;
use std::collections::BTreeSet;
use tg_stage::metric::{COST, WALL};

/// A quotient, or why there is none.
pub type Ratio = Result<f64, String>;

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
        let speedup = quotient(baseline, arm, WALL);
        let efficiency = speedup.clone().and_then(|speedup| {
            Ok(speedup * f64::from(agents(baseline)?) / f64::from(agents(arm)?))
        });
        let cost = same_source(baseline, arm).and_then(|()| quotient(arm, baseline, COST));
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

fn quotient(above: &Arm, below: &Arm, metric: &str) -> Ratio {
    let quotient = positive_mean(above, metric)? / positive_mean(below, metric)?;
    if quotient.is_finite() {
        return Ok(quotient);
    }
    Err(format!("the quotient of {metric} is out of range"))
}

fn positive_mean(arm: &Arm, metric: &str) -> Ratio {
    let none = || {
        format!(
            "no run of {} that counts has a positive {metric}",
            arm.label
        )
    };
    geometric_mean(&arm.values(metric)).ok_or_else(none)
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
