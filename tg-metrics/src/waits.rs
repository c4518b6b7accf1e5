//! Where the time before work goes: blocked by predecessors, ready but not given out, given out but not begun.
//!
//! For each task that was started, `first start - created_at = blocked + ready + assigned`, exactly. It became ready when
//! the last of its predecessors left its blocking states; who began before that had only blocked time, and counts as an
//! early start. What came before what is told by the ids of history rows, which order events within one millisecond.

use crate::intervals::{Class, Interval, Story};
use crate::view::View;
use std::collections::BTreeMap;
use tg_host::snapshot::Dependency;

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
    let mut predecessors: BTreeMap<&str, Vec<&Dependency>> = BTreeMap::new();
    for edge in view.edges.iter().filter(|edge| edge.is_ordering()) {
        predecessors.entry(&edge.to_task_id).or_default().push(edge);
    }
    let wait = |story: &Story| {
        let first = story.first_timed()?;
        let edges = predecessors.get(story.task.id.as_str());
        let before = edges.into_iter().flatten();
        let before: Vec<_> = before
            .map(|edge| Before::of(view, &edge.from_task_id, first.row))
            .collect();
        Some(Wait::of(story, first, &before))
    };
    tasks.iter().map(wait).collect()
}

/// A predecessor at the moment a task was started.
struct Before {
    is_blocking: bool,
    is_failed: bool,
    exit: Option<i64>,
}

impl Wait {
    fn of(story: &Story, first: &Interval, before: &[Before]) -> Self {
        let start = first.start;
        let created = story.task.created_at.unwrap_or(start).min(start);
        let is_early = before.iter().any(|one| one.is_blocking);
        let freed = before.iter().filter_map(|one| one.exit).max();
        let ready_at = if is_early {
            start
        } else {
            freed.unwrap_or(created).clamp(created, start)
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
            is_tainted: before.iter().any(|one| one.is_failed),
        }
    }
}

impl Before {
    /// The task called `id` before the history row `row`; the host's own rows for containers count here.
    fn of(view: &View, id: &str, row: i64) -> Self {
        let is_blocking = |state: &str| view.classes.blocking.contains(state);
        let changes = view
            .rows_of(id)
            .iter()
            .filter_map(|change| Some((change, change.status.as_deref()?)));
        let mut state = None;
        let mut exit = None;
        for (change, next) in changes.take_while(|(change, _)| change.id < row) {
            if state.is_none_or(is_blocking) && !is_blocking(next) {
                exit = change.timestamp.or(exit);
            }
            state = Some(next);
        }
        // Nothing happened to it yet: it is new, or it has no history and has always been what it is, or the file does
        // not have it (the host can leave out deleted tasks) and it holds nobody back.
        let has_history = view.rows.contains_key(id);
        let always = view
            .tasks
            .binary_search_by(|task| task.id.as_str().cmp(id))
            .ok()
            .filter(|_| !has_history);
        let state = state.or_else(|| Some(view.tasks[always?].status.as_str()));
        let class = state.map(|state| Class::of(&view.classes, state));
        Self {
            is_blocking: state.map_or(has_history, is_blocking),
            is_failed: class == Some(Class::Failure),
            exit,
        }
    }
}
