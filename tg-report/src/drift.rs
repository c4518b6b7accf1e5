//! Arms that were not run beside each other in time: what drifted meanwhile (a machine that warms up, a provider whose load
//! changes) passes for a difference between them.
//!
//! Measured by Cliff's delta of the moments of launch, -1 where all runs of one arm began before all of the other. In blocks
//! of one run each, however they are ordered, it stays within a half from two blocks on.

use crate::arm::Arm;
use crate::warning::Warning;
use crate::words::list;

/// From here on two arms count as run one after the other.
const APART: f64 = 0.8;

/// The warning, if arms lie apart from the first one.
pub fn warning(arms: &[Arm]) -> Option<Warning> {
    let (baseline, others) = arms.split_first()?;
    let apart = others.iter().filter_map(|arm| {
        let delta = delta(&starts(baseline), &starts(arm))?;
        let side = if delta > 0.0 { "after" } else { "before" };
        (delta.abs() >= APART).then(|| format!("{} was run {side} {}", arm.label, baseline.label))
    });
    let apart: Vec<String> = apart.collect();
    (!apart.is_empty()).then(|| Warning {
        kind: "not_interleaved",
        message: format!(
            "arms were not interleaved in time, and what drifted meanwhile passes for a difference: {}",
            list(apart)
        ),
    })
}

fn starts(arm: &Arm) -> Vec<i64> {
    arm.runs
        .iter()
        .filter_map(|row| row.started_at_ms)
        .collect()
}

/// The share of pairs in which `later` is larger less the share in which it is smaller; none below two runs each.
fn delta(first: &[i64], later: &[i64]) -> Option<f64> {
    if first.len() < 2 || later.len() < 2 {
        return None;
    }
    let pairs = first
        .iter()
        .flat_map(|a| later.iter().map(move |b| (b - a).signum()));
    let sum: i64 = pairs.sum();
    Some(sum as f64 / (first.len() * later.len()) as f64)
}
