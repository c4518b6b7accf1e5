//! Where the time before a task's first start went, and what it was started upon.

use super::bound::Bound;
use super::plan::{Class, Plan};
use super::run::Run;
use super::story::{Moment, Story};

/// The time before a task's first start; durations in milliseconds.
pub struct Wait {
    /// Until what it waits for was over.
    pub blocked: Bound,
    /// From then on, nobody's.
    pub ready: Bound,
    /// From then on, somebody's.
    pub assigned: Bound,
    /// From ready to given out; none where nobody was given it, or it was begun too early.
    pub dispatch: Option<Bound>,
    /// Whether something it waits for was open.
    pub is_early: bool,
    /// Whether something it waits for had failed or was cancelled.
    pub is_tainted: bool,
}

/// The waits of each task that was started.
pub fn waits(run: &Run) -> Vec<Wait> {
    let started = run
        .work
        .iter()
        .filter_map(|story| Some((story, story.first_start()?)));
    started
        .map(|(story, start)| wait(run, story, start))
        .collect()
}

fn wait(run: &Run, story: &Story, start: &Moment) -> Wait {
    let (mut is_early, mut is_tainted) = (false, false);
    let mut ready_at = story.created();
    for id in run.plan.predecessors(&story.item.id) {
        let Some(before) = run.stories.get(id) else {
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
