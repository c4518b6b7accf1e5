//! How long the rows will take and what they will cost, as far as anybody can say before.
//!
//! Three sources, the best first: runs of the same arm that are there; for the stand-in, its work model on the template's
//! estimates (a lower bound: no waiting, no rework, no coordination); the manifest's limits (an upper bound). What none of
//! them tells is said to be unknown.

use crate::matrix::Row;
use crate::template::Template;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tg_stage::{Record, StandIn, Wait};

/// A sum and how it is known.
#[derive(Clone, Copy)]
enum Amount {
    Measured(f64, usize),
    Simulated(f64),
    AtMost(f64),
    Unknown,
}

use Amount::{AtMost, Measured, Simulated, Unknown};

/// A line for each arm that has rows to be run, and the sum of all; one after the other.
pub fn text(due: &[&Row], experiment: &Path) -> String {
    let mut arms: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in due {
        arms.entry(&row.run.arm).or_default().push(row);
    }
    let mut lines = vec![String::new()];
    let (mut ms, mut usd) = (Some(0.0), Some(0.0));
    for (arm, rows) in &arms {
        let (time, cost) = of_run(rows[0], experiment);
        let runs = rows.len() as f64;
        ms = ms.zip(value(time)).map(|(sum, own)| sum + own * runs);
        usd = usd.zip(value(cost)).map(|(sum, own)| sum + own * runs);
        lines.push(format!(
            "expected {arm}: {} runs of {} and {}",
            rows.len(),
            said(time, duration),
            said(cost, dollars)
        ));
    }
    let total =
        |sum: Option<f64>, shown: fn(f64) -> String| sum.map_or_else(|| "unknown".into(), shown);
    let budget = due
        .iter()
        .find_map(|row| row.run.limits.experiment_cost_usd);
    let budget = budget.map_or_else(String::new, |usd| {
        format!("; the budget is {}", dollars(usd))
    });
    let at_most = "one after the other, without what tools and agents take to start";
    lines.push(format!(
        "expected in all: {} runs, time {}, cost {}{budget} ({at_most})",
        due.len(),
        total(ms, duration),
        total(usd, dollars)
    ));
    lines.join("\n") + "\n"
}

/// The time in milliseconds and the cost in USD of one run of the arm of `row`.
fn of_run(row: &Row, experiment: &Path) -> (Amount, Amount) {
    let [time, cost] = earlier(row, experiment);
    let (ms, usd) = row
        .run
        .stand_in
        .as_ref()
        .map_or((Unknown, Unknown), |model| {
            let (minutes, path) = work(&row.template, model);
            let workers = f64::from(row.run.agents - u32::from(leads(&row.run.workflow)));
            let ms = path.max(minutes / workers.max(1.0)) * 60_000.0 * model.time_scale;
            (Simulated(ms), Simulated(minutes * usd_per_minute(model)))
        });
    let limits = &row.run.limits;
    let most_ms = limits.timeout_ms.map_or(Unknown, |ms| AtMost(ms as f64));
    let most_usd = limits.run_cost_usd.map_or(Unknown, AtMost);
    (first([time, ms, most_ms]), first([cost, usd, most_usd]))
}

fn first(amounts: [Amount; 3]) -> Amount {
    let mut known = amounts
        .into_iter()
        .filter(|amount| !matches!(amount, Unknown));
    known.next().unwrap_or(Unknown)
}

fn leads(workflow: &str) -> bool {
    crate::cell::LED.contains(&workflow)
}

/// The means over the runs of this arm that are there and say something of the agents.
fn earlier(row: &Row, experiment: &Path) -> [Amount; 2] {
    let mut sums = [(0.0, 0); 2];
    for entry in experiment.read_dir().into_iter().flatten().flatten() {
        let Ok(record) = Record::load(&entry.path().join("run.json")) else {
            continue;
        };
        let is_arm = record
            .value("run")
            .is_some_and(|run| run["arm"] == *row.run.arm);
        let is_void = record
            .get::<Wait>("wait")
            .map_or(true, |wait| wait.says_nothing());
        let Some(metrics) = record.value("metrics").filter(|_| is_arm && !is_void) else {
            continue;
        };
        for (name, sum) in ["wall_clock_time_ms", "total_cost_usd"]
            .iter()
            .zip(&mut sums)
        {
            if let Some(value) = metrics[*name].as_f64() {
                *sum = (sum.0 + value, sum.1 + 1);
            }
        }
    }
    sums.map(|(sum, n)| {
        if n > 0 {
            Measured(sum / n as f64, n)
        } else {
            Unknown
        }
    })
}

/// All the work in a template and the longest path through it, in estimated minutes.
fn work(template: &Template, model: &StandIn) -> (f64, f64) {
    let edges = &template.dependencies;
    let containers: BTreeSet<&str> = edges
        .iter()
        .filter(|edge| edge.is_containment())
        .map(|edge| edge.from_task_id.as_str())
        .collect();
    let minutes: BTreeMap<&str, f64> = template
        .tasks
        .iter()
        .map(|task| {
            let task = &task.task;
            let estimate = task
                .time_estimate_ms
                .map_or(model.default_estimate_min, |ms| ms as f64 / 60_000.0);
            (
                task.id.as_str(),
                if containers.contains(task.id.as_str()) {
                    0.0
                } else {
                    estimate
                },
            )
        })
        .collect();
    let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut open: BTreeMap<&str, usize> = minutes.keys().map(|id| (*id, 0)).collect();
    for edge in edges.iter().filter(|edge| edge.is_ordering()) {
        after
            .entry(&edge.from_task_id)
            .or_default()
            .push(&edge.to_task_id);
        *open.entry(&edge.to_task_id).or_default() += 1;
    }
    let mut free: Vec<&str> = open
        .iter()
        .filter(|task| *task.1 == 0)
        .map(|task| *task.0)
        .collect();
    let mut begins: BTreeMap<&str, f64> = BTreeMap::new();
    let mut longest = 0.0_f64;
    while let Some(id) = free.pop() {
        let end = begins.get(id).copied().unwrap_or(0.0) + minutes[id];
        longest = longest.max(end);
        for next in after.get(id).into_iter().flatten() {
            let begin = begins.entry(next).or_default();
            *begin = begin.max(end);
            if let Some(open) = open.get_mut(next) {
                *open -= 1;
                if *open == 0 {
                    free.push(next);
                }
            }
        }
    }
    (minutes.values().sum(), longest)
}

/// What a minute of the stand-in's work costs, in USD.
fn usd_per_minute(model: &StandIn) -> f64 {
    let read = (1.0 - model.cached_share) * model.usd_per_mtok_in
        + model.cached_share * model.usd_per_mtok_cached;
    (model.tokens_in_per_min * read + model.tokens_out_per_min * model.usd_per_mtok_out)
        / 1_000_000.0
}

fn value(amount: Amount) -> Option<f64> {
    match amount {
        Measured(value, _) | Simulated(value) | AtMost(value) => Some(value),
        Unknown => None,
    }
}

fn said(amount: Amount, shown: fn(f64) -> String) -> String {
    match amount {
        Measured(value, n) => format!(
            "{} (mean of {n} run{})",
            shown(value),
            if n == 1 { "" } else { "s" }
        ),
        Simulated(value) => format!("at least {} (simulated, from the estimates)", shown(value)),
        AtMost(value) => format!("at most {} (its limit)", shown(value)),
        Unknown => "unknown".into(),
    }
}

/// Milliseconds as people read them.
fn duration(ms: f64) -> String {
    match ms / 1000.0 {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

fn dollars(usd: f64) -> String {
    format!("{usd:.2} USD")
}
