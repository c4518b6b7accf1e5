//! How often runs were tried, and how often the machinery failed: counted, because a result that took five attempts is not
//! the same as one that took one.

use crate::arm::Arm;
use crate::row::Row;
use crate::words::{count, list};
use std::collections::BTreeMap;
use tg_stage::Wait;

/// The attempts at an arm's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// All of them, the ones that are compared included.
    pub made: usize,
    /// Those in which the machinery failed: `infra`, `never_connected`, a stage's error.
    pub machinery: usize,
}

/// The attempts at the runs of `arm`.
pub fn of(arm: &Arm) -> Attempts {
    let own = arm
        .runs
        .iter()
        .filter(|row| is_machinery(&row.end()))
        .count();
    let earlier = || arm.runs.iter().flat_map(|row| &row.run.earlier);
    Attempts {
        made: arm.runs.iter().map(|row| made(row)).sum(),
        machinery: own + earlier().filter(|end| is_machinery(end)).count(),
    }
}

/// Which attempt at its run a row is; a record that does not say is the first.
pub fn made(row: &Row) -> usize {
    row.run.attempt.max(1) as usize
}

fn is_machinery(end: &str) -> bool {
    Wait::is_machinery(end) || end.ends_with(" error")
}

/// A sentence for each arm in which some run was tried more than once.
pub fn sentences(arms: &[Arm]) -> Vec<String> {
    let again = arms
        .iter()
        .filter(|arm| arm.runs.iter().any(|row| made(row) > 1));
    again.map(sentence).collect()
}

fn sentence(arm: &Arm) -> String {
    let attempts = of(arm);
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for end in arm.runs.iter().flat_map(|row| &row.run.earlier) {
        *ends.entry(end).or_default() += 1;
    }
    let ends = ends.iter().map(|(end, times)| format!("{times} {end}"));
    format!(
        "{}: {} at {}, the machinery failed in {}; earlier ones ended as {}",
        arm.label,
        count(attempts.made, "attempt"),
        count(arm.runs.len(), "run"),
        attempts.machinery,
        list(ends.collect())
    )
}
