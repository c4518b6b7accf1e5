//! Who was busy when.
//!
//! Work is clipped to the wall clock and a worker's overlapping intervals count once, so that nobody is busier than
//! all the time. Idle workers are known from `experiment_agents` only; the host forgets who worked. Coordinators and
//! leads are left out unless they worked on tasks themselves.

use crate::intervals::Story;
use crate::view::View;
use std::collections::BTreeMap;

/// The workers of a run and their time.
#[derive(Debug, Default)]
pub struct Workers {
    /// Each worker's time, by worker id.
    pub loads: BTreeMap<String, Load>,
    /// Coordinators and leads that were left out.
    pub left_out: Vec<String>,
    /// Agents of the run, the coordinator included.
    pub agents: usize,
    /// Time of work summed over tasks, in milliseconds within the wall clock.
    pub work_ms: i64,
    /// The most tasks worked on at one time.
    pub peak: usize,
}

/// A worker's time, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// On at least one task.
    pub busy: i64,
    /// Between tasks.
    pub gaps: i64,
}

impl Workers {
    /// Who worked on the tasks in scope between the two moments of `window`.
    pub fn of(view: &View, tasks: &[Story], window: (i64, i64)) -> Self {
        let mut spans: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
        let mut all = Vec::new();
        for interval in tasks.iter().flat_map(Story::timed) {
            let of_worker = interval
                .worker
                .map(|worker| spans.entry(worker).or_default());
            // A stint of no length is no work, and yet the worker was there: what lies before and after it are gaps.
            let span = (interval.start.max(window.0), interval.end.min(window.1));
            if span.0 < span.1 {
                all.push(span);
            }
            if let Some(spans) = of_worker.filter(|_| span.0 <= span.1) {
                spans.push(span);
            }
        }
        let mut workers = Self {
            work_ms: crate::answer::sum(all.iter().map(length)),
            peak: peak(&all),
            ..Self::default()
        };
        for &worker in view
            .agents
            .keys()
            .filter(|worker| !spans.contains_key(**worker))
        {
            if view.leads(worker) {
                workers.left_out.push(worker.into());
            } else {
                workers.loads.insert(worker.into(), Load::default());
            }
        }
        workers.loads.extend(
            spans
                .into_iter()
                .map(|(worker, spans)| (worker.into(), load(spans))),
        );
        let declared = view.run["agents"].as_u64().unwrap_or(0) as usize;
        let known = [view.agents.len(), declared, workers.loads.len()];
        workers.agents = known.into_iter().find(|count| *count > 0).unwrap_or(0);
        workers
    }

    /// Time worked, by worker.
    pub fn busy(&self) -> Vec<f64> {
        self.loads.values().map(|load| load.busy as f64).collect()
    }
}

fn length((start, end): &(i64, i64)) -> i64 {
    end.saturating_sub(*start)
}

fn load(mut spans: Vec<(i64, i64)>) -> Load {
    spans.sort_unstable();
    let mut load = Load::default();
    let mut last: Option<i64> = None;
    for (start, end) in spans {
        let from = last.map_or(start, |last| last.max(start));
        load.gaps = load
            .gaps
            .saturating_add(from.saturating_sub(last.unwrap_or(from)));
        load.busy = load.busy.saturating_add(end.saturating_sub(from).max(0));
        last = last.max(Some(end));
    }
    load
}

/// The most spans that hold at one time; one that ends when another begins does not overlap it.
fn peak(spans: &[(i64, i64)]) -> usize {
    let mut starts: Vec<i64> = spans.iter().map(|span| span.0).collect();
    let mut ends: Vec<i64> = spans.iter().map(|span| span.1).collect();
    starts.sort_unstable();
    ends.sort_unstable();
    let mut over = 0;
    let mut peak = 0;
    for (begun, start) in starts.iter().enumerate() {
        while ends[over] <= *start {
            over += 1;
        }
        peak = peak.max(begun + 1 - over);
    }
    peak
}

/// How unequal the values are: 0 all alike, towards 1 all with one (Gini); none where all are 0.
pub fn gini(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let total: f64 = sorted.iter().sum();
    let weighted: f64 = sorted
        .iter()
        .enumerate()
        .map(|(rank, value)| (2.0 * (rank as f64 + 1.0) - n - 1.0) * value)
        .sum();
    (total > 0.0).then(|| weighted / (n * total))
}
