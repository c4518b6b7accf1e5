//! One record for each worker or task of a run, for distributions.
//!
//! Times are milliseconds from the run's begin (where its wall clock starts), durations milliseconds. What a run's metric
//! of the same name sums or averages is here undivided. Tasks carry the id they have in the template, so that the same
//! task can be found in every run.

use crate::facts::Facts;
use crate::intervals::Story;
use crate::redo;
use crate::view::View;
use crate::waits::{Before, Wait};
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What one record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Per {
    /// A worker.
    Agent,
    /// A task in scope.
    Task,
}

/// The records of a run.
pub fn records(per: Per, view: &View, facts: &Facts) -> Vec<Value> {
    match per {
        Per::Agent => agents(view, facts),
        Per::Task => tasks(view, facts),
    }
}

/// The keys that every record has: what it is, and of which run.
fn head(kind: &str, view: &View) -> Map<String, Value> {
    let run = |key: &str| view.run.get(key).cloned().unwrap_or_default();
    let id = view
        .row
        .map_or_else(|| run("id"), |row| row.id.as_str().into());
    let head = [
        ("type", kind.into()),
        ("v", 1.into()),
        ("experiment", run("experiment")),
        ("run", id),
        ("arm", run("arm")),
        ("replicate", run("replicate")),
        ("simulated", run("simulated")),
    ];
    head.into_iter()
        .map(|(key, value)| (key.to_string(), value))
        .collect()
}

fn record(kind: &str, view: &View, rest: Value) -> Value {
    let mut record = head(kind, view);
    if let Value::Object(rest) = rest {
        record.extend(rest);
    }
    record.into()
}

fn agents(view: &View, facts: &Facts) -> Vec<Value> {
    let mut worked: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, story) in facts.stories(view) {
        let mut workers: Vec<_> = story
            .timed()
            .filter_map(|interval| interval.worker)
            .collect();
        workers.sort_unstable();
        workers.dedup();
        for worker in workers {
            *worked.entry(worker).or_default() += 1;
        }
    }
    let left_out = facts.workers.left_out.iter().map(String::as_str);
    let names = facts
        .workers
        .loads
        .keys()
        .map(String::as_str)
        .chain(left_out);
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let wall = facts.clock.wall().ok().map(crate::answer::Number::real);
    let one = |worker: &&str| {
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
    names.iter().map(one).collect()
}

fn tasks(view: &View, facts: &Facts) -> Vec<Value> {
    let begin = facts.clock.begin;
    let since = |time: Option<i64>| Some(time?.saturating_sub(begin?));
    let before = Before::of(view);
    let one = |(place, story): (usize, Story)| {
        let first = story.first_timed();
        let wait = first.map(|first| Wait::of(&story, first, before.get(place)));
        let task = &story.task;
        let work: Vec<Value> = story
            .timed()
            .map(|interval| {
                json!([
                    interval.worker,
                    since(Some(interval.start)),
                    since(Some(interval.end))
                ])
            })
            .collect();
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
                "started_ms": since(story.first_timed().map(|first| first.start)),
                "ended_ms": since(story.terminal_at),
                "timed_ms": story.timed_ms(),
                "blocked_ms": wait.map(|wait| wait.blocked),
                "ready_ms": wait.map(|wait| wait.ready),
                "assigned_ms": wait.map(|wait| wait.assigned),
                "early_start": wait.map(|wait| wait.is_early),
                "tainted_start": wait.map(|wait| wait.is_tainted),
                "redone": redo::is_redone(&story),
                "handoffs": redo::handoffs(&story),
                "cost_usd": task.cost_usd,
                "work": work,
            }),
        )
    };
    facts.stories(view).map(one).collect()
}
