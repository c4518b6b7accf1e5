//! The table of metrics: the name of each, and its value for a run.
//!
//! This table is the definition; its order is that of the output. `_ms` are milliseconds, `_usd` US dollars, `_pct`
//! hundredths, rates are shares of the tasks in scope.

use crate::cost::NO_ROLES;
use crate::facts::Facts;
use crate::number::{MetricValue, Number, count, integer, percent, ratio, share, sum, total};
use crate::warning::Basis;
use crate::workers::gini;

/// A metric: its name, the data it depends on, and its value for a run.
pub type Metric = (&'static str, &'static [Basis], fn(&Facts) -> MetricValue);

const NOTHING: &[Basis] = &[];
const AGENTS: &[Basis] = &[Basis::Agents];
const TASKS: &[Basis] = &[Basis::Scope];
const TIMES: &[Basis] = &[Basis::Times, Basis::Scope];
const TIMES_OF_AGENTS: &[Basis] = &[Basis::Times, Basis::Scope, Basis::Agents];

const NO_TASKS: &str = "the run has no tasks in scope";
const NO_TIME: &str = "the wall clock is zero or unknown";
const NO_WORKERS: &str = "the run has no workers";
const NO_WORK: &str = "no worker worked on a task";
const NOT_ASSIGNED: &str = "no task was assigned";
const NOT_DISPATCHED: &str = "no task was assigned and started when it was ready";
const NOT_GRADED: &str = "the work was not graded";
const NO_SCORE: &str = "no grade command gave a score";
const NO_COMPLETED: &str = "no task was completed";
const NO_POINTS: &str = "no task has points";
const NO_FILES: &str = "the host records no claim of a file that another worker has";
const TWO_COSTS: &str = "the cost is not both logged and reported";
const CIRCLE: &str = "the dependencies go round in a circle";

