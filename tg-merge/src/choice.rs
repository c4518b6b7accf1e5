//! One of what several places have of a run: the first that is over, else the first there is. What is where all are to be
//! comes before everything else. The others are attempts, which are kept: they were paid for.

use crate::found::Found;
use std::collections::{BTreeMap, BTreeSet};

/// The runs by id; of each, what the places have of it, in their order. Earlier attempts are not among them.
pub fn by_id(runs: &[Found]) -> BTreeMap<&str, Vec<&Found>> {
    let mut all: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for run in runs.iter().filter(|run| !run.is_earlier) {
        all.entry(&run.run.id).or_default().push(run);
    }
    all
}

/// The one to take of each run.
pub fn of(runs: &[Found]) -> Vec<&Found> {
    let copies = by_id(runs).into_values();
    copies.filter_map(|copies| first(&copies)).collect()
}

fn first<'r>(copies: &[&'r Found]) -> Option<&'r Found> {
    let over = copies.iter().find(|run| run.is_over());
    over.or(copies.first()).copied()
}

/// What is elsewhere, was not taken, and is not there yet: each attempt once.
pub fn attempts<'r>(runs: &'r [Found], taken: &[&Found]) -> Vec<&'r Found> {
    let name = |run: &Found| (run.run.id.clone(), run.created_at_ms);
    let ours = runs.iter().filter(|run| run.is_ours);
    let mut known: BTreeSet<_> = ours.chain(taken.iter().copied()).map(name).collect();
    let others = runs.iter().filter(|run| !run.is_ours);
    others.filter(|run| known.insert(name(run))).collect()
}
