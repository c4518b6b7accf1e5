//! Work that was done again, and work that changed hands.

use crate::intervals::{Class, Interval, Story};
use std::collections::BTreeSet;

/// Whether the task entered some timed state more than once.
pub fn is_reentered(story: &Story) -> bool {
    let mut seen = BTreeSet::new();
    !story.timed().all(|interval| seen.insert(interval.state))
}

/// Whether work on the task began again, in a phase in which it had been worked on, after it had ended or had been
/// handed back. Going on after an answer, and the next leg of a relay, are not work done again; an eviction is no
/// hand-back.
pub fn is_redone(story: &Story) -> bool {
    let mut phases = BTreeSet::new();
    let mut was_over = false;
    let mut before: Option<&Interval> = None;
    for interval in &story.intervals {
        match interval.class {
            Class::Timed if was_over && phases.contains(&interval.phase) => return true,
            Class::Timed => {
                phases.insert(interval.phase);
                was_over = false;
            }
            Class::Success | Class::Failure => was_over = true,
            Class::Initial => was_over |= !interval.is_eviction,
            // Put back to somebody, not to all; after an eviction or a disconnect nobody put it back.
            Class::Assigned => was_over |= before.is_some_and(is_handed_on),
            Class::Parked => {}
        }
        before = Some(interval);
    }
    false
}

fn is_handed_on(interval: &Interval) -> bool {
    interval.class == Class::Timed && !interval.is_cut
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
