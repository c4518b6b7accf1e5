//! One of what several places have of a run: the first that is over, else the first there is. What is where all are to be
//! comes before everything else.

use crate::found::Found;
use std::collections::BTreeMap;

/// The runs by id; of each, what the places have of it, in their order.
pub fn by_id(runs: &[Found]) -> BTreeMap<&str, Vec<&Found>> {
    let mut all: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for run in runs {
        all.entry(&run.run.id).or_default().push(run);
    }
    all
}

/// The one to take of each run.
pub fn of(runs: &[Found]) -> Vec<&Found> {
    by_id(runs).into_values().filter_map(first).collect()
}

fn first<'r>(copies: Vec<&'r Found>) -> Option<&'r Found> {
    let over = copies.iter().find(|run| run.is_over());
    over.or(copies.first()).copied()
}
