//! The history of a task as intervals: in which state, from when to when, who.
//!
//! Each row of the history that has a state begins an interval, which the next such row ends. Rows of the host's
//! automatic completion of containers (`auto-rollup: ...`) are bookkeeping and begin none. Where a worker went away the
//! host writes no row, and the interval would last until somebody else begins: such ends are unknown, and are cut where
//! the worker's process ended, else where the task was last touched.

use crate::view::View;
use tg_host::StateClasses;
use tg_host::ledger::{Reason, Task};

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
    /// The phase in force when it began, where that is known.
    pub phase: Option<&'a str>,
    /// Id of the history row that opened it; tells what was before what within one millisecond.
    pub row: i64,
    /// Whether the host opened it because a worker fell silent.
    pub is_eviction: bool,
    /// Whether its end is unknown, because its worker went away without a row.
    pub is_cut: bool,
    /// When the host itself completed the task in it, a container.
    pub rolled_up: Option<i64>,
    /// From.
    pub start: i64,
    /// To; never before `start`.
    pub end: i64,
}

impl<'a> Interval<'a> {
    /// Time in the queue of which the host wrote no row; nobody put the task there.
    fn queue(phase: Option<&'a str>) -> Self {
        Self {
            class: Class::Initial,
            state: "",
            worker: None,
            phase,
            row: i64::MAX,
            is_eviction: true,
            is_cut: false,
            rolled_up: None,
            start: 0,
            end: 0,
        }
    }

    /// Whether somebody has the task in it.
    fn is_held(&self) -> bool {
        matches!(self.class, Class::Timed | Class::Assigned)
    }

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
    pub task: Task<'a>,
    /// What its state at the end means.
    pub now: Class,
    /// Its intervals, in order.
    pub intervals: Vec<Interval<'a>>,
    /// When it came to its end, if it has.
    pub terminal_at: Option<i64>,
}

impl<'a> Story<'a> {
    /// What happened to `task`.
    pub fn of(view: &View<'a>, task: Task<'a>) -> Self {
        let now = view.class(task.state);
        let mut story = Self {
            task,
            now,
            intervals: Vec::new(),
            terminal_at: None,
        };
        story.open(view);
        story.close(view);
        story
    }

    /// Begin the intervals.
    fn open(&mut self, view: &View<'a>) {
        let created_in = view.phase(self.task.name);
        let mut phase = created_in;
        let mut rolled_up = None; // before any row of its own
        let rows = view.ledger.history(self.task.name);
        self.intervals.reserve(1 + rows.size_hint().0);
        for row in rows {
            phase = row.phase.or(phase);
            let (Some(state), Some(start)) = (row.status, row.timestamp) else {
                continue;
            };
            let class = view.class(row.state);
            self.terminal_at = class.is_terminal().then_some(start);
            if row.reason == Reason::Rollup {
                let ended = match self.intervals.last_mut() {
                    Some(last) => &mut last.rolled_up,
                    None => &mut rolled_up,
                };
                *ended = ended.or(Some(start));
                continue;
            }
            let is_eviction = row.reason == Reason::Stale;
            let worker = row.worker_id;
            self.intervals.push(Interval {
                class,
                state,
                worker,
                phase,
                row: row.id,
                is_eviction,
                is_cut: false,
                rolled_up: None,
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
            let before = Interval {
                row: i64::MIN,
                is_eviction: false,
                rolled_up,
                start,
                end: start,
                ..Interval::queue(created_in)
            };
            self.intervals.insert(0, before);
        }
    }

    /// End the intervals, from the last to the first: each is ended by what comes next.
    fn close(&mut self, view: &View<'a>) {
        for at in (0..self.intervals.len()).rev() {
            let interval = &self.intervals[at];
            let next = self.intervals.get(at + 1);
            let until = match (interval.rolled_up, next) {
                (Some(rolled_up), _) => rolled_up,
                (None, Some(next)) => next.start,
                (None, None) if interval.class.is_terminal() => interval.start,
                (None, None) => view.end_ms,
            };
            let is_cut = interval.is_held() && self.is_left(view, interval, next);
            let seen = if is_cut {
                self.last_seen(view, interval.worker).unwrap_or(until)
            } else {
                until
            };
            let end = until.min(seen).max(interval.start);
            let queued = is_cut.then(|| self.queued(view, at, end, until)).flatten();
            let interval = &mut self.intervals[at];
            (interval.is_cut, interval.end) = (is_cut, end);
            if let Some(queued) = queued {
                self.intervals.insert(at + 1, queued);
            }
        }
        let last = self.intervals.last().filter(|last| last.is_cut);
        if self.now.is_terminal() && self.terminal_at.is_none() {
            // It was ended by a disconnect, which leaves no row.
            self.terminal_at = last.map(|last| last.end).or(self.task.completed_at);
        }
    }

    /// Whether who had the task went away without a row: what came next cannot come right after.
    fn is_left(&self, view: &View, interval: &Interval, next: Option<&Interval>) -> bool {
        if interval.rolled_up.is_some() {
            return false;
        }
        match next {
            Some(next) => next.is_eviction || !view.classes.follows(interval.state, next.state),
            None => self.task.status != interval.state,
        }
    }

    /// The time back in the queue, from `end` to `until`, after the interval at `at`, which ended without a row, where it is
    /// recorded when its worker went. An eviction is different: until then nobody else could have the task.
    fn queued(&self, view: &View, at: usize, end: i64, until: i64) -> Option<Interval<'a>> {
        let left = &self.intervals[at];
        view.agents.get(left.worker?)?.ended_at?;
        let next = self.intervals.get(at + 1);
        let is_queued = next.map_or(self.now == Class::Initial, |next| !next.is_eviction);
        (is_queued && end < until).then(|| Interval {
            start: end,
            end: until,
            ..Interval::queue(left.phase)
        })
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
