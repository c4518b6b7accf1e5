//! The inside of an arm's runs: utilization, load, waits, completion, Gantt.

use super::values::{array, number};
use crate::distribution::{Bottleneck, CauseOfWait, Completion, Distribution, Gantt, Lane, Waits};
use serde_json::{Value, json};

/// Times are in milliseconds.
pub fn inside(own: &Distribution) -> Value {
    json!({
        "runs": own.runs,
        "utilization": own.utilization.as_ref().map(|own| json!({
            "bar_pct": 100 / own.counts.len(),
            "agents_per_bar": own.counts,
            "agents": own.agents,
        })),
        "load": own.load.map(|load| json!({
            "gini": number(load.gini),
            "max_over_mean": number(load.max_over_mean),
            "runs": load.runs,
        })),
        "waits": own.waits.as_ref().map(waits),
        "completion": array(&own.completion, completion),
        "gantt": own.gantt.as_ref().map(gantt),
    })
}

fn waits(waits: &Waits) -> Value {
    json!({
        "tasks": waits.tasks,
        "causes": array(&waits.causes, cause),
        "bottlenecks": array(&waits.bottlenecks, bottleneck),
    })
}

fn cause(own: &CauseOfWait) -> Value {
    json!({
        "cause": own.cause.name(),
        "mean_ms": number(own.mean_ms),
        "median_ms": number(own.median_ms),
        "p90_ms": number(own.p90_ms),
        "max_ms": number(own.max_ms),
    })
}

fn bottleneck(task: &Bottleneck) -> Value {
    json!({
        "template_task": task.template_task,
        "cause": task.cause.name(),
        "mean_ms": number(task.mean_ms),
        "cause_ms": number(task.cause_ms),
        "runs": task.runs,
    })
}

fn completion(curve: &Completion) -> Value {
    json!({
        "run": curve.run,
        "tasks": curve.tasks,
        "steps": array(&curve.steps, |(ms, done)| json!([ms, done])),
    })
}

fn gantt(gantt: &Gantt) -> Value {
    let lane = |lane: &Lane| {
        json!({
            "worker": lane.worker,
            "role": lane.role,
            "bars": array(&lane.bars, |bar| json!([bar.start_ms, bar.end_ms, bar.task])),
        })
    };
    json!({
        "run": gantt.run,
        "wall_ms": number(gantt.wall_ms),
        "lanes": array(&gantt.lanes, lane),
    })
}
