//! One walk through the tasks of a run, in which everything is gathered that is told task by task.
//!
//! The tasks of a large run are walked through in two halves at the same time. Where the halves meet depends on the run alone,
//! so that sums are the same however many processors there are.

use crate::facts::Parts;
use crate::intervals::Class;
use crate::scope::{self, Scope};
use crate::tally::Tally;
use crate::view::View;
use crate::waits::{Before, Wait};
use crate::workers::Spans;
use std::collections::BTreeSet;
use std::ops::Range;
use std::thread;
use tg_host::ledger::names::Name;

/// From how many tasks on that is worth a thread.
const MANY: usize = 20_000;

/// What there is to know before the walk.
pub struct Walk<'v, 'a> {
    /// The run.
    pub view: &'v View<'a>,
    /// Which tasks count.
    pub scope: Scope,
    /// Those of them that are left out.
    pub left_out: &'v BTreeSet<Name>,
    /// How much faster than the estimates the agents are made to work.
    pub scale: f64,
    /// What is asked for.
    pub parts: Parts,
    /// What each task waited for, if that is asked for.
    pub before: Option<&'v Before>,
}

/// What is known after it.
#[derive(Default)]
pub struct Gathered<'a> {
    /// Sums over the tasks in scope.
    pub tally: Tally,
    /// Who worked when.
    pub spans: Spans<'a>,
    /// Time worked on each task, by its place, if that is asked for.
    pub work: Vec<i64>,
    /// How often tasks were given to somebody.
    pub given: usize,
    /// To nobody by name.
    pub unowned: usize,
    /// How many tasks in scope were left out.
    pub cut: usize,
}

impl<'a> Walk<'_, 'a> {
    /// Walk through all tasks.
    pub fn all(&self) -> Gathered<'a> {
        let count = self.view.len();
        if count < MANY {
            return self.part(0..count);
        }
        thread::scope(|scope| {
            let second = scope.spawn(|| self.part(count / 2..count));
            let first = self.part(0..count / 2);
            match second.join() {
                Ok(second) => first.and(second),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn part(&self, places: Range<usize>) -> Gathered<'a> {
        let mut gathered = Gathered::default();
        for place in places {
            let worked = self.take(place, &mut gathered);
            if self.parts.chain {
                gathered.work.push(worked);
            }
        }
        gathered
    }

    /// Take up one task; the time worked on it, if it counts.
    fn take(&self, place: usize, gathered: &mut Gathered<'a>) -> i64 {
        let story = self.view.story(place);
        let intervals = story.intervals.iter();
        for interval in intervals.filter(|interval| interval.class == Class::Assigned) {
            gathered.given += 1;
            gathered.unowned += usize::from(interval.worker.is_none());
        }
        if !scope::is_in(self.view, &story, self.scope) {
            return 0;
        }
        if self.left_out.contains(&story.task.name) {
            gathered.cut += 1;
            return 0;
        }
        gathered.tally.add(self.view, &story, self.scale);
        gathered.spans.add(&story);
        if let (Some(before), Some(first)) = (self.before, story.first_timed()) {
            let wait = Wait::of(&story, first, before.get(place));
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
    /// With what was gathered from the tasks that follow.
    fn and(mut self, next: Gathered<'a>) -> Self {
        self.tally = self.tally.and(&next.tally);
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

    /// Three tasks, each of which has something of its own: one is given out twice and done again, one fails, one is open.
    fn ledger() -> Ledger {
        let row = |id: i64, task: &str, status: &str, worker: Option<&str>, at: i64| json!({"id": id, "task_id": task, "status": status, "worker_id": worker, "timestamp": at});
        let task = |id: &str, status: &str, more: i64| {
            json!({"id": id, "status": status, "created_at": more, "points": more, "time_actual_ms": 5 * more,
                   "time_estimate_ms": 7, "cost_usd": 0.5})
        };
        let rows = [
            row(1, "a", "pending", None, 1),
            row(2, "a", "assigned", Some("w1"), 5),
            row(3, "a", "working", Some("w1"), 9),
            row(4, "a", "pending", None, 14),
            row(5, "a", "assigned", None, 15),
            row(6, "a", "working", Some("w2"), 20),
            row(7, "a", "completed", Some("w2"), 31),
            row(8, "b", "pending", None, 2),
            row(9, "b", "working", Some("w2"), 32),
            row(10, "b", "failed", Some("w2"), 40),
            row(11, "c", "pending", None, 3),
            row(12, "c", "working", Some("w1"), 15),
        ];
        let tasks = [
            task("a", "completed", 1),
            task("b", "failed", 2),
            task("c", "working", 3),
        ];
        let edges = [json!({"from_task_id": "b", "to_task_id": "a", "dep_type": "blocks"})];
        let tables = json!({"tasks": tasks, "task_sequence": rows, "dependencies": edges});
        let text = json!({"exported_by": "test", "tables": tables}).to_string();
        Ledger::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn wherever_it_is_cut_in_two_the_whole_is_the_same() {
        let ledger = ledger();
        let view = View::of(&ledger, None);
        let before = Before::of(&view);
        let walk = Walk {
            view: &view,
            scope: Scope::Work,
            left_out: &BTreeSet::new(),
            scale: 1.0,
            parts: Parts::ALL,
            before: Some(&before),
        };
        let told = |gathered: Gathered| {
            let workers = Workers::of(&view, gathered.spans, (0, 100), true);
            let counts = (gathered.given, gathered.unowned, gathered.cut, workers.peak);
            (gathered.tally, gathered.work, counts, workers.loads)
        };
        let whole = told(walk.part(0..3));
        assert!(
            whole.0.reentered == 1 && whole.0.tainted + whole.0.early == 1 && whole.3.len() == 2
        );
        for at in 0..=3 {
            let halves = walk.part(0..at).and(walk.part(at..3));
            assert_eq!(told(halves), whole, "cut at {at}");
        }
    }
}
