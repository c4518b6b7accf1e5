//! The expected time and cost of the rows, as far as they can be known before.
//!
//! Three sources, the best first: earlier runs of the same arm; for the simulated agent, its work model on the template's
//! estimates (a lower bound: no waiting, no rework, no coordination); the manifest's limits (an upper bound). Without any
//! of them the amount is unknown.

use crate::row::Row;
use crate::template::Template;
use std::collections::BTreeMap;
use tg_host::snapshot::TaskRow;
use tg_stage::{Experiment, RunDir, RunState, WorkModel, directories, workflows};

/// An amount and its source.
#[derive(Clone, Copy)]
enum Amount {
    Measured(f64, usize),
    Simulated(f64),
    AtMost(f64),
    Unknown,
}

use Amount::{AtMost, Measured, Simulated, Unknown};

/// A line for each arm that has rows to be run, and the sum of all, one run after the other.
pub fn text(due: &[&Row], experiment: &Experiment) -> String {
    let mut arms: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in due {
        arms.entry(&row.run.arm).or_default().push(row);
    }
    let mut lines = vec![String::new()];
    let (mut ms, mut usd) = (Some(0.0), Some(0.0));
    for (arm, rows) in &arms {
        let (time, cost) = of_run(rows[0], experiment);
        let runs = rows.len() as f64;
        ms = ms.zip(value(time)).map(|(sum, one)| sum + one * runs);
        usd = usd.zip(value(cost)).map(|(sum, one)| sum + one * runs);
        let (count, time, cost) = (rows.len(), shown(time, duration), shown(cost, dollars));
        lines.push(format!("expected {arm}: {count} runs of {time} and {cost}"));
    }
    let total =
        |sum: Option<f64>, shown: fn(f64) -> String| sum.map_or_else(|| "unknown".into(), shown);
    let mut limits = due.iter().map(|row| &row.run.limits);
    let budget = limits.find_map(|limits| limits.experiment_cost_usd);
    let budget = budget.map(|usd| format!("; the budget is {}", dollars(usd)));
    lines.push(format!(
        "expected in all: {} runs, time {}, cost {}{} (one after the other, without the time tools and agents take to start)",
        due.len(),
        total(ms, duration),
        total(usd, dollars),
        budget.unwrap_or_default()
    ));
    lines.join("\n") + "\n"
}

/// The time in milliseconds and the cost in USD of one run of the arm of `row`.
fn of_run(row: &Row, experiment: &Experiment) -> (Amount, Amount) {
    let [time, cost] = measured(row, experiment);
    let (ms, usd) = match &row.run.stand_in {
        Some(model) => {
            let (minutes, path) = work(&row.template, model);
            let leaders = u32::from(workflows::pattern(&row.run.workflow).leader.is_some());
            let workers = f64::from(row.run.agents - leaders);
            let ms = path.max(minutes / workers.max(1.0)) * 60_000.0 * model.time_scale;
            (Simulated(ms), Simulated(minutes * usd_per_minute(model)))
        }
        None => (Unknown, Unknown),
    };
    let limits = &row.run.limits;
    let most_ms = limits.timeout_ms.map_or(Unknown, |ms| AtMost(ms as f64));
    let most_usd = limits.run_cost_usd.map_or(Unknown, AtMost);
    (first([time, ms, most_ms]), first([cost, usd, most_usd]))
}

fn first(amounts: [Amount; 3]) -> Amount {
    let is_known = |amount: &Amount| !matches!(amount, Unknown);
    amounts.into_iter().find(is_known).unwrap_or(Unknown)
}

/// The mean time and cost of the earlier runs of this arm, without those that say nothing about the agents.
fn measured(row: &Row, experiment: &Experiment) -> [Amount; 2] {
    let mut sums = [(0.0, 0); 2];
    for dir in directories(experiment.path()) {
        let RunState::Ended(record, wait) = RunDir::new(dir).state() else {
            continue;
        };
        let run = record.value("run");
        let is_arm = run.is_some_and(|run| run["arm"] == *row.run.arm);
        let metrics = record.value("metrics");
        let Some(metrics) = metrics.filter(|_| is_arm && !wait.end.says_nothing()) else {
            continue;
        };
        let names = ["wall_clock_time_ms", "total_cost_usd"];
        for (name, sum) in names.iter().zip(&mut sums) {
            if let Some(value) = metrics[*name].as_f64() {
                *sum = (sum.0 + value, sum.1 + 1);
            }
        }
    }
    sums.map(|(sum, n)| match n {
        0 => Unknown,
        n => Measured(sum / n as f64, n),
    })
}

/// All the work in a template and the longest path through it, in estimated minutes.
fn work(template: &Template, model: &WorkModel) -> (f64, f64) {
    let containers = template.containers();
    let estimate = |task: &TaskRow| match task.time_estimate_ms {
        _ if containers.contains(task.id.as_str()) => 0.0,
        Some(ms) => ms as f64 / 60_000.0,
        None => model.default_estimate_min,
    };
    let tasks = template.tasks.iter().map(|task| &task.task);
    let minutes: BTreeMap<&str, f64> = tasks
        .map(|task| (task.id.as_str(), estimate(task)))
        .collect();
    let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut open: BTreeMap<&str, usize> = minutes.keys().map(|id| (*id, 0)).collect();
    for edge in template.ordering() {
        let from = edge.from_task_id.as_str();
        after.entry(from).or_default().push(&edge.to_task_id);
        *open.entry(&edge.to_task_id).or_default() += 1;
    }
    let free = open.iter().filter(|(_, open)| **open == 0);
    let mut free: Vec<&str> = free.map(|(id, _)| *id).collect();
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

/// The cost of one minute of simulated work, in USD.
fn usd_per_minute(model: &WorkModel) -> f64 {
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

fn shown(amount: Amount, shown: fn(f64) -> String) -> String {
    match amount {
        Measured(value, 1) => format!("{} (mean of 1 run)", shown(value)),
        Measured(value, n) => format!("{} (mean of {n} runs)", shown(value)),
        Simulated(value) => format!("at least {} (simulated, from the estimates)", shown(value)),
        AtMost(value) => format!("at most {} (its limit)", shown(value)),
        Unknown => "unknown".into(),
    }
}

/// Milliseconds in a readable unit.
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
