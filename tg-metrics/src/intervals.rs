//! The history of a task as intervals: in which state, from when to when, who.
//!
//! Each row of the history that has a state begins an interval, which the next such row ends. Rows of the host's
//! automatic completion of containers (`auto-rollup: ...`) are bookkeeping and begin none. Where a worker went away the
//! host writes no row, and the interval would last until somebody else begins: such ends are unknown, and are cut where
//! the worker's process ended, else where the task was last touched.

use crate::view::View;
use tg_host::StateClasses;
use tg_host::snapshot::{Change, Task};

/// What a state means; see [`StateClasses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// New, or put back.
    Initial,
    /// Given to somebody, not begun.
    Assigned,
    /// Being worked on.
    Timed,
    /// Over, and well.
    Success,
    /// Over, failed or cancelled.
    Failure,
    /// Anything else, such as waiting for an answer.
    Parked,
}

impl Class {
    /// The class of `state`.
    pub fn of(classes: &StateClasses, state: &str) -> Self {
        match classes.class(state) {
            "initial" => Self::Initial,
            "assigned" => Self::Assigned,
            "timed" => Self::Timed,
            "terminal" if classes.is_success(state) => Self::Success,
            "terminal" => Self::Failure,
            _ => Self::Parked,
        }
    }

    /// Whether a task in it is over.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failure)
    }

    /// Whether a task in it waits for somebody to begin.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Initial | Self::Assigned)
    }
}

/// A task in one state; times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval<'a> {
    /// What the state means.
    pub class: Class,
    /// The state's name; empty for the time before the first row.
    pub state: &'a str,
    /// Who opened it.
    pub worker: Option<&'a str>,
    /// The phase in force when it began, where one was ever set.
    pub phase: Option<&'a str>,
    /// Id of the history row that opened it; tells what was before what within one millisecond.
    pub row: i64,
    /// Whether the host opened it because a worker fell silent.
    pub is_eviction: bool,
    /// From.
    pub start: i64,
    /// To; never before `start`.
    pub end: i64,
}

impl Interval<'_> {
    /// Its length, in milliseconds.
    pub fn length(&self) -> i64 {
        self.end.saturating_sub(self.start)
    }

    /// The part of it between two moments, in milliseconds.
    pub fn within(&self, (from, to): (i64, i64)) -> Option<(i64, i64)> {
        let (start, end) = (self.start.max(from), self.end.min(to));
        (start < end).then_some((start, end))
    }
}

/// A task and what happened to it.
pub struct Story<'a> {
    /// The task.
    pub task: &'a Task,
    /// What its state at the end means.
    pub now: Class,
    /// Its intervals, in order.
    pub intervals: Vec<Interval<'a>>,
    /// How many of them had an unknown end and were cut.
    pub cut: usize,
    /// When it came to its end, if it has.
    pub terminal_at: Option<i64>,
}

/// Whether a row is the host's own completion of a container.
pub fn is_rollup(row: &Change) -> bool {
    row.reason
        .as_deref()
        .is_some_and(|reason| reason.starts_with("auto-rollup:"))
}

impl<'a> Story<'a> {
    /// What happened to `task`.
    pub fn of(view: &View<'a>, task: &'a Task) -> Self {
        let now = Class::of(&view.classes, &task.status);
        let mut story = Self {
            task,
            now,
            intervals: Vec::new(),
            cut: 0,
            terminal_at: None,
        };
        let rolled_up = story.open(view);
        story.close(view, rolled_up);
        if now.is_terminal() && story.terminal_at.is_none() {
            story.terminal_at = task.completed_at;
        }
        story
    }

    /// Begin the intervals; when a rollup followed the last of them, if one did.
    fn open(&mut self, view: &View<'a>) -> Option<i64> {
        let (mut phase, mut rolled_up) = (None, None);
        for row in view.rows_of(&self.task.id) {
            phase = row.phase.as_deref().or(phase);
            let (Some(state), Some(start)) = (row.status.as_deref(), row.timestamp) else {
                continue;
            };
            let class = Class::of(&view.classes, state);
            self.terminal_at = class.is_terminal().then_some(start);
            if is_rollup(row) {
                rolled_up = rolled_up.or(Some(start));
                continue;
            }
            rolled_up = None;
            let is_eviction = row.reason.as_deref() == Some("stale_release");
            let worker = row.worker_id.as_deref();
            self.intervals.push(Interval {
                class,
                state,
                worker,
                phase,
                row: row.id,
                is_eviction,
                start,
                end: start,
            });
        }
        let first = self
            .intervals
            .first()
            .map(|interval| interval.start)
            .or(rolled_up);
        let new = first.is_some() || self.now == Class::Initial; // a task without any history tells of nothing else
        if let Some(start) = self
            .task
            .created_at
            .filter(|created| new && first.is_none_or(|first| first > *created))
        {
            let (class, state) = (Class::Initial, "");
            let before = Interval {
                class,
                state,
                worker: None,
                phase: None,
                row: i64::MIN,
                is_eviction: false,
                start,
                end: start,
            };
            self.intervals.insert(0, before);
        }
        rolled_up
    }

    fn close(&mut self, view: &View<'a>, rolled_up: Option<i64>) {
        for at in 0..self.intervals.len() {
            let (interval, next) = (&self.intervals[at], self.intervals.get(at + 1));
            let end = match next {
                Some(next) => next.start,
                None if interval.class.is_terminal() => interval.start,
                None => rolled_up.unwrap_or(view.end_ms),
            };
            let is_unknown = interval.class == Class::Timed
                && match next {
                    Some(next) => next.state == interval.state || next.is_eviction,
                    None => rolled_up.is_none() && self.task.status != interval.state,
                };
            let end = if is_unknown {
                end.min(self.last_seen(view, interval.worker).unwrap_or(end))
            } else {
                end
            };
            self.cut += usize::from(is_unknown);
            self.intervals[at].end = end.max(self.intervals[at].start);
        }
    }

    /// When a worker who went away without a row was last there for this task.
    fn last_seen(&self, view: &View, worker: Option<&str>) -> Option<i64> {
        let exit = worker.and_then(|worker| view.agents.get(worker)?.ended_at);
        exit.or(self.task.updated_at)
    }

    /// The intervals of work.
    pub fn timed(&self) -> impl Iterator<Item = &Interval<'a>> {
        self.intervals
            .iter()
            .filter(|interval| interval.class == Class::Timed)
    }

    /// The first interval of work.
    pub fn first_timed(&self) -> Option<&Interval<'a>> {
        self.timed().next()
    }

    /// The first interval in which it was given to somebody.
    pub fn first_assigned(&self) -> Option<&Interval<'a>> {
        self.intervals
            .iter()
            .find(|interval| interval.class == Class::Assigned)
    }

    /// Time worked on it, in milliseconds.
    pub fn timed_ms(&self) -> i64 {
        crate::answer::sum(self.timed().map(Interval::length))
    }
}
