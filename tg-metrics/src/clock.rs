//! The begin of a run, the end of its work, and the wall clock between them.

use crate::number::{MetricValue, Number, integer};
use crate::tally::Tally;
use crate::view::View;

const EMPTY: &str = "the run has no tasks in scope";
const UNFINISHED: &str = "not all tasks came to an end";

/// The moments of a run, in milliseconds since the epoch.
pub struct Clock {
    /// The creation of the first task; if tasks are trimmed, the first start of the others.
    pub begin: Option<i64>,
    /// The last task's end; `None` while a task is open.
    done: Option<i64>,
    /// The first agent's start.
    pub launched: Option<i64>,
    /// The first start of work.
    pub claimed: Option<i64>,
    /// The last task's end, else the run's.
    end: i64,
}

impl Clock {
    pub fn new(view: &View, tally: &Tally, is_trimmed: bool) -> Self {
        let done = if tally.open == 0 { tally.ended } else { None };
        let started = view.agents.values().filter_map(|agent| agent.started_at);
        Self {
            begin: if is_trimmed {
                tally.claimed
            } else {
                tally.created
            },
            done,
            launched: started.min().or_else(|| view.row?.started_at),
            claimed: tally.claimed,
            end: done.unwrap_or(view.end_ms),
        }
    }

    /// The begin and end of the wall clock.
    pub fn window(&self) -> (i64, i64) {
        (self.begin.unwrap_or(self.end), self.end)
    }

    /// The wall clock, in milliseconds.
    pub fn wall(&self) -> MetricValue {
        let begin = self.begin.ok_or(EMPTY)?;
        match self.end.saturating_sub(begin) {
            wall if wall < 0 => Err("the run ends before its tasks were created"),
            wall => integer(wall),
        }
    }

    /// The wall clock, in milliseconds; 0 if it is unknown.
    pub fn wall_ms(&self) -> f64 {
        self.wall().map_or(0.0, Number::real)
    }

    /// The time from a moment to the end of all work, in milliseconds.
    pub fn until_done(&self, from: Option<i64>, reason: &'static str) -> MetricValue {
        let done = self.done.ok_or(UNFINISHED)?;
        integer(done.saturating_sub(from.ok_or(reason)?))
    }
}
