//! One run as it is shown, and as `/api` gives it: what its files say, and what its database says while it lives.

use crate::counters::{self, Counter};
use serde::Serialize;
use std::collections::BTreeMap;
use tg_host::live::{Event, Known, Live, Moment, Tally, Worker, cut, tally_of};
use tg_stage::rundir::{Phase, RunDir};
use tg_stage::{Instantiate, Run};

/// A run, now.
#[derive(Debug, Serialize)]
pub struct View<'a> {
    #[serde(flatten)]
    dir: &'a RunDir,
    /// Tasks by state, containers not counted.
    tasks: Vec<Tally>,
    /// How many tasks there are; null where that is not known.
    task_count: Option<u64>,
    /// Its agents, in the order they were started.
    agents: Vec<Worker>,
    /// The last change of a task's state.
    last_event: Option<&'a Event>,
    /// When something last changed in the database; what the stall limit is counted from.
    changed_at_ms: Option<i64>,
    /// The manifest's metrics.
    metrics: Vec<Counter>,
    /// Pieces of work that are no longer kept.
    segments_dropped: u64,
}

/// What the record of a run says that is worth keeping when it is over.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    names: Vec<String>,
    last: BTreeMap<String, Option<f64>>,
    made: u64,
}

impl Kept {
    /// Take it from the record, and let go of that.
    pub fn of(dir: &mut RunDir) -> Self {
        let Some(record) = dir.record.take() else {
            return Self::default();
        };
        let run: Run = record.get("run").unwrap_or_default();
        let made: Instantiate = record.get("instantiate").unwrap_or_default();
        let metrics = record.value("metrics").and_then(|value| value.as_object());
        let number = |(name, value): (&String, &serde_json::Value)| {
            let known = value.is_number() || value.is_null();
            known.then(|| (name.clone(), value.as_f64()))
        };
        Self {
            names: run.report.metrics,
            last: metrics.into_iter().flatten().filter_map(number).collect(),
            made: made.tasks,
        }
    }
}

impl<'a> View<'a> {
    /// The run of `dir` at the moment `now`.
    pub fn new(
        dir: &'a RunDir,
        kept: &Kept,
        live: &'a Live,
        changed_at_ms: Option<i64>,
        now: i64,
    ) -> Self {
        let tasks = if dir.states.is_empty() {
            live.tally().to_vec()
        } else {
            tally_of(&dir.states)
        };
        let count = tasks.iter().map(|one| one.tasks).sum();
        let agents = agents(dir, live, now);
        let was_followed = !live.tally().is_empty();
        let seen = counters::Seen {
            elapsed_ms: dir.elapsed_ms(now),
            tally: &tasks,
            workers: &agents,
            reworked: was_followed.then(|| live.reworked()),
            cost_usd: dir.cost_usd,
            tokens: dir.tokens,
            now,
        };
        Self {
            metrics: counters::all(&kept.names, &kept.last, &seen),
            task_count: [count, kept.made].into_iter().find(|&count| count > 0),
            dir,
            agents,
            last_event: live.last_event(),
            changed_at_ms,
            segments_dropped: live.dropped(),
            tasks,
        }
    }
}

fn agents(dir: &RunDir, live: &Live, now: i64) -> Vec<Worker> {
    let known = dir.agents.iter().map(|agent| Known {
        worker: agent.worker.clone(),
        role: agent.role.clone(),
        heard_at_ms: agent.heard_at_ms,
        is_gone: agent.is_gone,
        cost_usd: agent.spent.cost_usd,
        tokens: agent.spent.tokens,
    });
    let known: Vec<Known> = known.collect();
    let is_over = !matches!(dir.phase, Phase::Running | Phase::Ending);
    let moment = Moment {
        now,
        silent_ms: dir.silent_ms(),
        over_at: is_over.then(|| dir.ended_at_ms.unwrap_or(now)),
    };
    live.workers(&known, &moment)
}

/// The files' own words, cut: a directory may be anybody's.
pub fn tame(dir: &mut RunDir) {
    for text in [
        &mut dir.arm,
        &mut dir.workflow,
        &mut dir.template,
        &mut dir.run,
        &mut dir.experiment,
    ] {
        *text = cut(text).text;
    }
    for text in [&mut dir.outcome, &mut dir.error, &mut dir.problem] {
        *text = text.as_deref().map(|text| cut(text).text);
    }
}
