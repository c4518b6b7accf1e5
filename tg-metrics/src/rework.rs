//! Work that was done again, and tasks that changed hands.

use crate::class::Class;
use crate::intervals::Story;
use crate::view::View;
use std::collections::BTreeSet;

/// True if the task entered a timed state more than once.
pub fn is_reentered(story: &Story) -> bool {
    let mut seen = BTreeSet::new();
    !story.timed().all(|interval| seen.insert(interval.state))
}

/// True if work on the task began again, in a phase with earlier work, after the task had ended or had been handed back.
/// Going on after an answer, and the next leg of a relay, are not work done again; an eviction or a worker that leaves
/// hands nothing back.
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

/// The number of times another worker went on with the task.
pub fn handoffs(story: &Story) -> usize {
    let workers: Vec<_> = story.timed().filter_map(|work| work.worker).collect();
    workers.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// The number of assignments beyond the first.
pub fn reassignments(story: &Story) -> usize {
    story.assigned().count().saturating_sub(1)
}

/// True if the task changed its worker by force, without a row: the worker that started it is not the assigned one, or the
/// worker that has it is not the one that started it.
pub fn has_changed_owner(story: &Story) -> bool {
    let mut pairs = story.intervals.windows(2);
    let taken = pairs.any(|pair| {
        pair[0].class == Class::Assigned
            && pair[1].class == Class::Timed
            && pair[0].worker.is_some()
            && pair[0].worker != pair[1].worker
    });
    let last = story.intervals.last();
    let last = last.filter(|last| last.class == Class::Timed && !last.is_cut);
    let owner = story.task.worker_id;
    taken || last.is_some_and(|last| owner.is_some() && owner != last.worker)
}

/// True if work began before the first change of the task's phase, in a phase that is not recorded.
pub fn has_unknown_phase(view: &View, story: &Story) -> bool {
    let is_known = view.ledger.origin(story.task.name).is_some();
    let mut timed = story.timed();
    let is_first = timed.next().is_some_and(|first| first.phase.is_none());
    !is_known && is_first && timed.any(|later| later.phase.is_some())
}
