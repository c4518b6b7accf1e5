//! The inside of an arm's runs: utilization, load, waits, completion, Gantt.

use super::number;
use crate::distribution::{Bottleneck, CauseOfWait, Completion, Distribution, Gantt, Lane, Waits};
use serde_json::{Value, json};

/// All of it; times in milliseconds.
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
        "completion": own.completion.iter().map(completion).collect::<Vec<_>>(),
        "gantt": own.gantt.as_ref().map(gantt),
    })
}

fn waits(waits: &Waits) -> Value {
    json!({
        "tasks": waits.tasks,
        "causes": waits.causes.iter().map(cause).collect::<Vec<_>>(),
        "bottlenecks": waits.bottlenecks.iter().map(bottleneck).collect::<Vec<_>>(),
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
    let steps = curve.steps.iter();
    json!({
        "run": curve.run,
        "tasks": curve.tasks,
        "steps": steps.map(|(ms, done)| json!([ms, done])).collect::<Vec<_>>(),
    })
}

fn gantt(gantt: &Gantt) -> Value {
    let lane = |lane: &Lane| {
        let bars = lane.bars.iter();
        json!({
            "worker": lane.worker,
            "role": lane.role,
            "bars": bars.map(|bar| json!([bar.start_ms, bar.end_ms, bar.task])).collect::<Vec<_>>(),
        })
    };
    json!({
        "run": gantt.run,
        "wall_ms": number(gantt.wall_ms),
        "lanes": gantt.lanes.iter().map(lane).collect::<Vec<_>>(),
    })
}
