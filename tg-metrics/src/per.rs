//! One record for each worker or task of a run, for distributions.
//!
//! Times are milliseconds from the run's begin (where its wall clock starts), durations milliseconds. A value that a
//! metric of the same name sums or averages over the run is here undivided. A task has the id of its template task, which
//! is the same in every run.

use crate::facts::Facts;
use crate::intervals::Story;
use crate::number::Number;
use crate::rework;
use crate::view::View;
use crate::waits::{AllPredecessors, Wait};
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The subject of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Per {
    /// A worker.
    Agent,
    /// A task in scope.
    Task,
}

impl Per {
    /// The records of a run.
    pub fn records(self, view: &View, facts: &Facts) -> Vec<Value> {
        match self {
            Self::Agent => agents(view, facts),
            Self::Task => tasks(view, facts),
        }
    }
}

/// A record: the keys that all records have, and its own.
fn record(kind: &str, view: &View, own: Value) -> Value {
    let mut record = Map::from_iter([("type".to_string(), kind.into()), ("v".into(), 1.into())]);
    for key in ["experiment", "id", "arm", "replicate", "simulated"] {
        let value = match (key, view.row) {
            ("id", Some(row)) => row.id.as_str().into(),
            _ => view.run.json.get(key).cloned().unwrap_or_default(),
        };
        let key = if key == "id" { "run" } else { key };
        record.insert(key.into(), value);
    }
    if let Value::Object(own) = own {
        record.extend(own);
    }
    record.into()
}

fn agents(view: &View, facts: &Facts) -> Vec<Value> {
    let mut worked: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, story) in facts.stories(view) {
        let mut workers: Vec<_> = story.timed().filter_map(|work| work.worker).collect();
        workers.sort_unstable();
        workers.dedup();
        for worker in workers {
            *worked.entry(worker).or_default() += 1;
        }
    }
    let names = facts.workers.loads.keys().chain(&facts.workers.left_out);
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    let wall = facts.clock.wall().ok().map(Number::real);
    let agent = |worker: &&str| {
        let load = facts.workers.loads.get(*worker);
        let row = view.agents.get(worker);
        let busy = load.map(|load| load.busy);
        let share = busy.zip(wall.filter(|wall| *wall > 0.0));
        record(
            "agent",
            view,
            json!({
                "worker": worker,
                "role": row.and_then(|row| row.role.as_deref()),
                "tasks": worked.get(worker).copied().unwrap_or(0),
                "busy_ms": busy,
                "idle_ms": load.map(|load| load.gaps),
                "utilization_pct": share.map(|(busy, wall)| 100.0 * busy as f64 / wall),
                "cost_usd": row.and_then(|row| row.cost_usd),
                "cost_source": row.and_then(|row| row.cost_source.as_deref()),
                "tokens_in": row.and_then(|row| row.tokens_in),
                "tokens_out": row.and_then(|row| row.tokens_out),
                "tokens_cached": row.and_then(|row| row.tokens_cached),
            }),
        )
    };
    names.iter().map(agent).collect()
}

fn tasks(view: &View, facts: &Facts) -> Vec<Value> {
    let begin = facts.clock.begin;
    let since = |time: Option<i64>| Some(time?.saturating_sub(begin?));
    let before = AllPredecessors::new(view);
    let task = |(place, story): (usize, Story)| {
        let first = story.first_timed();
        let wait = first.map(|first| Wait::new(&story, first, before.get(place)));
        let task = &story.task;
        let work = story
            .timed()
            .map(|work| json!([work.worker, since(Some(work.start)), since(Some(work.end))]));
        let work: Vec<Value> = work.collect();
        record(
            "task",
            view,
            json!({
                "task": task.id,
                "template_task": view.ledger.origin(task.name).map(|origin| origin.template_task_id),
                "phase": task.phase,
                "status": task.status,
                "points": task.points,
                "estimate_ms": task.time_estimate_ms,
                "actual_ms": task.time_actual_ms,
                "created_ms": since(task.created_at),
                "started_ms": since(first.map(|first| first.start)),
                "ended_ms": since(story.terminal_at),
                "timed_ms": story.timed_ms(),
                "blocked_ms": wait.map(|wait| wait.blocked),
                "ready_ms": wait.map(|wait| wait.ready),
                "assigned_ms": wait.map(|wait| wait.assigned),
                "early_start": wait.map(|wait| wait.is_early),
                "tainted_start": wait.map(|wait| wait.is_tainted),
                "redone": rework::is_redone(&story),
                "handoffs": rework::handoffs(&story),
                "cost_usd": task.cost_usd,
                "work": work,
            }),
        )
    };
    facts.stories(view).map(task).collect()
}
