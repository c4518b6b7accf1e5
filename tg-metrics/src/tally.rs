//! Sums over tasks, which one walk through all tasks collects: a million stories do not stay in memory.

use crate::class::Class;
use crate::intervals::{Interval, Story};
use crate::number::{MetricValue, ratio};
use crate::rework;
use crate::view::View;
use crate::waits::Wait;
use std::ops::{Add, BitOr};
use tg_host::states;

/// A running mean.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mean {
    sum: f64,
    n: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1;
    }

    fn add_some(&mut self, value: Option<i64>) {
        if let Some(value) = value {
            self.add(value as f64);
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            n: self.n + other.n,
        }
    }

    /// The mean, or `reason` if there are no values.
    pub fn value(&self, reason: &'static str) -> MetricValue {
        ratio(self.sum, self.n as f64, reason)
    }
}

/// Declares the sums, and for each the function that combines it with the sum over later tasks.
macro_rules! sums {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $plus:expr;)*) => {
        /// Sums over the tasks in scope; times in milliseconds.
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct Tally {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Tally {
            /// The sums with those over the tasks that follow.
            #[must_use]
            pub fn plus(&self, next: &Self) -> Self {
                Self { $($field: $plus(self.$field, next.$field),)* }
            }
        }
    };
}

sums! {
    tasks: usize = Add::add;
    /// Tasks that ended well.
    completed: usize = Add::add;
    /// Tasks in the state `failed`.
    failed: usize = Add::add;
    /// Tasks that have not ended.
    open: usize = Add::add;
    /// Tasks that entered a timed state more than once.
    reentered: usize = Add::add;
    /// Tasks that were done again.
    redone: usize = Add::add;
    /// Tasks that ended well without being done again.
    first_pass: usize = Add::add;
    /// Changes of workers.
    handoffs: usize = Add::add;
    /// Assignments beyond the first.
    reassignments: usize = Add::add;
    /// True if any task was assigned.
    was_given: bool = BitOr::bitor;
    /// The first creation.
    created: Option<i64> = least;
    /// The first start of work.
    claimed: Option<i64> = least;
    /// The last end.
    ended: Option<i64> = Option::max;
    /// Time back in the queue.
    put_back: i64 = i64::saturating_add;
    /// Time waiting to be started.
    waiting: i64 = i64::saturating_add;
    /// Time worked.
    timed: i64 = i64::saturating_add;
    /// From creation to the first assignment.
    dispatch: Mean = Mean::plus;
    /// Waits right before work.
    pickup: Mean = Mean::plus;
    /// From creation to a good end.
    latency: Mean = Mean::plus;
    /// Time worked divided by time estimated.
    estimate: Mean = Mean::plus;
    /// Time worked as the host counted it, where it did.
    actual: Option<i64> = |a, b| both(a, b, i64::saturating_add);
    /// True if any interval of work ended.
    was_ended: bool = BitOr::bitor;
    /// Points of all tasks, if any task has points.
    points: Option<f64> = |a, b| both(a, b, f64::add);
    /// Points of tasks that ended well.
    completed_points: f64 = Add::add;
    /// Intervals whose end is unknown.
    cut: usize = Add::add;
    /// Tasks that changed their worker by force.
    owner_changed: usize = Add::add;
    /// Tasks whose first phase is unknown.
    phase_unknown: usize = Add::add;
    /// Time waiting for predecessors.
    blocked: i64 = i64::saturating_add;
    /// Time ready and not assigned.
    ready: i64 = i64::saturating_add;
    /// Time assigned and not started.
    assigned: i64 = i64::saturating_add;
    /// From ready to the first assignment.
    dispatch_from_ready: Mean = Mean::plus;
    /// Tasks started while a predecessor was open.
    early: usize = Add::add;
    /// Tasks started after a predecessor had failed or was cancelled.
    tainted: usize = Add::add;
}

/// Two values combined; the known one, if only one is known.
fn both<T>(one: Option<T>, other: Option<T>, combine: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(combine(one, other)),
        (one, other) => one.or(other),
    }
}

/// The smaller of the known values.
fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    both(one, other, i64::min)
}

impl Tally {
    /// Adds a task in scope; `scale` is the factor from its estimate to work time.
    pub fn add(&mut self, view: &View, story: &Story, scale: f64) {
        let is_completed = story.now == Class::Success;
        let is_redone = rework::is_redone(story);
        self.tasks += 1;
        self.completed += usize::from(is_completed);
        self.failed += usize::from(story.task.status == states::FAILED);
        self.open += usize::from(!story.now.is_terminal());
        self.reentered += usize::from(rework::is_reentered(story));
        self.redone += usize::from(is_redone);
        self.first_pass += usize::from(is_completed && !is_redone);
        self.handoffs += rework::handoffs(story);
        self.reassignments += rework::reassignments(story);
        self.owner_changed += usize::from(rework::has_changed_owner(story));
        self.phase_unknown += usize::from(rework::has_unknown_phase(view, story));
        self.add_times(story);
        self.add_worth(story, scale, is_completed);
    }

    fn add_times(&mut self, story: &Story) {
        let created = story.task.created_at;
        let first = story.first_timed().map(|first| first.start);
        let given = story.first_assigned().map(|given| given.start);
        self.created = least(self.created, created);
        self.claimed = least(self.claimed, first);
        self.ended = self.ended.max(story.terminal_at);
        self.was_given |= given.is_some();
        let since = |time: Option<i64>| Some(time?.saturating_sub(created?));
        self.dispatch.add_some(since(given));
        if story.now == Class::Success {
            self.latency.add_some(since(story.terminal_at));
        }
        let mut before: Option<&Interval> = None;
        let mut was_out = false; // assigned or started
        for interval in &story.intervals {
            let length = interval.length();
            was_out |= matches!(interval.class, Class::Assigned | Class::Timed);
            match interval.class {
                Class::Timed => self.timed = self.timed.saturating_add(length),
                class if class.is_waiting() => self.waiting = self.waiting.saturating_add(length),
                _ => {}
            }
            if was_out && interval.class == Class::Initial {
                self.put_back = self.put_back.saturating_add(length);
            }
            if let Some(before) = before {
                self.was_ended |= before.class == Class::Timed;
                if before.class.is_waiting() && interval.class == Class::Timed {
                    self.pickup.add(before.length() as f64);
                }
            }
            self.cut += usize::from(interval.is_cut);
            before = Some(interval);
        }
    }

    fn add_worth(&mut self, story: &Story, scale: f64, is_completed: bool) {
        let task = &story.task;
        if let Some(actual) = task.time_actual_ms {
            self.actual = Some(self.actual.unwrap_or(0).saturating_add(actual));
        }
        if let (Some(actual), Some(estimate)) = (task.time_actual_ms, task.time_estimate_ms)
            && actual > 0
            && estimate > 0
        {
            self.estimate.add(actual as f64 / (estimate as f64 * scale));
        }
        if let Some(points) = task.points {
            self.points = Some(self.points.unwrap_or(0.0) + points);
            self.completed_points += if is_completed { points } else { 0.0 };
        }
    }

    /// Adds the time before the first start of a task.
    pub fn add_wait(&mut self, wait: &Wait) {
        self.blocked = self.blocked.saturating_add(wait.blocked);
        self.ready = self.ready.saturating_add(wait.ready);
        self.assigned = self.assigned.saturating_add(wait.assigned);
        self.dispatch_from_ready.add_some(wait.dispatch);
        self.early += usize::from(wait.is_early);
        self.tainted += usize::from(wait.is_tainted);
    }
}
