//! Work that was done again, and work that changed hands.

use crate::intervals::{Class, Story};
use std::collections::BTreeSet;

/// Whether the task entered some timed state more than once.
pub fn is_reentered(story: &Story) -> bool {
    let mut seen = BTreeSet::new();
    !story.timed().all(|interval| seen.insert(interval.state))
}

/// Whether work on the task began again, in a phase in which it had been worked on, after it had ended or had been
/// handed back. Going on after an answer, and the next leg of a relay, are not work done again; an eviction or a worker
/// that goes away hands nothing back.
pub fn is_redone(story: &Story) -> bool {
    let mut phases = BTreeSet::new();
    let mut was_over = false;
    let mut by_hand = None; // how the last work ends, until that is known
    for interval in &story.intervals {
        match interval.class {
            Class::Timed if was_over && phases.contains(&interval.phase) => return true,
            Class::Timed => {
                phases.insert(interval.phase);
                was_over = false;
                by_hand = Some(!interval.is_cut);
            }
            Class::Success | Class::Failure => was_over = true,
            Class::Initial | Class::Assigned => {
                was_over |= by_hand.take().unwrap_or(false) && !interval.is_eviction;
            }
            Class::Parked => {}
        }
        was_over |= interval.rolled_up.is_some();
    }
    false
}

/// How often another worker went on with the task.
pub fn handoffs(story: &Story) -> usize {
    let workers: Vec<_> = story
        .timed()
        .filter_map(|interval| interval.worker)
        .collect();
    workers.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// How often the task was given to somebody again.
pub fn reassignments(story: &Story) -> usize {
    let assigned = story
        .intervals
        .iter()
        .filter(|interval| interval.class == Class::Assigned);
    assigned.count().saturating_sub(1)
}
