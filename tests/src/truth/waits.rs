//! The time before a task's first start by cause, and the state of its predecessors then.

use super::bound::Bound;
use super::plan::{Class, Plan};
use super::story::{Moment, Story};
use std::collections::BTreeMap;

/// The tasks that can still be seen, by id.
type Stories<'a> = BTreeMap<String, Story<'a>>;

/// The time before a task's first start; durations in milliseconds.
pub struct Wait {
    /// Until what it waits for was over.
    pub blocked: Bound,
    /// From then on, unassigned.
    pub ready: Bound,
    /// From then on, assigned.
    pub assigned: Bound,
    /// From ready to assigned; none where it was not assigned, or was begun too early.
    pub dispatch: Option<Bound>,
    /// True if a predecessor was open.
    pub is_early: bool,
    /// True if a predecessor had failed or was cancelled.
    pub is_tainted: bool,
}

/// The waits of each task of `work` that was started.
pub fn waits(plan: &Plan, stories: &Stories, work: &[Story]) -> Vec<Wait> {
    let started = work
        .iter()
        .filter_map(|story| Some((story, story.first_start()?)));
    started
        .map(|(story, start)| wait(plan, stories, story, start))
        .collect()
}

fn wait(plan: &Plan, stories: &Stories, story: &Story, start: &Moment) -> Wait {
    let (mut is_early, mut is_tainted) = (false, false);
    let mut ready_at = story.created();
    for id in plan.predecessors(&story.item.id) {
        let Some(before) = stories.get(id) else {
            continue; // it is gone, and so is the edge
        };
        let past: Vec<&Moment> = before
            .moments
            .iter()
            .filter(|moment| moment.call < start.call)
            .collect();
        let held_back = |moment: &Moment| Plan::blocks(moment.class);
        is_early |= past.last().is_none_or(|moment| held_back(moment));
        is_tainted |= past
            .last()
            .is_some_and(|moment| moment.class == Class::Failure);
        let exits = past.windows(2);
        let mut exits = exits.filter(|pair| held_back(pair[0]) && !held_back(pair[1]));
        if let Some(exit) = exits.next_back() {
            ready_at = ready_at.max(exit[1].at);
        }
    }
    if is_early {
        ready_at = start.at;
    }
    let ready_at = ready_at.min(start.at);
    let given = |moment: &Moment| (moment.class == Class::Assigned).then_some(());
    let assigned = story.stretches(start.at, given);
    let assigned = assigned
        .iter()
        .map(|((), from, to)| (to.min(start.at) - from.max(ready_at)).not_negative());
    let assigned: Bound = assigned.sum();
    let first_given = story
        .moments
        .iter()
        .find(|moment| moment.class == Class::Assigned);
    Wait {
        blocked: (ready_at - story.created()).not_negative(),
        ready: (start.at - ready_at - assigned).not_negative(),
        assigned,
        dispatch: first_given
            .filter(|_| !is_early)
            .map(|given| (given.at - ready_at).not_negative()),
        is_early,
        is_tainted,
    }
}
