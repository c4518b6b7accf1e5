//! Workers' times of work, gaps, and how evenly work is spread.

use super::bound::Bound;
use super::plan::Class;
use super::run::Run;
use super::story::Moment;
use std::collections::BTreeMap;

/// Times of work, from and to.
type Spans = Vec<(Bound, Bound)>;

/// Each worker's times of work; workers without work have none, and workers that only handed out work are left out.
pub fn workers<'r>(run: &'r Run) -> BTreeMap<&'r str, Spans> {
    let idle = run.workers.iter().filter(|worker| !run.leads(worker));
    let mut spans: BTreeMap<&str, Spans> =
        idle.map(|worker| (worker.as_str(), Vec::new())).collect();
    for story in &run.work {
        let holder = |moment: &'r Moment| moment.worker.as_deref().filter(|_| at_work(moment));
        for (worker, from, to) in story.stretches(run.end, holder) {
            spans.entry(worker).or_default().push((from, to));
        }
    }
    spans
}

/// All agents where they are recorded, else the workers with work.
pub fn agents(run: &Run) -> usize {
    let working = || {
        workers(run)
            .values()
            .filter(|spans| !spans.is_empty())
            .count()
    };
    run.recorded.map_or_else(working, |_| run.workers.len())
}

/// Each task's times of work, by any worker.
pub fn tasks(run: &Run) -> Spans {
    let any = |moment: &Moment| at_work(moment).then_some(());
    let stretches = run
        .work
        .iter()
        .flat_map(|story| story.stretches(run.end, any));
    stretches.map(|((), from, to)| (from, to)).collect()
}

fn at_work(moment: &Moment) -> bool {
    moment.class == Class::Timed
}

/// The time in which at least one of the spans holds, in milliseconds.
pub fn union(spans: &Spans) -> Bound {
    let length = |mut spans: Vec<(f64, f64)>| {
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut covered, mut until) = (0.0, f64::NEG_INFINITY);
        for (from, to) in spans {
            covered += (to - from.max(until)).max(0.0);
            until = to.max(until);
        }
        covered
    };
    Bound::between(length(shrunk(spans)), length(grown(spans)))
}

/// The gaps between the spans, in milliseconds.
pub fn gaps(spans: &Spans) -> Bound {
    let length = |mut spans: Vec<(f64, f64)>| {
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut until = spans.first().map_or(0.0, |span| span.0);
        let mut gaps = 0.0;
        for (from, to) in spans {
            gaps += (from - until).max(0.0);
            until = to.max(until);
        }
        gaps
    };
    let inner = spans.iter().map(|(from, to)| (from.high, to.low)); // may end before it begins: still the widest gaps
    Bound::between(length(grown(spans)), length(inner.collect()))
}

/// The most spans that hold at one time; one that ends when another begins does not overlap it.
pub fn peak(spans: &Spans) -> Bound {
    let most = |spans: Vec<(f64, f64)>| {
        let at = |moment: f64| {
            let held = spans
                .iter()
                .filter(|span| span.0 <= moment && moment < span.1);
            held.count()
        };
        spans.iter().map(|span| at(span.0)).max().unwrap_or(0)
    };
    Bound::between(most(shrunk(spans)) as f64, most(grown(spans)) as f64)
}

/// The lower bounds of the spans.
fn shrunk(spans: &Spans) -> Vec<(f64, f64)> {
    let spans = spans.iter().map(|(from, to)| (from.high, to.low));
    spans.filter(|(from, to)| from < to).collect()
}

/// The upper bounds of the spans.
fn grown(spans: &Spans) -> Vec<(f64, f64)> {
    spans.iter().map(|(from, to)| (from.low, to.high)).collect()
}

/// The inequality of the values (Gini): the mean difference of two of them over twice their mean.
pub fn gini(values: &[Bound]) -> Option<Bound> {
    let pairs = values
        .iter()
        .enumerate()
        .flat_map(|(at, one)| values[at + 1..].iter().map(|other| one.distance(*other)));
    let apart: Bound = pairs.sum();
    let all: Bound = values.iter().copied().sum();
    apart.over(all.times(values.len() as f64))
}
