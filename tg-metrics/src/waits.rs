//! Where the time before work goes: blocked by predecessors, ready but not given out, given out but not begun.
//!
//! For each task that was started, `first start - created_at = blocked + ready + assigned`, exactly. It became ready when
//! the last of its predecessors left its blocking states; who began before that had only blocked time, and counts as an
//! early start. What came before what is told by the ids of history rows, which order events within one millisecond.

use crate::intervals::{Class, Interval, Story};
use crate::view::View;
use std::collections::BTreeMap;
use tg_host::snapshot::Dependency;

/// The waits of all tasks that were started; times in milliseconds.
#[derive(Debug, Default, PartialEq)]
pub struct Waits {
    /// Waiting for predecessors.
    pub blocked: i64,
    /// Ready, and nobody's.
    pub ready: i64,
    /// Somebody's, and not begun.
    pub assigned: i64,
    /// From ready to given out, for each task that was given out after it was ready, 0 where before.
    pub dispatches: Vec<i64>,
    /// Tasks started while a predecessor was open.
    pub early: usize,
    /// Tasks started after a predecessor had failed or was cancelled.
    pub tainted: usize,
}

/// A predecessor at the moment a task was started.
struct Before {
    is_blocking: bool,
    is_failed: bool,
    exit: Option<i64>,
}

impl Waits {
    /// The waits of the tasks in scope.
    pub fn of(view: &View, tasks: &[Story]) -> Self {
        let mut predecessors: BTreeMap<&str, Vec<&Dependency>> = BTreeMap::new();
        for edge in view.edges.iter().filter(|edge| edge.is_ordering()) {
            predecessors.entry(&edge.to_task_id).or_default().push(edge);
        }
        let mut waits = Self::default();
        for story in tasks {
            if let Some(first) = story.first_timed() {
                let edges = predecessors
                    .get(story.task.id.as_str())
                    .map_or(&[][..], Vec::as_slice);
                let before: Vec<_> = edges
                    .iter()
                    .map(|edge| Before::of(view, &edge.from_task_id, first.row))
                    .collect();
                waits.add(story, first, &before);
            }
        }
        waits
    }

    fn add(&mut self, story: &Story, first: &Interval, before: &[Before]) {
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
        let rest = start.saturating_sub(ready_at).saturating_sub(assigned);
        self.blocked = self
            .blocked
            .saturating_add(ready_at.saturating_sub(created));
        self.ready = self.ready.saturating_add(rest);
        self.assigned = self.assigned.saturating_add(assigned);
        self.early += usize::from(is_early);
        self.tainted += usize::from(before.iter().any(|one| one.is_failed));
        if let Some(given) = story.first_assigned().filter(|_| !is_early) {
            self.dispatches
                .push(given.start.saturating_sub(ready_at).max(0));
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
