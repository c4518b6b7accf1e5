//! The metrics of a run, from its log.
//!
//! A table like that of the definitions, row by row in their order. A value that cannot be known is none. Values that a
//! client cannot know at all (the reports of the agents, the result of the grade command) are in [`super::compare`].

use super::bound::Bound;
use super::files::contention;
use super::load;
use super::log::Call;
use super::plan::{Class, Plan};
use super::run::{Recorded, Run};
use super::story::{How, Span, Story};
use std::collections::{BTreeMap, BTreeSet};

/// A metric's name and how it follows from the run.
type Metric = (&'static str, fn(&Run) -> Option<Bound>);

/// The metrics that a client can know, in the order of the definitions.
const METRICS: &[Metric] = &[
    ("wall_clock_time_ms", |run| run.wall()),
    ("total_cost_usd", |run| run.cost()),
    ("active_work_time_ms", active_work),
    ("dependency_wait_time_ms", |run| {
        Some(run.spent(is_put_back))
    }),
    ("agent_utilization_pct", |run| {
        let busy = load::workers(run);
        let mean = Bound::mean(busy.values().map(load::union))?;
        Some(
            mean.times(100.0)
                .over(run.wall()?)?
                .min(Bound::exactly(100.0)),
        )
    }),
    ("rework_rate", |run| run.share(is_entered_again)),
    ("tasks_per_hour", |run| {
        run.per_hour(run.completed().count() as f64)
    }),
    ("coordination_overhead_pct", |run| {
        let waiting = run.stretched(|class| matches!(class, Class::Initial | Class::Assigned));
        let all = run.stretched(|class| matches!(class, Class::Timed)) + waiting;
        Some(waiting.times(100.0).over(all)?.min(Bound::exactly(100.0)))
    }),
    ("dispatch_latency_ms", |run| {
        let given = run.work.iter().filter_map(|story| {
            let given = story
                .moments
                .iter()
                .find(|moment| moment.class == Class::Assigned);
            Some((given?.at - story.created()).not_negative())
        });
        Bound::mean(given)
    }),
    ("dispatch_from_ready_ms", |run| {
        Bound::mean(run.waits.iter().filter_map(|wait| wait.dispatch))
    }),
    ("pickup_latency_ms", |run| {
        Bound::mean(run.work.iter().flat_map(|story| pickups(run, story)))
    }),
    ("failure_rate", |run| {
        run.share(|story| story.now().state == "failed")
    }),
    ("estimate_accuracy", |run| {
        let known = run.work.iter().filter_map(|story| {
            let estimate = story.item.estimate_ms.filter(|estimate| *estimate > 0)?;
            story.booked()?.over(Bound::exactly(estimate as f64))
        });
        Bound::mean(known)
    }),
    ("points_per_hour", |run| {
        run.work.iter().find_map(|story| story.item.points)?;
        run.per_hour(points(run) as f64)
    }),
    ("metric_0", |run| run.slot(0)),
    ("metric_1", |run| run.slot(1)),
    ("metric_2", |run| run.slot(2)),
    ("metric_3", |run| run.slot(3)),
    ("metric_4", |run| run.slot(4)),
    ("metric_5", |run| run.slot(5)),
    ("metric_6", |run| run.slot(6)),
    ("metric_7", |run| run.slot(7)),
    ("launch_to_done_ms", |run| {
        Some(run.done? - Bound::exactly(run.recorded?.started as f64))
    }),
    ("first_claim_to_done_ms", |run| {
        let starts = run.work.iter().filter_map(Story::first_start);
        Some(run.done? - starts.map(|start| start.at).reduce(Bound::min)?)
    }),
    ("blocked_time_ms", |run| {
        Some(run.waits.iter().map(|wait| wait.blocked).sum())
    }),
    ("ready_wait_time_ms", |run| {
        Some(run.waits.iter().map(|wait| wait.ready).sum())
    }),
    ("assigned_wait_time_ms", |run| {
        Some(run.waits.iter().map(|wait| wait.assigned).sum())
    }),
    ("early_starts", |run| {
        Some(Bound::count(
            run.waits.iter().filter(|wait| wait.is_early).count(),
        ))
    }),
    ("redo_rate", |run| run.share(is_redone)),
    ("first_pass_rate", |run| {
        let first = run.completed().filter(|story| !is_redone(story));
        Bound::count(first.count()).over(Bound::count(run.completed().count()))
    }),
    ("completion_rate_pct", |run| {
        Some(
            run.share(|story| story.now().class == Class::Success)?
                .times(100.0),
        )
    }),
    ("total_task_latency_ms", |run| {
        let latency = |story: &Story| (story.now().at - story.created()).not_negative();
        Bound::mean(run.completed().map(latency))
    }),
    ("avg_parallelism", |run| {
        run.stretched(|class| class == Class::Timed)
            .over(run.wall()?)
    }),
    ("peak_parallelism", |run| {
        Some(load::peak(&load::tasks(run)))
    }),
    ("critical_path_ms", |run| Some(run.critical_path())),
    ("bound_efficiency", |run| {
        let timed = run.stretched(|class| class == Class::Timed);
        let spread = timed.over(Bound::count(load::agents(run)))?;
        run.critical_path().max(spread).over(run.wall()?)
    }),
    ("load_gini", |run| load::gini(&busy(run))),
    ("load_max_over_mean", |run| {
        let busy = busy(run);
        let most = busy.iter().copied().reduce(Bound::max)?;
        most.times(busy.len() as f64).over(busy.into_iter().sum())
    }),
    ("handoffs", |run| {
        Some(Bound::count(run.work.iter().map(handoffs).sum()))
    }),
    ("reassignments", |run| {
        let given = |story: &Story| {
            let given = story
                .moments
                .iter()
                .filter(|moment| moment.class == Class::Assigned);
            given.count().saturating_sub(1)
        };
        Some(Bound::count(run.work.iter().map(given).sum()))
    }),
    ("worker_idle_time_ms", |run| {
        Some(load::workers(run).values().map(load::gaps).sum())
    }),
    ("tainted_starts", |run| {
        Some(Bound::count(
            run.waits.iter().filter(|wait| wait.is_tainted).count(),
        ))
    }),
    ("file_contention", |run| {
        Some(Bound::count(contention(run.calls)))
    }),
    ("tokens_total", |run| run.tokens()),
    ("tokens_per_completed_task", |run| {
        run.tokens()?.over(Bound::count(run.completed().count()))
    }),
    ("cache_hit_rate", |run| {
        run.tokens()?;
        run.slot(2)?.over(run.slot(0)?)
    }),
    ("cost_per_task", |run| {
        run.cost()?.over(Bound::count(run.work.len()))
    }),
    ("cost_per_point", |run| {
        let points = run.work.iter().filter_map(|story| story.item.points);
        run.cost()?.over(Bound::exactly(points.sum::<i64>() as f64))
    }),
    ("coordinator_decisions", |run| {
        run.recorded?;
        let by_lead = run.calls.iter().filter(|call| run.leads(&call.actor));
        let states = by_lead.filter_map(|call| call.status.as_deref());
        let given = states.filter(|state| run.plan.class(state) == Class::Assigned);
        Some(Bound::count(given.count()))
    }),
];

/// The metrics of the run of `plan` that `calls` made.
pub fn measure(
    plan: &Plan,
    calls: &[Call],
    recorded: Option<Recorded>,
) -> BTreeMap<&'static str, Option<Bound>> {
    let run = Run::of(plan, calls, recorded);
    METRICS
        .iter()
        .map(|(name, compute)| (*name, compute(&run)))
        .collect()
}

