//! The manifest's metrics while a run lives: those that follow at once from what is seen.
//!
//! They are counters to look at, not measurements: nothing is trimmed, and what is not over counts as far as it is. The
//! values that a comparison rests on come from `tg-metrics`, when the run is over, and take their places then.

use serde::Serialize;
use std::collections::BTreeMap;
use tg_host::live::{Tally, Worker};
use tg_stage::metric::{self, kind};

/// A metric of a run, now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// What it is counted in: `ms`, `usd`, `%`, `ratio`, `1/h`, `count`, or empty.
    pub unit: &'static str,
    /// Null where it is not known, or only known at the end.
    pub value: Option<f64>,
    /// Computed here from what is seen so far; false where it is what `tg-metrics` said.
    pub live: bool,
}

/// What is seen of a run.
pub struct Seen<'a> {
    /// Since the launch, in milliseconds.
    pub elapsed_ms: Option<i64>,
    /// Tasks by state.
    pub tally: &'a [Tally],
    /// Its agents.
    pub workers: &'a [Worker],
    /// Tasks begun more than once; null where nobody followed the run.
    pub reworked: Option<u64>,
    /// In USD.
    pub cost_usd: Option<f64>,
    /// In and out.
    pub tokens: Option<i64>,
    /// Now, in milliseconds since the epoch.
    pub now: i64,
}

/// The metrics called `names`, or those shown where nobody names any; the values in `last` are final.
pub fn all(names: &[String], last: &BTreeMap<String, Option<f64>>, seen: &Seen) -> Vec<Counter> {
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
            value: known.copied().unwrap_or_else(|| seen.value(name)),
            live: known.is_none(),
        }
    };
    names.iter().map(counter).collect()
}

impl Seen<'_> {
    fn value(&self, name: &str) -> Option<f64> {
        let tasks = self.count(|_| true);
        let done = self.count(|one| one.class == "success");
        let wall = self.elapsed_ms.filter(|&ms| ms > 0).map(|ms| ms as f64);
        let tokens = self.tokens.map(|tokens| tokens as f64);
        let per = |of: Option<f64>, by: f64| of.filter(|_| by > 0.0).map(|of| of / by);
        let value = match name {
            metric::WALL => wall,
            metric::COST => self.cost_usd,
            "active_work_time_ms" => self.worked().map(|ms| ms.iter().sum()),
            "agent_utilization_pct" => self.utilization(wall?),
            "tasks_per_hour" => per(Some(done * 3_600_000.0), wall?),
            "rework_rate" => per(self.reworked.map(|tasks| tasks as f64), tasks),
            "failure_rate" => per(Some(self.count(|one| one.state == "failed")), tasks),
            "completion_rate_pct" => per(Some(done * 100.0), tasks),
            "tokens_total" => tokens,
            "tokens_per_completed_task" => per(tokens, done),
            "cost_per_task" => per(self.cost_usd, tasks),
            _ => None,
        };
        value.filter(|value| value.is_finite())
    }

    fn count(&self, wanted: impl Fn(&Tally) -> bool) -> f64 {
        let found = self.tally.iter().filter(|one| wanted(one));
        found.map(|one| one.tasks as f64).sum()
    }

    /// How long each agent had something in work, in milliseconds; null where nobody followed it.
    fn worked(&self) -> Option<Vec<f64>> {
        let one = |worker: &Worker| {
            let goes_on = worker.working_since_ms.map_or(0, |since| self.now - since);
            worker
                .worked_ms
                .map(|before| (before + goes_on.max(0)) as f64)
        };
        self.workers.iter().map(one).collect()
    }

    /// The mean over those who work; who only leads is left out.
    fn utilization(&self, wall: f64) -> Option<f64> {
        let worked = self.worked()?;
        let who = self.workers.iter().zip(worked);
        let shares: Vec<f64> = who
            .filter(|(who, worked)| *worked > 0.0 || who.role.as_deref() == Some("worker"))
            .map(|(_, worked)| (100.0 * worked / wall).min(100.0))
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
            state: "idle",
            tasks: Vec::new(),
            heard_at_ms: None,
            worked_ms: Some(worked_ms),
            working_since_ms: since,
            cost_usd: None,
            tokens: None,
        }
    }

    #[test]
    fn counters_follow_from_what_is_seen() {
        let tally = |state: &str, class, tasks| Tally {
            state: state.into(),
            class,
            tasks,
        };
        let seen = Seen {
            elapsed_ms: Some(10_000),
            tally: &[
                tally("completed", "success", 2),
                tally("failed", "failure", 1),
                tally("pending", "waiting", 1),
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
        let names: Vec<String> = expected.iter().map(|one| one.0.to_string()).collect();
        let last = BTreeMap::from([("handoffs".to_string(), None)]);
        for (counter, (name, value)) in all(&names, &last, &seen).iter().zip(expected) {
            assert_eq!(
                (counter.value, counter.live),
                (value, name != "handoffs"),
                "{name}"
            );
        }
        assert_eq!(
            all(&[], &BTreeMap::new(), &seen).len(),
            metric::DEFAULT.len()
        );
    }
}
