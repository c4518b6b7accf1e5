//! The busy time of workers.
//!
//! Work is clipped to the wall clock, and a worker's overlapping intervals count once, so that no worker is busy for longer
//! than the wall clock. Only `experiment_agents` names idle workers; the host does not keep workers. Coordinators and
//! leads are left out unless they worked on tasks themselves.

use crate::intervals::Story;
use crate::number::sum;
use crate::view::View;
use std::collections::BTreeMap;

/// The workers of a run.
#[derive(Debug, Default)]
pub struct Workers {
    /// By worker id.
    pub loads: BTreeMap<String, Load>,
    /// Coordinators and leads that were left out.
    pub left_out: Vec<String>,
    /// The number of agents, the coordinator included.
    pub agents: usize,
    /// Time worked within the wall clock, summed over tasks, in milliseconds.
    pub work_ms: i64,
    /// The most tasks worked on at one time; 0 if not requested.
    pub peak: usize,
}

/// A worker's time, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Working on at least one task.
    pub busy: i64,
    /// Between tasks.
    pub gaps: i64,
}

/// Intervals of work: the number of the worker, start, end.
#[derive(Debug, Default)]
pub struct Spans<'a> {
    names: BTreeMap<&'a str, usize>,
    spans: Vec<(usize, i64, i64)>,
}

/// The number for work without a named worker.
const UNNAMED: usize = usize::MAX;

impl<'a> Spans<'a> {
    /// Adds a task's intervals of work.
    pub fn add(&mut self, story: &Story<'a>) {
        for interval in story.timed() {
            let worker = interval.worker.map_or(UNNAMED, |worker| {
                let next = self.names.len();
                *self.names.entry(worker).or_insert(next)
            });
            self.spans.push((worker, interval.start, interval.end));
        }
    }

    /// Adds the intervals of other tasks.
    pub fn extend(&mut self, others: Self) {
        let mut places = vec![0; others.names.len()];
        for (name, place) in others.names {
            let next = self.names.len();
            places[place] = *self.names.entry(name).or_insert(next);
        }
        let spans = others.spans.into_iter();
        self.spans.extend(spans.map(|(worker, start, end)| {
            let worker = places.get(worker).copied().unwrap_or(UNNAMED);
            (worker, start, end)
        }));
    }
}

impl Workers {
    /// The workers on the tasks in scope within `window`; `with_peak`, also the most tasks at one time.
    pub fn new(view: &View, mut all: Spans, window: (i64, i64), with_peak: bool) -> Self {
        // An interval of no length is not work, but it separates the gaps before and after it.
        for (_, start, end) in &mut all.spans {
            (*start, *end) = ((*start).max(window.0), (*end).min(window.1));
        }
        all.spans.retain(|(_, start, end)| start <= end);
        all.spans.sort_unstable();
        let work = || all.spans.iter().filter(|(_, start, end)| start < end);
        let mut workers = Self {
            work_ms: sum(work().map(|(_, start, end)| length(&(*start, *end)))),
            ..Self::default()
        };
        if with_peak {
            let (starts, ends) = work().map(|(_, start, end)| (*start, *end)).unzip();
            workers.peak = peak(starts, ends);
        }
        let spans: BTreeMap<&str, &[(usize, i64, i64)]> = all
            .names
            .iter()
            .map(|(worker, number)| {
                let from = all.spans.partition_point(|span| span.0 < *number);
                let to = all.spans.partition_point(|span| span.0 <= *number);
                (*worker, &all.spans[from..to])
            })
            .collect();
        let idle = view.agents.keys();
        for &worker in idle.filter(|worker| !spans.contains_key(**worker)) {
            if view.leads(worker) {
                workers.left_out.push(worker.into());
            } else {
                workers.loads.insert(worker.into(), Load::default());
            }
        }
        let loads = spans.into_iter();
        let loads = loads.map(|(worker, spans)| (worker.into(), load(spans)));
        workers.loads.extend(loads);
        let known = [view.agents.len(), view.run.agents(), workers.loads.len()];
        workers.agents = known.into_iter().find(|count| *count > 0).unwrap_or(0);
        workers
    }

    /// The busy time of each worker.
    pub fn busy(&self) -> Vec<f64> {
        self.loads.values().map(|load| load.busy as f64).collect()
    }
}

fn length((start, end): &(i64, i64)) -> i64 {
    end.saturating_sub(*start)
}

/// The load of one worker, whose spans are in order.
fn load(spans: &[(usize, i64, i64)]) -> Load {
    let mut load = Load::default();
    let mut last: Option<i64> = None;
    for &(_, start, end) in spans {
        let from = last.map_or(start, |last| last.max(start));
        load.gaps = load
            .gaps
            .saturating_add(from.saturating_sub(last.unwrap_or(from)));
        load.busy = load.busy.saturating_add(end.saturating_sub(from).max(0));
        last = last.max(Some(end));
    }
    load
}

/// The most spans at one time, from all starts and ends; a span that ends when another begins does not overlap it.
fn peak(mut starts: Vec<i64>, mut ends: Vec<i64>) -> usize {
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

/// The Gini coefficient: 0 if all values are equal, towards 1 if one worker has all; `None` if all are 0.
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
