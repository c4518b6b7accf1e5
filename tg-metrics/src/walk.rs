//! One walk through the tasks of a run, which collects everything that is summed task by task.
//!
//! Two threads walk through the halves of a large run. The place of the cut depends on the run alone, so that sums are the
//! same on any number of processors.

use crate::intervals::Story;
use crate::scope::{self, Scope};
use crate::tally::Tally;
use crate::view::View;
use crate::waits::{AllPredecessors, Wait};
use crate::workers::Spans;
use std::collections::BTreeSet;
use std::ops::Range;
use std::thread;
use tg_host::ledger::names::Name;

/// The number of tasks from which on a second thread pays off.
const MANY: usize = 20_000;

/// The parts of the walk that take time of their own, and are skipped unless a requested metric depends on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The time before the first starts, which takes a walk through all edges.
    pub waits: bool,
    /// The longest chain of work, which takes another.
    pub chain: bool,
    /// The most tasks at one time, for which all starts and ends are sorted.
    pub peak: bool,
}

/// The metrics that depend on each part.
const OF_WAITS: [&str; 6] = [
    "dispatch_from_ready_ms",
    "blocked_time_ms",
    "ready_wait_time_ms",
    "assigned_wait_time_ms",
    "tainted_starts",
    "early_starts",
];
const OF_CHAIN: [&str; 2] = ["critical_path_ms", "bound_efficiency"];
const OF_PEAK: [&str; 1] = ["peak_parallelism"];

impl Parts {
    /// All parts.
    pub const ALL: Self = Self {
        waits: true,
        chain: true,
        peak: true,
    };

    /// The parts that the metrics of these names depend on.
    pub fn needed_by(names: &[&str]) -> Self {
        let any = |of: &[&str]| names.iter().any(|name| of.contains(name));
        Self {
            waits: any(&OF_WAITS),
            chain: any(&OF_CHAIN),
            peak: any(&OF_PEAK),
        }
    }

    /// True if a part depends on the edges that order tasks.
    pub fn need_order(self) -> bool {
        self.waits || self.chain
    }
}

/// The input of the walk.
pub struct Walk<'v, 'a> {
    pub view: &'v View<'a>,
    pub scope: Scope,
    /// Tasks in scope that are trimmed.
    pub trimmed: &'v BTreeSet<Name>,
    /// The factor from estimates to work time.
    pub scale: f64,
    pub parts: Parts,
    /// The predecessors of each task, if the waits are a part.
    pub before: Option<&'v AllPredecessors>,
}

/// The result of the walk.
#[derive(Default)]
pub struct Gathered<'a> {
    /// Sums over the tasks in scope.
    pub tally: Tally,
    /// The intervals of work by worker.
    pub spans: Spans<'a>,
    /// Time worked on each task, by its place, if the chain is a part.
    pub work: Vec<i64>,
    /// Assignments.
    pub given: usize,
    /// Assignments to no named worker.
    pub unowned: usize,
    /// The number of trimmed tasks.
    pub cut: usize,
}

impl<'a> Walk<'_, 'a> {
    pub fn all(&self) -> Gathered<'a> {
        let count = self.view.len();
        if count < MANY {
            return self.part(0..count);
        }
        thread::scope(|scope| {
            let second = scope.spawn(|| self.part(count / 2..count));
            let first = self.part(0..count / 2);
            match second.join() {
                Ok(second) => first.plus(second),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn part(&self, places: Range<usize>) -> Gathered<'a> {
        let mut gathered = Gathered::default();
        for place in places {
            let worked = self.visit(place, &mut gathered);
            if self.parts.chain {
                gathered.work.push(worked);
            }
        }
        gathered
    }

    /// Adds one task; returns the time worked on it, if it counts.
    fn visit(&self, place: usize, gathered: &mut Gathered<'a>) -> i64 {
        let story = Story::new(self.view, &self.view.task(place));
        for interval in story.assigned() {
            gathered.given += 1;
            gathered.unowned += usize::from(interval.worker.is_none());
        }
        if !scope::is_in(self.view, &story, self.scope) {
            return 0;
        }
        if self.trimmed.contains(&story.task.name) {
            gathered.cut += 1;
            return 0;
        }
        gathered.tally.add(self.view, &story, self.scale);
        gathered.spans.add(&story);
        if let (Some(before), Some(first)) = (self.before, story.first_timed()) {
            let wait = Wait::new(&story, first, before.get(place));
            gathered.tally.add_wait(&wait);
        }
        if self.parts.chain {
            story.timed_ms()
        } else {
            0
        }
    }
}

impl<'a> Gathered<'a> {
    /// The result with that for the tasks that follow.
    fn plus(mut self, next: Gathered<'a>) -> Self {
        self.tally = self.tally.plus(&next.tally);
        self.spans.extend(next.spans);
        self.work.extend(next.work);
        self.given += next.given;
        self.unowned += next.unowned;
        self.cut += next.cut;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::Workers;
    use serde_json::json;
    use tg_host::Ledger;

    /// Three tasks: one is assigned twice and done again, one fails, one is open.
    fn ledger() -> Ledger {
        let rows = "a pending - 1, a assigned w1 5, a working w1 9, a pending - 14, a assigned - 15, a working w2 20, \
                    a completed w2 31, b pending - 2, b working w2 32, b failed w2 40, c pending - 3, c working w1 15";
        let row = |(id, row): (usize, &str)| {
            let words: Vec<&str> = row.split_whitespace().collect();
            let worker = Some(words[2]).filter(|worker| *worker != "-");
            json!({"id": id + 1, "task_id": words[0], "status": words[1], "worker_id": worker,
                   "timestamp": words[3].parse::<i64>().unwrap()})
        };
        let task = |(at, task): (usize, &str)| {
            let (id, status) = task.split_once(' ').unwrap();
            let n = at + 1;
            json!({"id": id, "status": status, "created_at": n, "points": n, "time_actual_ms": 5 * n,
                   "time_estimate_ms": 7, "cost_usd": 0.5})
        };
        let rows: Vec<_> = rows.split(',').enumerate().map(row).collect();
        let tasks = ["a completed", "b failed", "c working"].into_iter();
        let tasks: Vec<_> = tasks.enumerate().map(task).collect();
        let edges = [json!({"from_task_id": "b", "to_task_id": "a", "dep_type": "blocks"})];
        let tables = json!({"tasks": tasks, "task_sequence": rows, "dependencies": edges});
        let text = json!({"exported_by": "test", "tables": tables}).to_string();
        Ledger::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn wherever_it_is_cut_in_two_the_whole_is_the_same() {
        let ledger = ledger();
        let view = View::new(&ledger, None);
        let before = AllPredecessors::new(&view);
        let walk = Walk {
            view: &view,
            scope: Scope::Work,
            trimmed: &BTreeSet::new(),
            scale: 1.0,
            parts: Parts::ALL,
            before: Some(&before),
        };
        let summary = |gathered: Gathered| {
            let workers = Workers::new(&view, gathered.spans, (0, 100), true);
            let counts = (gathered.given, gathered.unowned, gathered.cut, workers.peak);
            (gathered.tally, gathered.work, counts, workers.loads)
        };
        let whole = summary(walk.part(0..3));
        assert!(
            whole.0.reentered == 1 && whole.0.tainted + whole.0.early == 1 && whole.3.len() == 2
        );
        for at in 0..=3 {
            let halves = walk.part(0..at).plus(walk.part(at..3));
            assert_eq!(summary(halves), whole, "cut at {at}");
        }
    }
}
