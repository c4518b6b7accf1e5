//! The manifest's metrics of a running run, as far as they follow from its current state.
//!
//! They are counters for people to look at, not measurements: nothing is trimmed, and tasks in progress count as far as they
//! are. `tg-metrics` computes the values for comparisons when the run has ended, and they replace the counters.

use serde::Serialize;
use std::collections::BTreeMap;
use tg_host::live::{Tally, Worker};
use tg_host::states;
use tg_stage::metric::{self, kind};

/// A metric of a run at this moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counter {
    pub name: String,
    /// `ms`, `usd`, `%`, `ratio`, `1/h`, `count`, or empty.
    pub unit: &'static str,
    /// Null if it is not known, or only known at the end.
    pub value: Option<f64>,
    /// True if it was computed here from the current state, false if `tg-metrics` computed it.
    pub live: bool,
}

/// The state of a run.
pub struct Counted<'a> {
    pub elapsed_ms: Option<i64>,
    pub tally: &'a [Tally],
    pub workers: &'a [Worker],
    /// Tasks that were begun more than once; none if the run was not followed.
    pub reworked: Option<u64>,
    pub cost_usd: Option<f64>,
    /// In and out.
    pub tokens: Option<i64>,
    /// Milliseconds since the epoch.
    pub now: i64,
}

/// The counters of the metrics `names`, or of the default ones if there are no names; values in `last` are final.
pub fn counters(
    names: &[String],
    last: &BTreeMap<String, Option<f64>>,
    state: &Counted,
) -> Vec<Counter> {
    let own: Vec<&str> = names.iter().map(String::as_str).collect();
    let names: &[&str] = if own.is_empty() {
        &metric::DEFAULT
    } else {
        &own
    };
    let counter = |name: &&str| {
        let known = last.get(*name);
        Counter {
            name: (*name).into(),
            unit: kind(name).unit.name(),
            value: known.copied().unwrap_or_else(|| state.value(name)),
            live: known.is_none(),
        }
    };
    names.iter().map(counter).collect()
}

impl Counted<'_> {
    fn value(&self, name: &str) -> Option<f64> {
        let tasks = self.count(|_| true);
        let done = self.count(|entry| entry.class == "success");
        let wall = self.elapsed_ms.filter(|&ms| ms > 0).map(|ms| ms as f64);
        let tokens = self.tokens.map(|tokens| tokens as f64);
        let per = |sum: Option<f64>, by: f64| sum.filter(|_| by > 0.0).map(|sum| sum / by);
        let value = match name {
            metric::WALL => wall,
            metric::COST => self.cost_usd,
            "active_work_time_ms" => self.worked_ms().map(|ms| ms.iter().sum()),
            "agent_utilization_pct" => self.utilization(wall?),
            "tasks_per_hour" => per(Some(done * 3_600_000.0), wall?),
            "rework_rate" => per(self.reworked.map(|tasks| tasks as f64), tasks),
            "failure_rate" => per(
                Some(self.count(|entry| entry.state == states::FAILED)),
                tasks,
            ),
            "completion_rate_pct" => per(Some(done * 100.0), tasks),
            "tokens_total" => tokens,
            "tokens_per_completed_task" => per(tokens, done),
            "cost_per_task" => per(self.cost_usd, tasks),
            _ => None,
        };
        value.filter(|value| value.is_finite())
    }

    fn count(&self, is_counted: impl Fn(&Tally) -> bool) -> f64 {
        let found = self.tally.iter().filter(|entry| is_counted(entry));
        found.map(|entry| entry.tasks as f64).sum()
    }

    /// The time that each agent had a task in progress, in milliseconds; none if the run was not followed.
    fn worked_ms(&self) -> Option<Vec<f64>> {
        let worked = |worker: &Worker| {
            let current = worker.working_since_ms.map_or(0, |since| self.now - since);
            let before = worker.worked_ms;
            before.map(|before| (before + current.max(0)) as f64)
        };
        self.workers.iter().map(worked).collect()
    }

    /// The mean over the agents that work; an agent that only leads is left out.
    fn utilization(&self, wall: f64) -> Option<f64> {
        let workers = self.workers.iter().zip(self.worked_ms()?);
        let shares: Vec<f64> = workers
            .filter(|(worker, ms)| *ms > 0.0 || worker.role.as_deref() == Some("worker"))
            .map(|(_, ms)| (100.0 * ms / wall).min(100.0))
            .collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(role: &str, worked_ms: i64, since: Option<i64>) -> Worker {
        Worker {
            worker: "w".into(),
            role: Some(role.into()),
            state: tg_host::live::Activity::Idle,
            tasks: Vec::new(),
            heard_at_ms: None,
            worked_ms: Some(worked_ms),
            working_since_ms: since,
            cost_usd: None,
            tokens: None,
        }
    }

    #[test]
    fn counters_follow_from_the_current_state() {
        let tally = |state: &str, class, tasks| Tally {
            state: state.into(),
            class,
            tasks,
        };
        let state = Counted {
            elapsed_ms: Some(10_000),
            tally: &[
                tally(states::COMPLETED, "success", 2),
                tally(states::FAILED, "failure", 1),
                tally(states::PENDING, "waiting", 1),
            ],
            workers: &[
                worker("worker", 3_000, Some(9_000)),
                worker("worker", 0, None),
                worker("coordinator", 0, None),
            ],
            reworked: Some(1),
            cost_usd: Some(2.0),
            tokens: None,
            now: 10_000,
        };
        let expected = [
            ("wall_clock_time_ms", Some(10_000.0)),
            ("total_cost_usd", Some(2.0)),
            ("active_work_time_ms", Some(4_000.0)),
            ("agent_utilization_pct", Some(20.0)),
            ("tasks_per_hour", Some(720.0)),
            ("rework_rate", Some(0.25)),
            ("failure_rate", Some(0.25)),
            ("completion_rate_pct", Some(50.0)),
            ("tokens_total", None),
            ("tokens_per_completed_task", None),
            ("cost_per_task", Some(0.5)),
            ("handoffs", None),
        ];
        let names: Vec<String> = expected.iter().map(|pair| pair.0.to_string()).collect();
        let last = BTreeMap::from([("handoffs".to_string(), None)]);
        for (counter, (name, value)) in counters(&names, &last, &state).iter().zip(expected) {
            let is_live = name != "handoffs";
            assert_eq!((counter.value, counter.live), (value, is_live), "{name}");
        }
        let default = counters(&[], &BTreeMap::new(), &state);
        assert_eq!(default.len(), metric::DEFAULT.len());
    }
}
