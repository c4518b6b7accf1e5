//! The history of a task as intervals: state, start, end and worker.
//!
//! Each history row that has a state begins an interval, and the next such row ends it. Rows of the host's automatic
//! completion of containers (`auto-rollup: ...`) are bookkeeping and begin none. When a worker disconnects, the host
//! writes no row, and the interval would last until another worker begins: such ends are unknown, and the interval is
//! cut where the worker's process ended, else where the task was last touched.

use crate::class::Class;
use crate::number::sum;
use crate::view::View;
use tg_host::ledger::{Reason, Task};

/// A task in one state; times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval<'a> {
    pub class: Class,
    /// The state's name; empty for the time before the first row.
    pub state: &'a str,
    /// The worker of the row that opened it.
    pub worker: Option<&'a str>,
    /// The phase in force when it began, where that is known.
    pub phase: Option<&'a str>,
    /// Id of the history row that opened it; orders events within one millisecond.
    pub row: i64,
    /// True if the host opened it because a worker was silent for too long.
    pub is_eviction: bool,
    /// True if its end is unknown, because its worker left without a row.
    pub is_cut: bool,
    /// The time at which the host itself completed the task, a container, in this interval.
    pub rolled_up: Option<i64>,
    pub start: i64,
    /// Never before `start`.
    pub end: i64,
}

impl<'a> Interval<'a> {
    /// Time in the queue for which the host wrote no row; no worker put the task there.
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

    /// True if a worker has the task.
    fn is_held(&self) -> bool {
        matches!(self.class, Class::Timed | Class::Assigned)
    }

    /// The length in milliseconds.
    pub fn length(&self) -> i64 {
        self.end.saturating_sub(self.start)
    }

    /// The part between two moments, if any.
    pub fn within(&self, (from, to): (i64, i64)) -> Option<(i64, i64)> {
        let (start, end) = (self.start.max(from), self.end.min(to));
        (start < end).then_some((start, end))
    }
}

/// A task and its history.
pub struct Story<'a> {
    pub task: Task<'a>,
    /// The class of its last state.
    pub now: Class,
    /// In order.
    pub intervals: Vec<Interval<'a>>,
    /// The time of its end, if it has ended.
    pub terminal_at: Option<i64>,
}

impl<'a> Story<'a> {
    pub fn new(view: &View<'a>, task: &Task<'a>) -> Self {
        let now = view.class(task.state);
        let mut story = Self {
            task: *task,
            now,
            intervals: Vec::new(),
            terminal_at: None,
        };
        story.open(view);
        story.close(view);
        story
    }

    /// The stories of all tasks of a run, in their order.
    pub fn all(view: &View<'a>) -> impl Iterator<Item = Self> {
        view.tasks().map(|task| Self::new(view, &task))
    }

    /// Begins the intervals.
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
            self.intervals.push(Interval {
                class,
                state,
                worker: row.worker_id,
                phase,
                row: row.id,
                is_eviction: row.reason == Reason::Stale,
                is_cut: false,
                rolled_up: None,
                start,
                end: start,
            });
        }
        let first = self.intervals.first().map(|interval| interval.start);
        let first = first.or(rolled_up);
        let new = first.is_some() || self.now == Class::Initial; // without any history, only a new task has waited
        let created = self.task.created_at;
        if let Some(start) = created.filter(|at| new && first.is_none_or(|first| first > *at)) {
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

    /// Ends the intervals, from the last to the first: the next one ends each.
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
            // A disconnect ended the task, which leaves no row.
            self.terminal_at = last.map(|last| last.end).or(self.task.completed_at);
        }
    }

    /// True if the worker that had the task left without a row: the next state cannot follow directly.
    fn is_left(&self, view: &View, interval: &Interval, next: Option<&Interval>) -> bool {
        if interval.rolled_up.is_some() {
            return false;
        }
        match next {
            Some(next) => next.is_eviction || !view.classes.follows(interval.state, next.state),
            None => self.task.status != interval.state,
        }
    }

    /// The time back in the queue, from `end` to `until`, after the interval at `at`, which ended without a row, if the end of
    /// its worker is recorded. An eviction is different: until then no other worker could have the task.
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

    /// The last sign of a worker that left without a row: the end of its process, else the last change of the task.
    fn last_seen(&self, view: &View, worker: Option<&str>) -> Option<i64> {
        let exit = worker.and_then(|worker| view.agents.get(worker)?.ended_at);
        exit.or(self.task.updated_at)
    }

    fn of_class(&self, class: Class) -> impl Iterator<Item = &Interval<'a>> {
        let intervals = self.intervals.iter();
        intervals.filter(move |interval| interval.class == class)
    }

    /// The intervals of work.
    pub fn timed(&self) -> impl Iterator<Item = &Interval<'a>> {
        self.of_class(Class::Timed)
    }

    pub fn first_timed(&self) -> Option<&Interval<'a>> {
        self.timed().next()
    }

    /// The intervals in which it was assigned and not started.
    pub fn assigned(&self) -> impl Iterator<Item = &Interval<'a>> {
        self.of_class(Class::Assigned)
    }

    pub fn first_assigned(&self) -> Option<&Interval<'a>> {
        self.assigned().next()
    }

    /// Time worked on it, in milliseconds.
    pub fn timed_ms(&self) -> i64 {
        sum(self.timed().map(Interval::length))
    }
}
