//! When the run began, when its work was done, and how long that took.

use crate::answer::{Answer, integer};
use crate::tally::Tally;
use crate::view::View;

const EMPTY: &str = "the run has no tasks in scope";
const UNFINISHED: &str = "not all tasks came to an end";

/// The run's moments, in milliseconds since the epoch.
pub struct Clock {
    /// Creation of the first task; where tasks are left out, the first start of the others.
    pub begin: Option<i64>,
    /// The last task's end; none while a task is open.
    pub done: Option<i64>,
    /// The first agent's start.
    pub launched: Option<i64>,
    /// The first start of work.
    pub claimed: Option<i64>,
    /// Tasks that are not over.
    pub open: usize,
    /// The last task's end, else the run's.
    end: i64,
}

impl Clock {
    /// The moments of a run with these tasks in scope; of what remains of it, it begins with the first start.
    pub fn of(view: &View, tally: &Tally, is_trimmed: bool) -> Self {
        let done = if tally.open == 0 { tally.ended } else { None };
        let launched = view
            .agents
            .values()
            .filter_map(|agent| agent.started_at)
            .min();
        Self {
            begin: if is_trimmed {
                tally.claimed
            } else {
                tally.created
            },
            done,
            launched: launched.or_else(|| view.row?.started_at),
            claimed: tally.claimed,
            open: tally.open,
            end: done.unwrap_or(view.end_ms),
        }
    }

    /// The wall clock's begin and end.
    pub fn window(&self) -> (i64, i64) {
        (self.begin.unwrap_or(self.end), self.end)
    }

    /// The wall clock, in milliseconds.
    pub fn wall(&self) -> Answer {
        let begin = self.begin.ok_or(EMPTY)?;
        match self.end.saturating_sub(begin) {
            wall if wall < 0 => Err("the run ends before its tasks were created"),
            wall => integer(wall),
        }
    }

    /// The wall clock, in milliseconds; 0 where it is not known.
    pub fn wall_ms(&self) -> f64 {
        self.wall().map_or(0.0, crate::answer::Number::real)
    }

    /// From a moment to the end of all work, in milliseconds.
    pub fn until_done(&self, from: Option<i64>, reason: &'static str) -> Answer {
        let done = self.done.ok_or(UNFINISHED)?;
        integer(done.saturating_sub(from.ok_or(reason)?))
    }
}
