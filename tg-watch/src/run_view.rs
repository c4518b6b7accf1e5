//! One run as the page and `/api` show it: from its files, and while it runs from its database.

use crate::counters::{Counted, Counter, counters};
use serde::Serialize;
use std::collections::BTreeMap;
use tg_host::live::{Event, Known, Live, Moment, Tally, Worker, cut, tally_of};
use tg_stage::{AgentStatus, Instantiate, Outcome, Phase, Run, RunStatus};

/// A run at this moment.
#[derive(Debug, Serialize)]
pub struct RunView<'a> {
    #[serde(flatten)]
    status: &'a RunStatus,
    /// Tasks by state, without containers.
    tasks: Vec<Tally>,
    /// The number of tasks; null if it is not known.
    task_count: Option<u64>,
    /// The agents, in the order they were started.
    agents: Vec<Worker>,
    /// The last change of a task's state.
    last_event: Option<&'a Event>,
    /// The time of the last change in the database, from which the stall limit counts.
    changed_at_ms: Option<i64>,
    /// The manifest's metrics.
    metrics: Vec<Counter>,
    /// The number of segments of work that are no longer kept.
    segments_dropped: u64,
}

/// The part of a run's record that is kept for its view.
#[derive(Debug, Clone, Default)]
pub struct RecordFacts {
    metric_names: Vec<String>,
    metrics: BTreeMap<String, Option<f64>>,
    tasks: u64,
}

impl RecordFacts {
    /// Takes the facts from the record in `status`, and drops the record.
    pub fn take(status: &mut RunStatus) -> Self {
        let Some(record) = status.record.take() else {
            return Self::default();
        };
        let run: Run = record.get("run").unwrap_or_default();
        let made: Instantiate = record.get("instantiate").unwrap_or_default();
        let metrics = record.value("metrics").and_then(|value| value.as_object());
        let number = |(name, value): (&String, &serde_json::Value)| {
            let is_known = value.is_number() || value.is_null();
            is_known.then(|| (name.clone(), value.as_f64()))
        };
        Self {
            metric_names: run.report.metrics,
            metrics: metrics.into_iter().flatten().filter_map(number).collect(),
            tasks: made.tasks,
        }
    }
}

impl<'a> RunView<'a> {
    /// The run at the moment `now`.
    pub fn new(
        status: &'a RunStatus,
        facts: &RecordFacts,
        live: &'a Live,
        changed_at_ms: Option<i64>,
        now: i64,
    ) -> Self {
        let tasks = if status.states.is_empty() {
            live.tally().to_vec()
        } else {
            tally_of(&status.states)
        };
        let count = tasks.iter().map(|entry| entry.tasks).sum();
        let agents = agents(status, live, now);
        let was_followed = !live.tally().is_empty();
        let state = Counted {
            elapsed_ms: status.elapsed_ms(now),
            tally: &tasks,
            workers: &agents,
            reworked: was_followed.then(|| live.reworked()),
            cost_usd: status.cost_usd,
            tokens: status.tokens,
            now,
        };
        Self {
            metrics: counters(&facts.metric_names, &facts.metrics, &state),
            task_count: [count, facts.tasks].into_iter().find(|&count| count > 0),
            status,
            agents,
            last_event: live.last_event(),
            changed_at_ms,
            segments_dropped: live.dropped(),
            tasks,
        }
    }
}

fn agents(status: &RunStatus, live: &Live, now: i64) -> Vec<Worker> {
    let known = |agent: &AgentStatus| Known {
        worker: agent.worker.clone(),
        role: agent.role.clone(),
        heard_at_ms: agent.heard_at_ms,
        is_gone: agent.is_gone,
        cost_usd: agent.spent.cost_usd,
        tokens: agent.spent.tokens,
    };
    let known: Vec<Known> = status.agents.iter().map(known).collect();
    let is_over = !matches!(status.phase, Phase::Running | Phase::Ending);
    let moment = Moment {
        now,
        silent_ms: status.silent_ms(),
        over_at: is_over.then(|| status.ended_at_ms.unwrap_or(now)),
    };
    live.workers(&known, &moment)
}

/// Cuts the texts from the run's files: the directory may be foreign.
pub fn cut_texts(status: &mut RunStatus) {
    for text in [
        &mut status.arm,
        &mut status.workflow,
        &mut status.template,
        &mut status.run,
        &mut status.experiment,
    ] {
        *text = cut(text).text;
    }
    for text in [&mut status.error, &mut status.problem] {
        *text = text.as_deref().map(|text| cut(text).text);
    }
    if let Some(Outcome::Other(text)) = &mut status.outcome {
        *text = cut(text).text;
    }
}