/// All metrics, in the order of the output.
pub const METRICS: &[Metric] = &[
    ("wall_clock_time_ms", TIMES, |run| run.clock.wall()),
    ("total_cost_usd", NOTHING, |run| run.cost.total),
    ("active_work_time_ms", TASKS, active_work),
    ("dependency_wait_time_ms", TIMES, |run| {
        integer(run.tally.put_back)
    }),
    ("agent_utilization_pct", TIMES_OF_AGENTS, |run| {
        let busy = run.workers.busy();
        let mean = ratio(total(busy.iter().copied()), busy.len() as f64, NO_WORKERS)?.real();
        percent(mean, run.clock.wall_ms(), NO_TIME)
    }),
    ("rework_rate", TASKS, |run| {
        share(run.tally.reentered, run.tally.tasks, NO_TASKS)
    }),
    ("tasks_per_hour", TIMES, |run| {
        per_hour(run, run.tally.completed as f64)
    }),
    ("coordination_overhead_pct", TIMES, |run| {
        let (waiting, timed) = (run.tally.waiting as f64, run.tally.timed as f64);
        percent(waiting, waiting + timed, "no task waited or was worked on")
    }),
    ("dispatch_latency_ms", TIMES, |run| {
        run.tally.dispatch.value(NOT_ASSIGNED)
    }),
    ("dispatch_from_ready_ms", TIMES, |run| {
        let reason = if run.tally.was_given {
            NOT_DISPATCHED
        } else {
            NOT_ASSIGNED
        };
        run.tally.dispatch_from_ready.value(reason)
    }),
    ("pickup_latency_ms", TIMES, |run| {
        let reason = "no task waited right before it was worked on";
        run.tally.pickup.value(reason)
    }),
    ("failure_rate", TASKS, |run| {
        share(run.tally.failed, run.tally.tasks, NO_TASKS)
    }),
    ("estimate_accuracy", TASKS, estimate_accuracy),
    ("points_per_hour", TIMES, |run| {
        run.tally.points.ok_or(NO_POINTS)?;
        per_hour(run, run.tally.completed_points)
    }),
    ("metric_0", NOTHING, |run| integer(run.cost.slots[0])),
    ("metric_1", NOTHING, |run| integer(run.cost.slots[1])),
    ("metric_2", NOTHING, |run| integer(run.cost.slots[2])),
    ("metric_3", NOTHING, |run| integer(run.cost.slots[3])),
    ("metric_4", NOTHING, |run| integer(run.cost.slots[4])),
    ("metric_5", NOTHING, |run| integer(run.cost.slots[5])),
    ("metric_6", NOTHING, |run| integer(run.cost.slots[6])),
    ("metric_7", NOTHING, |run| integer(run.cost.slots[7])),
    ("launch_to_done_ms", TIMES_OF_AGENTS, |run| {
        run.clock.until_done(
            run.clock.launched,
            "when the agents were started is not recorded",
        )
    }),
    ("first_claim_to_done_ms", TIMES, |run| {
        run.clock.until_done(run.clock.claimed, NO_WORK)
    }),
    ("completion_rate_pct", TASKS, |run| {
        percent(run.tally.completed as f64, run.tally.tasks as f64, NO_TASKS)
    }),
    ("total_task_latency_ms", TIMES, |run| {
        run.tally.latency.value(NO_COMPLETED)
    }),
    ("redo_rate", TASKS, |run| {
        share(run.tally.redone, run.tally.tasks, NO_TASKS)
    }),
    ("first_pass_rate", TASKS, |run| {
        share(run.tally.first_pass, run.tally.completed, NO_COMPLETED)
    }),
    ("handoffs", TASKS, |run| count(run.tally.handoffs)),
    ("reassignments", TASKS, |run| count(run.tally.reassignments)),
    ("avg_parallelism", TIMES, |run| {
        ratio(run.workers.work_ms as f64, run.clock.wall_ms(), NO_TIME)
    }),
    ("peak_parallelism", TIMES, |run| count(run.workers.peak)),
    ("load_gini", TIMES_OF_AGENTS, |run| {
        gini(&run.workers.busy()).map(Number::Real).ok_or(NO_WORK)
    }),
    ("load_max_over_mean", TIMES_OF_AGENTS, |run| {
        let busy = run.workers.busy();
        let most = busy.iter().copied().fold(0.0, f64::max);
        ratio(most * busy.len() as f64, total(busy), NO_WORK)
    }),
    ("worker_idle_time_ms", TIMES_OF_AGENTS, |run| {
        integer(sum(run.workers.loads.values().map(|load| load.gaps)))
    }),
    ("coordinator_cost_usd", AGENTS, |run| {
        run.cost.coordinator_usd
    }),
    ("coordinator_tokens", AGENTS, |run| {
        run.cost.coordinator_tokens
    }),
    ("coordinator_decisions", AGENTS, |run| {
        run.decisions.ok_or(NO_ROLES).and_then(count)
    }),
    ("tokens_total", NOTHING, |run| run.cost.tokens()),
    ("cache_hit_rate", NOTHING, |run| run.cost.cache_hit_rate()),
    ("tokens_per_completed_task", TASKS, |run| {
        let tokens = run.cost.tokens()?.real();
        ratio(tokens, run.tally.completed as f64, NO_COMPLETED)
    }),
    ("cost_per_task", TASKS, |run| {
        ratio(run.cost.total?.real(), run.tally.tasks as f64, NO_TASKS)
    }),
    ("cost_per_point", TASKS, |run| {
        let points = run.tally.points.unwrap_or(0.0);
        ratio(run.cost.total?.real(), points, NO_POINTS)
    }),
    ("cost_mismatch", NOTHING, |run| {
        match (run.cost.logged, run.cost.reported) {
            (Some(logged), Some(reported)) => ratio(logged, reported, TWO_COSTS),
            _ => Err(TWO_COSTS),
        }
    }),
    ("blocked_time_ms", TIMES, |run| integer(run.tally.blocked)),
    ("ready_wait_time_ms", TIMES, |run| integer(run.tally.ready)),
    ("assigned_wait_time_ms", TIMES, |run| {
        integer(run.tally.assigned)
    }),
    ("critical_path_ms", TIMES, |run| {
        run.critical_path.ok_or(CIRCLE).and_then(integer)
    }),
    ("bound_efficiency", TIMES_OF_AGENTS, |run| {
        let chain = run.critical_path.ok_or(CIRCLE)? as f64;
        let spread = ratio(
            run.workers.work_ms as f64,
            run.workers.agents as f64,
            NO_WORKERS,
        )?
        .real();
        ratio(chain.max(spread), run.clock.wall_ms(), NO_TIME)
    }),
    ("tainted_starts", TASKS, |run| count(run.tally.tainted)),
    ("early_starts", TASKS, |run| count(run.tally.early)),
    ("file_contention", NOTHING, |run| {
        run.contention.ok_or(NO_FILES).and_then(count)
    }),
    ("verify_passed", NOTHING, |run| {
        run.grade_passed.ok_or(NOT_GRADED).and_then(integer)
    }),
    ("verify_score", NOTHING, |run| {
        run.grade_score.map(Number::Real).ok_or(NO_SCORE)
    }),
];

fn per_hour(run: &Facts, things: f64) -> MetricValue {
    ratio(things * 3_600_000.0, run.clock.wall_ms(), NO_TIME)
}

/// The host's own count, closed intervals only; unknown if the host counted nothing although work ended.
fn active_work(run: &Facts) -> MetricValue {
    match run.tally.actual {
        None if run.tally.was_ended => Err("the host recorded no time of work"),
        actual => integer(actual.unwrap_or(0)),
    }
}

fn estimate_accuracy(run: &Facts) -> MetricValue {
    run.time_scale
        .ok_or("the run's time scale is not a positive number")?;
    let reason = "no task has both an estimate and time worked";
    run.tally.estimate.value(reason)
}
