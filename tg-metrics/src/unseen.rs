//! What the host wrote no row of, as far as other rows give it away.
//!
//! A task taken from its worker by force, one given to somebody else by force, one removed with all its rows: the metrics
//! that rest on it are then wrong, and say so. A task that was taken by force and is over by now gives nothing away.

use crate::facts::Facts;
use crate::intervals::{Class, Story};
use crate::view::View;
use crate::warning::Warning;

/// What rests on who had a task when.
const OF_OWNERS: [&str; 8] = [
    "agent_utilization_pct",
    "pickup_latency_ms",
    "load_gini",
    "load_max_over_mean",
    "handoffs",
    "reassignments",
    "worker_idle_time_ms",
    "coordinator_decisions",
];

/// What is summed over all tasks there ever were.
const SUMS: [&str; 14] = [
    "total_cost_usd",
    "metric_0",
    "metric_1",
    "metric_2",
    "metric_3",
    "metric_4",
    "metric_5",
    "metric_6",
    "metric_7",
    "tokens_total",
    "tokens_per_completed_task",
    "cache_hit_rate",
    "cost_per_task",
    "cost_per_point",
];

/// The warnings about it.
pub fn warnings(view: &View, facts: &Facts) -> Vec<Warning> {
    let changed = Warning::counted(
        "owner_changed",
        facts.tally.owner_changed,
        "tasks went from one worker to another by force, of which the host writes no row",
    );
    let removed = Warning::counted(
        "tasks_obliterated",
        view.missing_rows,
        "rows are missing from the history: tasks were removed with all that was spent on them",
    );
    let unclear = Warning::counted(
        "decisions_unclear",
        facts.unowned,
        "tasks were given to nobody by name, and the host does not say by whom: all count as decisions",
    );
    let unknown = Warning::counted(
        "first_phase_unknown",
        facts.tally.phase_unknown,
        "tasks changed phase, and the one they were created in is not recorded: being sent back to it is not seen",
    );
    let about = [
        (changed, &OF_OWNERS[..]),
        (removed, &SUMS),
        (unclear, &["coordinator_decisions"]),
        (unknown, &["redo_rate", "first_pass_rate"]),
    ];
    let found = about
        .into_iter()
        .filter(|(warning, _)| warning.count > Some(0));
    found
        .map(|(warning, metrics)| Warning {
            metrics: metrics.iter().map(|name| (*name).into()).collect(),
            ..warning
        })
        .collect()
}

/// Whether somebody else works on it than who it was given to, or has it than who began to work on it.
pub fn has_changed_owner(story: &Story) -> bool {
    let mut pairs = story.intervals.windows(2);
    let taken = pairs.any(|pair| {
        pair[0].class == Class::Assigned
            && pair[1].class == Class::Timed
            && pair[0].worker.is_some()
            && pair[0].worker != pair[1].worker
    });
    let last = story.intervals.last();
    let last = last.filter(|last| last.class == Class::Timed && !last.is_cut);
    let owner = story.task.worker_id;
    taken || last.is_some_and(|last| owner.is_some() && owner != last.worker)
}

/// Whether it was worked on before the first change of its phase, in nobody knows which.
pub fn has_unknown_phase(view: &View, story: &Story) -> bool {
    let is_known = view.ledger.origin(story.task.name).is_some();
    let mut timed = story.timed();
    let is_first = timed.next().is_some_and(|first| first.phase.is_none());
    !is_known && is_first && timed.any(|later| later.phase.is_some())
}