fn points(run: &Run) -> i64 {
    run.completed().filter_map(|story| story.item.points).sum()
}

fn busy(run: &Run) -> Vec<Bound> {
    load::workers(run).values().map(load::union).collect()
}

/// Work time as the host books it; none where work ended and it booked nothing.
fn active_work(run: &Run) -> Option<Bound> {
    let booked: Vec<Bound> = run.work.iter().filter_map(Story::booked).collect();
    let has_ended = |story: &Story| {
        let pairs = story.moments.windows(2);
        pairs.into_iter().any(|pair| pair[0].class == Class::Timed)
    };
    if booked.is_empty() && run.work.iter().any(has_ended) {
        return None;
    }
    Some(booked.into_iter().sum())
}

/// Back in the queue after it had been given out or begun.
fn is_put_back(story: &Story, span: &Span) -> bool {
    let before = story
        .moments
        .iter()
        .filter(|moment| moment.call < span.moment.call);
    let mut before = before.map(|moment| moment.class);
    span.moment.class == Class::Initial
        && before.any(|class| matches!(class, Class::Assigned | Class::Timed))
}

/// Some state of work was entered more than once.
fn is_entered_again(story: &Story) -> bool {
    let entered = story
        .moments
        .iter()
        .filter(|moment| moment.class == Class::Timed && moment.how != How::Stolen);
    let mut seen = BTreeSet::new();
    !entered
        .map(|moment| &moment.state)
        .all(|state| seen.insert(state))
}

/// Work began again in a phase in which there had been work, after the task had ended or its holder had put it back. A
/// worker that left or was evicted did not put it back.
fn is_redone(story: &Story) -> bool {
    let mut phases: BTreeSet<&Option<String>> = BTreeSet::new();
    let mut was_over = false;
    for moment in &story.moments {
        match moment.class {
            Class::Timed if was_over && phases.contains(&moment.phase) => return true,
            Class::Timed => {
                phases.insert(&moment.phase);
                was_over = false;
            }
            Class::Parked => {}
            _ => was_over |= moment.how == How::Asked || moment.how == How::RolledUp,
        }
    }
    false
}

/// The waits right before each start of work.
fn pickups(run: &Run, story: &Story) -> Vec<Bound> {
    let waits = |class| matches!(class, Class::Initial | Class::Assigned);
    let spans = story.spans(run.end);
    let pairs = spans.windows(2);
    pairs
        .filter(|pair| waits(pair[0].moment.class) && pair[1].moment.class == Class::Timed)
        .map(|pair| pair[0].length())
        .collect()
}

/// The number of times another worker went on with the task.
fn handoffs(story: &Story) -> usize {
    let timed = story
        .moments
        .iter()
        .filter(|moment| moment.class == Class::Timed);
    let workers: Vec<_> = timed.map(|moment| &moment.worker).collect();
    workers.windows(2).filter(|pair| pair[0] != pair[1]).count()
}
