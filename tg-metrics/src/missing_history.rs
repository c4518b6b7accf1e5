//! Warnings about events for which the host wrote no row, as far as other rows show them.
//!
//! A task taken from its worker by force, one reassigned by force, one removed with all its rows: the metrics that depend
//! on such events are wrong. A task that was taken by force and has ended by now shows nothing.

use crate::tally::Tally;
use crate::view::View;
use crate::warning::Warning;

/// The metrics that depend on which worker had a task when.
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

/// The metrics that sum over all tasks of the run, removed ones included.
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

/// The warnings, with their counts of cases, of a run in which `unowned` tasks were assigned to no named worker.
pub fn warnings(view: &View, tally: &Tally, unowned: usize) -> impl Iterator<Item = Warning> {
    let changed = "tasks went from one worker to another by force, of which the host writes no row";
    let removed =
        "rows are missing from the history: tasks were removed with all that was spent on them";
    let unclear = "tasks were assigned to no named worker, and the host does not say by which agent: all count as decisions";
    let unknown = "tasks changed phase, and the one they were created in is not recorded: being sent back to it is not seen";
    let warnings: [(_, &[_]); 4] = [
        (
            Warning::counted("owner_changed", tally.owner_changed, changed),
            &OF_OWNERS,
        ),
        (
            Warning::counted("tasks_obliterated", view.missing_rows, removed),
            &SUMS,
        ),
        (
            Warning::counted("decisions_unclear", unowned, unclear),
            &["coordinator_decisions"],
        ),
        (
            Warning::counted("first_phase_unknown", tally.phase_unknown, unknown),
            &["redo_rate", "first_pass_rate"],
        ),
    ];
    warnings.into_iter().map(|(warning, metrics)| Warning {
        metrics: metrics.iter().map(|name| (*name).into()).collect(),
        ..warning
    })
}
