//! Every metric: its name, and how it is read from the facts.
//!
//! This table is the definition; the order is that of the output. `_ms` are milliseconds, `_usd` US dollars, `_pct`
//! hundredths, rates are shares of the tasks in scope.

use crate::answer::{
    Answer, Number, count, integer, mean, mean_of, percent, ratio, share, sum, total,
};
use crate::facts::Facts;
use crate::intervals::{Class, Interval, Story};
use crate::redo;
use crate::workers::gini;

/// A metric's name and its value for a run.
pub type Metric = (&'static str, fn(&Facts) -> Answer);

const NO_TASKS: &str = "the run has no tasks in scope";
const NO_TIME: &str = "the wall clock is zero or unknown";
const NO_WORKERS: &str = "the run has no workers";
const NO_WORK: &str = "nobody worked on a task";
const NOT_ASSIGNED: &str = "no task was given to anybody";
const NOT_DISPATCHED: &str = "no task was given to anybody and started when it was ready";
const NOT_VERIFIED: &str = "the work was not verified";
const NO_SCORE: &str = "no verify command gave a score";
const CIRCLE: &str = "the dependencies go round in a circle";

/// All metrics.
pub const METRICS: &[Metric] = &[
    ("wall_clock_time_ms", |run| run.clock.wall()),
    ("total_cost_usd", |run| run.cost.total),
    ("active_work_time_ms", active_work),
    ("dependency_wait_time_ms", |run| {
        integer(sum(run.tasks.iter().map(put_back_ms)))
    }),
    ("agent_utilization_pct", |run| {
        let busy = run.workers.busy();
        let mean = ratio(total(busy.iter().copied()), busy.len() as f64, NO_WORKERS)?.real();
        percent(mean, run.clock.wall_ms(), NO_TIME)
    }),
    ("rework_rate", |run| share_of_tasks(run, redo::is_reentered)),
    ("tasks_per_hour", |run| {
        per_hour(run, run.completed().count() as f64)
    }),
    ("coordination_overhead_pct", |run| {
        let waiting = spent(run, Class::is_waiting);
        let timed = spent(run, |class| class == Class::Timed);
        percent(waiting, waiting + timed, "no task waited or was worked on")
    }),
    ("dispatch_latency_ms", |run| {
        let given = run.tasks.iter().filter_map(|story| {
            Some(
                story
                    .first_assigned()?
                    .start
                    .saturating_sub(story.task.created_at?),
            )
        });
        mean(given, NOT_ASSIGNED)
    }),
    ("dispatch_from_ready_ms", |run| {
        let mut tasks = run.tasks.iter();
        let was_given = tasks.any(|story| story.first_assigned().is_some());
        let reason = if was_given {
            NOT_DISPATCHED
        } else {
            NOT_ASSIGNED
        };
        mean(run.waits.dispatches.iter().copied(), reason)
    }),
    ("pickup_latency_ms", |run| {
        mean(
            run.tasks.iter().flat_map(pickups),
            "no task waited right before it was worked on",
        )
    }),
    ("failure_rate", |run| {
        share_of_tasks(run, |story| story.task.status == "failed")
    }),
    ("estimate_accuracy", estimate_accuracy),
    ("points_per_hour", |run| {
        if run.tasks.iter().all(|story| story.task.points.is_none()) {
            return Err("no task has points");
        }
        let points = run.completed().filter_map(|story| story.task.points);
        per_hour(run, total(points.map(|points| points as f64)))
    }),
    ("metric_0", |run| integer(run.cost.slots[0])),
    ("metric_1", |run| integer(run.cost.slots[1])),
    ("metric_2", |run| integer(run.cost.slots[2])),
    ("metric_3", |run| integer(run.cost.slots[3])),
    ("metric_4", |run| integer(run.cost.slots[4])),
    ("metric_5", |run| integer(run.cost.slots[5])),
    ("metric_6", |run| integer(run.cost.slots[6])),
    ("metric_7", |run| integer(run.cost.slots[7])),
    ("launch_to_done_ms", |run| {
        run.clock.until_done(
            run.clock.launched,
            "when the agents were started is not recorded",
        )
    }),
    ("first_claim_to_done_ms", |run| {
        run.clock.until_done(run.clock.claimed, NO_WORK)
    }),
    ("completion_rate_pct", |run| {
        percent(
            run.completed().count() as f64,
            run.tasks.len() as f64,
            NO_TASKS,
        )
    }),
    ("redo_rate", |run| share_of_tasks(run, redo::is_redone)),
    ("first_pass_rate", |run| {
        let first = run.completed().filter(|story| !redo::is_redone(story));
        share(
            first.count(),
            run.completed().count(),
            "no task was completed",
        )
    }),
    ("handoffs", |run| {
        count(run.tasks.iter().map(redo::handoffs).sum())
    }),
    ("reassignments", |run| {
        count(run.tasks.iter().map(redo::reassignments).sum())
    }),
    ("avg_parallelism", |run| {
        ratio(run.workers.work_ms as f64, run.clock.wall_ms(), NO_TIME)
    }),
    ("peak_parallelism", |run| count(run.workers.peak)),
    ("load_gini", |run| {
        gini(&run.workers.busy()).map(Number::Real).ok_or(NO_WORK)
    }),
    ("load_max_over_mean", |run| {
        let busy = run.workers.busy();
        let most = busy.iter().copied().fold(0.0, f64::max);
        ratio(most * busy.len() as f64, total(busy), NO_WORK)
    }),
    ("worker_idle_time_ms", |run| {
        integer(sum(run.workers.loads.values().map(|load| load.gaps)))
    }),
    ("coordinator_cost_usd", |run| run.cost.coordinator_usd),
    ("coordinator_tokens", |run| run.cost.coordinator_tokens),
    ("tokens_total", |run| run.cost.tokens()),
    ("cache_hit_rate", |run| {
        match (run.cost.tokens_cached, run.cost.tokens_in) {
            (Some(cached), Some(all)) => ratio(cached as f64, all as f64, "no tokens were read"),
            _ => Err("no tokens were reported or logged"),
        }
    }),
    ("blocked_time_ms", |run| integer(run.waits.blocked)),
    ("ready_wait_time_ms", |run| integer(run.waits.ready)),
    ("assigned_wait_time_ms", |run| integer(run.waits.assigned)),
    ("critical_path_ms", |run| {
        run.critical_path.ok_or(CIRCLE).and_then(integer)
    }),
    ("bound_efficiency", |run| {
        let chain = run.critical_path.ok_or(CIRCLE)? as f64;
        let spread = ratio(
            run.workers.work_ms as f64,
            run.workers.agents as f64,
            NO_WORKERS,
        )?
        .real();
        ratio(chain.max(spread), run.clock.wall_ms(), NO_TIME)
    }),
    ("tainted_starts", |run| count(run.waits.tainted)),
    ("early_starts", |run| count(run.waits.early)),
    ("verify_passed", |run| {
        run.verify_passed.ok_or(NOT_VERIFIED).and_then(integer)
    }),
    ("verify_score", |run| {
        run.verify_score.map(Number::Real).ok_or(NO_SCORE)
    }),
];

fn share_of_tasks(run: &Facts, is_one: impl Fn(&Story) -> bool) -> Answer {
    share(
        run.tasks.iter().filter(|story| is_one(story)).count(),
        run.tasks.len(),
        NO_TASKS,
    )
}

fn per_hour(run: &Facts, things: f64) -> Answer {
    ratio(things * 3_600_000.0, run.clock.wall_ms(), NO_TIME)
}

/// Time in states of a class, summed over tasks, in milliseconds.
fn spent(run: &Facts, is_meant: impl Fn(Class) -> bool) -> f64 {
    let intervals = run.tasks.iter().flat_map(|story| &story.intervals);
    sum(intervals
        .filter(|interval| is_meant(interval.class))
        .map(Interval::length)) as f64
}

/// As the host counted it, closed intervals only; a host that counted nothing though work was ended does not know.
fn active_work(run: &Facts) -> Answer {
    let known: Vec<i64> = run
        .tasks
        .iter()
        .filter_map(|story| story.task.time_actual_ms)
        .collect();
    let was_ended = |story: &Story| {
        let pairs = story.intervals.windows(2);
        pairs.into_iter().any(|pair| pair[0].class == Class::Timed)
    };
    if known.is_empty() && run.tasks.iter().any(was_ended) {
        return Err("the host recorded no time of work");
    }
    integer(sum(known))
}

/// Time back in the queue after the task had been given out or begun, in milliseconds.
fn put_back_ms(story: &Story) -> i64 {
    let later = story
        .intervals
        .iter()
        .skip_while(|interval| !matches!(interval.class, Class::Assigned | Class::Timed));
    sum(later
        .filter(|interval| interval.class == Class::Initial)
        .map(Interval::length))
}

/// How long the task waited right before each start of work, in milliseconds.
fn pickups<'s>(story: &'s Story) -> impl Iterator<Item = i64> + 's {
    let pairs = story.intervals.windows(2);
    pairs
        .filter(|pair| pair[0].class.is_waiting() && pair[1].class == Class::Timed)
        .map(|pair| pair[0].length())
}

fn estimate_accuracy(run: &Facts) -> Answer {
    let scale = run
        .time_scale
        .ok_or("the run's time scale is not a positive number")?;
    let known = run.tasks.iter().filter_map(|story| {
        let (actual, estimate) = (story.task.time_actual_ms?, story.task.time_estimate_ms?);
        (actual > 0 && estimate > 0).then(|| actual as f64 / (estimate as f64 * scale))
    });
    mean_of(known, "no task has both an estimate and time worked")
}
