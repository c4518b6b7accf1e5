//! The inside of an arm's runs: utilization of agents, waits of tasks, progress of the work.
//!
//! Computed from the records that `tg-metrics --per agent,task` prints. They describe; they are not samples of independent
//! values, so no hypothesis is tested on them.

use crate::arm::Arm;
use crate::row::{AgentRecord, RunRow, TaskRecord};
use crate::stats::quantile;
use std::collections::BTreeMap;
use tg_stage::metric::WALL;

/// Bars of the utilization histogram: each is 10 percentage points wide, and the last includes 100.
pub const BARS: usize = 10;

/// The number of bottleneck tasks that are listed.
const BOTTLENECKS: usize = 5;

/// The inside of an arm's completed runs; parts whose records are not in the input are empty or `None`.
#[derive(Debug, Default)]
pub struct Distribution {
    /// Completed runs with records of their agents or tasks.
    pub runs: usize,
    pub utilization: Option<Histogram>,
    pub load: Option<Load>,
    pub waits: Option<Waits>,
    /// The share of tasks done over time, a curve for each run.
    pub completion: Vec<Completion>,
    pub gantt: Option<Gantt>,
}

/// The number of agents in each tenth of 0 to 100 % utilization.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Agents in [0, 10), [10, 20) ... [90, 100] percent.
    pub counts: [usize; BARS],
    pub agents: usize,
}

/// The spread of work over the agents of a run, as means over runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Gini coefficient of busy time: 0 if all worked alike, near 1 if one did everything.
    pub gini: f64,
    /// Busy time of the busiest / that of the average agent.
    pub max_over_mean: f64,
    pub runs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Another task had to be done first.
    Blocked,
    /// It could be started, and no worker took it.
    Ready,
    /// It was assigned, and its worker had not started it.
    Assigned,
}

/// Waits of tasks before their start, by cause.
#[derive(Debug)]
pub struct Waits {
    /// One for each cause, in the order blocked, ready, assigned.
    pub causes: [CauseOfWait; 3],
    /// The tasks that waited longest, by mean over runs, the longest first.
    pub bottlenecks: Vec<Bottleneck>,
    pub tasks: usize,
}

/// One cause of waiting, over all tasks of all runs; milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CauseOfWait {
    pub cause: Cause,
    pub mean_ms: f64,
    pub median_ms: f64,
    /// Nine of ten tasks waited no longer.
    pub p90_ms: f64,
    pub max_ms: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bottleneck {
    pub template_task: String,
    /// The largest part of its wait.
    pub cause: Cause,
    /// Mean wait over runs, all causes, in milliseconds.
    pub mean_ms: f64,
    /// The part of it that is due to `cause`.
    pub cause_ms: f64,
    pub runs: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    pub run: String,
    pub tasks: usize,
    /// (milliseconds from the start of the run, tasks that had ended by then), ascending in both.
    pub steps: Vec<(i64, usize)>,
}

/// The work of each worker over time, in one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Gantt {
    /// The median run by wall clock (of an even number the quicker of the two in the middle).
    pub run: String,
    pub wall_ms: f64,
    /// Workers by id, with their work in order of time.
    pub lanes: Vec<Lane>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// The worker's id without the run's name before it.
    pub worker: String,
    pub role: Option<String>,
    pub bars: Vec<Bar>,
}

/// One interval of work; milliseconds from the start of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub start_ms: i64,
    pub end_ms: i64,
    /// The task by its id in the template, if it has one.
    pub task: String,
}

/// The inside of an arm's completed runs; `None` if the input has no records of it.
pub fn distribution(arm: &Arm) -> Option<Distribution> {
    let completed = arm.runs.iter().copied().filter(|row| row.is_completed());
    let known = |row: &&RunRow| !row.agent_records.is_empty() || !row.task_records.is_empty();
    let runs: Vec<&RunRow> = completed.filter(known).collect();
    (!runs.is_empty()).then(|| Distribution {
        runs: runs.len(),
        utilization: histogram(&runs),
        load: load(&runs),
        waits: waits(&runs),
        completion: runs.iter().filter_map(|row| completion(row)).collect(),
        gantt: gantt(&runs),
    })
}

fn histogram(runs: &[&RunRow]) -> Option<Histogram> {
    let agents = runs.iter().flat_map(|row| &row.agent_records);
    let known = agents.filter_map(|agent| agent.utilization_pct);
    let mut histogram = Histogram {
        counts: [0; BARS],
        agents: 0,
    };
    for percent in known {
        let bar = (percent / 10.0).floor().clamp(0.0, BARS as f64 - 1.0) as usize;
        histogram.counts[bar] += 1;
        histogram.agents += 1;
    }
    (histogram.agents > 0).then_some(histogram)
}

/// Taken from the metrics of the runs: `tg-metrics` decides which agents count.
fn load(runs: &[&RunRow]) -> Option<Load> {
    let both = |row: &&RunRow| Some((row.value("load_gini")?, row.value("load_max_over_mean")?));
    let known: Vec<(f64, f64)> = runs.iter().filter_map(both).collect();
    let n = known.len() as f64;
    (!known.is_empty()).then(|| Load {
        gini: known.iter().map(|load| load.0).sum::<f64>() / n,
        max_over_mean: known.iter().map(|load| load.1).sum::<f64>() / n,
        runs: known.len(),
    })
}

