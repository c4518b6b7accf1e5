//! Where the time before work goes: blocked by predecessors, ready but not given out, given out but not begun.
//!
//! For each task that was started, `first start - created_at = blocked + ready + assigned`, exactly. It became ready when
//! the last of its predecessors left its blocking states; who began before that had only blocked time, and counts as an
//! early start. What came before what is told by the ids of history rows, which order events within one millisecond.

use crate::intervals::{Class, Interval, Story};
use crate::view::View;
use std::collections::BTreeMap;

/// Where the time before a task's first start went; in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wait {
    /// Waiting for predecessors.
    pub blocked: i64,
    /// Ready, and nobody's.
    pub ready: i64,
    /// Somebody's, and not begun.
    pub assigned: i64,
    /// From ready to given out, if it was given out and not started early; 0 if it was given out before.
    pub dispatch: Option<i64>,
    /// It was started while a predecessor was open.
    pub is_early: bool,
    /// It was started after a predecessor had failed or was cancelled.
    pub is_tainted: bool,
}

/// The waits of each task in `tasks`; none for a task that was never started.
pub fn of(view: &View, tasks: &[Story]) -> Vec<Option<Wait>> {
    let stories = tasks.iter().zip(Before::of(view, tasks));
    let waits = stories.map(|(story, before)| Some(Wait::of(story, story.first_timed()?, before)));
    waits.collect()
}

/// A task's predecessors at the moment it was started, taken together.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    is_blocking: bool,
    is_failed: bool,
    /// The last exit of one from its blocking states.
    exit: Option<i64>,
}

impl Wait {
    fn of(story: &Story, first: &Interval, before: Before) -> Self {
        let start = first.start;
        let created = story.task.created_at.unwrap_or(start).min(start);
        let is_early = before.is_blocking;
        let ready_at = if is_early {
            start
        } else {
            before.exit.unwrap_or(created).clamp(created, start)
        };
        let assigned = story
            .intervals
            .iter()
            .filter(|interval| interval.class == Class::Assigned);
        let assigned = assigned.filter_map(|interval| interval.within((ready_at, start)));
        let assigned = crate::answer::sum(assigned.map(|(from, to)| to.saturating_sub(from)));
        let given = story.first_assigned().filter(|_| !is_early);
        Self {
            blocked: ready_at.saturating_sub(created),
            ready: start.saturating_sub(ready_at).saturating_sub(assigned),
            assigned,
            dispatch: given.map(|given| given.start.saturating_sub(ready_at).max(0)),
            is_early,
            is_tainted: before.is_failed,
        }
    }
}

impl Before {
    /// What was before each of the tasks; the host's own rows for containers count here. Each predecessor's history is
    /// walked once, for all who wait for it in the order of their starts.
    fn of(view: &View, tasks: &[Story]) -> Vec<Self> {
        let started = tasks.iter().enumerate().filter_map(|(at, story)| {
            let first = story.first_timed()?;
            Some((story.task.id.as_str(), (first.row, at)))
        });
        let started: BTreeMap<&str, (i64, usize)> = started.collect();
        let mut waiting: BTreeMap<&str, Vec<(i64, usize)>> = BTreeMap::new();
        for edge in view.edges.iter().filter(|edge| edge.is_ordering()) {
            if let Some(&start) = started.get(edge.to_task_id.as_str()) {
                waiting.entry(&edge.from_task_id).or_default().push(start);
            }
        }
        let mut before = vec![Self::default(); tasks.len()];
        for (id, mut starts) in waiting {
            starts.sort_unstable();
            Self::walk(view, id, &starts, &mut before);
        }
        before
    }

    /// Add the task called `id`, as it was before each of the history rows of `starts`, to what was before those.
    fn walk(view: &View, id: &str, starts: &[(i64, usize)], before: &mut [Self]) {
        let is_blocking = |state: &str| view.classes.blocking.contains(state);
        let changes = view.rows_of(id).iter();
        let mut changes = changes
            .filter_map(|change| Some((change, change.status.as_deref()?)))
            .peekable();
        // Where nothing happened to it yet: it is new, or it has no history and has always been what it is, or the file
        // does not have it (the host can leave out deleted tasks) and it holds nobody back.
        let has_history = view.rows.contains_key(id);
        let always = view
            .tasks
            .binary_search_by(|task| task.id.as_str().cmp(id))
            .ok()
            .filter(|_| !has_history);
        let mut state = always.map(|always| view.tasks[always].status.as_str());
        let mut held_back = has_history || state.is_some_and(is_blocking);
        let mut exit = None;
        for &(row, at) in starts {
            while let Some((change, next)) = changes.next_if(|(change, _)| change.id < row) {
                let holds_back = is_blocking(next);
                if held_back && !holds_back {
                    exit = change.timestamp.or(exit);
                }
                (state, held_back) = (Some(next), holds_back);
            }
            let class = state.map(|state| Class::of(&view.classes, state));
            let one = &mut before[at];
            one.is_blocking |= held_back;
            one.is_failed |= class == Some(Class::Failure);
            one.exit = one.exit.max(exit);
        }
    }
}
