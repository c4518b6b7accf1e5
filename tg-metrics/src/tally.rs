//! What the metrics sum over tasks, gathered in one walk through them: a million stories are not kept.

use crate::answer::{Answer, ratio};
use crate::intervals::{Class, Interval, Story};
use crate::redo;
use crate::unseen;
use crate::view::View;
use crate::waits::Wait;

/// A mean in the making.
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

    fn and(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            n: self.n + other.n,
        }
    }

    /// The mean; where there are no values, `reason`.
    pub fn answer(&self, reason: &'static str) -> Answer {
        ratio(self.sum, self.n as f64, reason)
    }
}

/// Sums over the tasks in scope; times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Tasks.
    pub tasks: usize,
    /// Those that came to a good end.
    pub completed: usize,
    /// Those that ended failed.
    pub failed: usize,
    /// Those that are not over.
    pub open: usize,
    /// Those that entered some timed state more than once.
    pub reentered: usize,
    /// Those that were done again.
    pub redone: usize,
    /// Those that came to a good end without that.
    pub first_pass: usize,
    /// Changes of workers.
    pub handoffs: usize,
    /// Assignments beyond the first.
    pub reassignments: usize,
    /// Whether any was given to somebody.
    pub was_given: bool,
    /// Creation of the first.
    pub created: Option<i64>,
    /// The first start of work.
    pub claimed: Option<i64>,
    /// The last end.
    pub ended: Option<i64>,
    /// Time back in the queue.
    pub put_back: i64,
    /// Time waiting for somebody to begin.
    pub waiting: i64,
    /// Time worked.
    pub timed: i64,
    /// From creation to being given out.
    pub dispatch: Mean,
    /// Waits right before work.
    pub pickup: Mean,
    /// From creation to a good end.
    pub latency: Mean,
    /// Time worked by time estimated.
    pub estimate: Mean,
    /// Time of work as the host counted it, where it did.
    pub actual: Option<i64>,
    /// Whether some interval of work was ended.
    pub was_ended: bool,
    /// Points of all, where any has some.
    pub points: Option<f64>,
    /// Points of those that came to a good end.
    pub completed_points: f64,
    /// Intervals whose end is not known.
    pub cut: usize,
    /// Tasks that changed hands by force.
    pub owner_changed: usize,
    /// Tasks of which it is not known in which phase they began.
    pub phase_unknown: usize,
    /// Waiting for predecessors.
    pub blocked: i64,
    /// Ready, and nobody's.
    pub ready: i64,
    /// Somebody's, and not begun.
    pub assigned: i64,
    /// From ready to given out.
    pub dispatch_from_ready: Mean,
    /// Started while a predecessor was open.
    pub early: usize,
    /// Started after a predecessor had failed or was cancelled.
    pub tainted: usize,
}

/// The two as one; the one that is known, if only one is.
fn both<T>(one: Option<T>, other: Option<T>, and: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(and(one, other)),
        (one, other) => one.or(other),
    }
}

/// The smaller of what is known.
fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    both(one, other, i64::min)
}

impl Tally {
    /// Add a task in scope; the agents are `scale` times faster than the estimates.
    pub fn add(&mut self, view: &View, story: &Story, scale: f64) {
        let is_completed = story.now == Class::Success;
        let is_redone = redo::is_redone(story);
        self.tasks += 1;
        self.completed += usize::from(is_completed);
        self.failed += usize::from(story.task.status == "failed");
        self.open += usize::from(!story.now.is_terminal());
        self.reentered += usize::from(redo::is_reentered(story));
        self.redone += usize::from(is_redone);
        self.first_pass += usize::from(is_completed && !is_redone);
        self.handoffs += redo::handoffs(story);
        self.reassignments += redo::reassignments(story);
        self.owner_changed += usize::from(unseen::has_changed_owner(story));
        self.phase_unknown += usize::from(unseen::has_unknown_phase(view, story));
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
        let mut was_out = false; // given out or begun
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

    /// Add where the time before the first start of a task went.
    pub fn add_wait(&mut self, wait: &Wait) {
        self.blocked = self.blocked.saturating_add(wait.blocked);
        self.ready = self.ready.saturating_add(wait.ready);
        self.assigned = self.assigned.saturating_add(wait.assigned);
        self.dispatch_from_ready.add_some(wait.dispatch);
        self.early += usize::from(wait.is_early);
        self.tainted += usize::from(wait.is_tainted);
    }

    /// With the sums over other tasks, which follow these.
    #[must_use]
    pub fn and(&self, next: &Self) -> Self {
        Self {
            tasks: self.tasks + next.tasks,
            completed: self.completed + next.completed,
            failed: self.failed + next.failed,
            open: self.open + next.open,
            reentered: self.reentered + next.reentered,
            redone: self.redone + next.redone,
            first_pass: self.first_pass + next.first_pass,
            handoffs: self.handoffs + next.handoffs,
            reassignments: self.reassignments + next.reassignments,
            was_given: self.was_given | next.was_given,
            created: least(self.created, next.created),
            claimed: least(self.claimed, next.claimed),
            ended: self.ended.max(next.ended),
            put_back: self.put_back.saturating_add(next.put_back),
            waiting: self.waiting.saturating_add(next.waiting),
            timed: self.timed.saturating_add(next.timed),
            dispatch: self.dispatch.and(next.dispatch),
            pickup: self.pickup.and(next.pickup),
            latency: self.latency.and(next.latency),
            estimate: self.estimate.and(next.estimate),
            actual: both(self.actual, next.actual, i64::saturating_add),
            was_ended: self.was_ended | next.was_ended,
            points: both(self.points, next.points, std::ops::Add::add),
            completed_points: self.completed_points + next.completed_points,
            cut: self.cut + next.cut,
            owner_changed: self.owner_changed + next.owner_changed,
            phase_unknown: self.phase_unknown + next.phase_unknown,
            blocked: self.blocked.saturating_add(next.blocked),
            ready: self.ready.saturating_add(next.ready),
            assigned: self.assigned.saturating_add(next.assigned),
            dispatch_from_ready: self.dispatch_from_ready.and(next.dispatch_from_ready),
            early: self.early + next.early,
            tainted: self.tainted + next.tainted,
        }
    }
}