fn waits(runs: &[&RunRow]) -> Option<Waits> {
    let tasks = || runs.iter().flat_map(|row| &row.task_records);
    let known: Vec<[f64; 3]> = tasks().filter_map(TaskRecord::waits).collect();
    let cause = |(at, cause): (usize, Cause)| {
        let mut values: Vec<f64> = known.iter().map(|waits| waits[at]).collect();
        values.sort_by(f64::total_cmp);
        Some(CauseOfWait {
            cause,
            mean_ms: values.iter().sum::<f64>() / values.len() as f64,
            median_ms: quantile(&values, 0.5)?,
            p90_ms: quantile(&values, 0.9)?,
            max_ms: quantile(&values, 1.0)?,
        })
    };
    let [blocked, ready, assigned] = Cause::ALL.map(|of| cause((of as usize, of)));
    Some(Waits {
        causes: [blocked?, ready?, assigned?],
        bottlenecks: bottlenecks(runs),
        tasks: known.len(),
    })
}

fn bottlenecks(runs: &[&RunRow]) -> Vec<Bottleneck> {
    let mut sums: BTreeMap<&str, ([f64; 3], usize)> = BTreeMap::new();
    for task in runs.iter().flat_map(|row| &row.task_records) {
        if let (Some(id), Some(waits)) = (task.template_task.as_deref(), task.waits()) {
            let (sum, runs) = sums.entry(id).or_default();
            (0..3).for_each(|at| sum[at] += waits[at]);
            *runs += 1;
        }
    }
    let bottleneck = |(id, (sum, runs)): (&str, ([f64; 3], usize))| {
        let mean = sum.map(|sum| sum / runs as f64);
        let longest = Cause::ALL
            .into_iter()
            .max_by(|a, b| mean[*a as usize].total_cmp(&mean[*b as usize]))?;
        Some(Bottleneck {
            template_task: id.to_owned(),
            cause: longest,
            mean_ms: mean.iter().sum(),
            cause_ms: mean[longest as usize],
            runs,
        })
    };
    let mut all: Vec<Bottleneck> = sums.into_iter().filter_map(bottleneck).collect();
    all.retain(|task| task.mean_ms > 0.0);
    all.sort_by(|a, b| b.mean_ms.total_cmp(&a.mean_ms));
    all.truncate(BOTTLENECKS);
    all
}

fn completion(row: &RunRow) -> Option<Completion> {
    let mut ends: Vec<i64> = row.task_records.iter().filter_map(|t| t.ended_ms).collect();
    ends.sort_unstable();
    let step = |(at, end): (usize, &i64)| (*end, at + 1);
    (!ends.is_empty()).then(|| Completion {
        run: row.run.id.clone(),
        tasks: row.task_records.len(),
        steps: ends.iter().enumerate().map(step).collect(),
    })
}

fn gantt(runs: &[&RunRow]) -> Option<Gantt> {
    let with_work = |row: &&&RunRow| row.task_records.iter().any(|task| !task.work.is_empty());
    let timed = runs.iter().filter(with_work);
    let mut timed: Vec<(f64, &RunRow)> = timed
        .filter_map(|row| Some((row.value(WALL)?, *row)))
        .collect();
    timed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (wall_ms, row) = *timed.get(timed.len().checked_sub(1)? / 2)?;
    let mut lanes: BTreeMap<&str, Lane> = BTreeMap::new();
    for agent in &row.agent_records {
        lanes.insert(&agent.worker, lane(row, &agent.worker, Some(agent)));
    }
    for task in &row.task_records {
        for (worker, start, end) in &task.work {
            let (Some(worker), Some(start_ms), Some(end_ms)) = (worker, *start, *end) else {
                continue;
            };
            let bar = Bar {
                start_ms,
                end_ms,
                task: task.template_task.as_ref().unwrap_or(&task.task).clone(),
            };
            let lane = lanes
                .entry(worker)
                .or_insert_with(|| lane(row, worker, None));
            lane.bars.push(bar);
        }
    }
    let mut lanes: Vec<Lane> = lanes.into_values().collect();
    for lane in &mut lanes {
        lane.bars.sort_by_key(|bar| (bar.start_ms, bar.end_ms));
    }
    Some(Gantt {
        run: row.run.id.clone(),
        wall_ms,
        lanes,
    })
}

fn lane(row: &RunRow, worker: &str, agent: Option<&AgentRecord>) -> Lane {
    let before = format!("{}-", row.run.id);
    Lane {
        worker: worker.strip_prefix(&before).unwrap_or(worker).to_owned(),
        role: agent.and_then(|agent| agent.role.clone()),
        bars: Vec::new(),
    }
}

impl Cause {
    /// In the order in which they precede a task's start.
    pub const ALL: [Self; 3] = [Self::Blocked, Self::Ready, Self::Assigned];

    pub fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::Assigned => "assigned",
        }
    }
}
