//! The metrics of small histories, computed by hand.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::case;
use serde_json::{Value, json};

/// Two tasks in a row, one worker idle for ever, all done.
const TWO: &str = "
    0 a pending
    0 b pending
    1000 a working w1
    4000 a completed
    5000 b working w1
    7000 b completed";

#[test]
fn a_finished_run() {
    let run = case(TWO)
        .set("a", "time_actual_ms", 3000)
        .set("b", "time_actual_ms", 2000)
        .set("a", "time_estimate_ms", 6000)
        .set("b", "time_estimate_ms", 1000)
        .set("a", "points", 2)
        .set("b", "points", 3)
        .set("a", "cost_usd", 0.5)
        .set("b", "cost_usd", 0.25)
        .edge("a follows b")
        .agent("w1", "worker", json!({"started_at": 200}))
        .agent("w2", "worker", json!({"started_at": 100}))
        .end("completed", 7000)
        .measure();
    run.are(json!({
        "wall_clock_time_ms": 7000,
        "total_cost_usd": 0.75,
        "cost_source": "logged",
        "active_work_time_ms": 5000,
        "dependency_wait_time_ms": 0,
        "rework_rate": 0.0,
        "dispatch_latency_ms": null,
        "failure_rate": 0.0,
        "metric_0": 0,
        "launch_to_done_ms": 6900,
        "first_claim_to_done_ms": 6000,
        "completion_rate_pct": 100.0,
        "redo_rate": 0.0,
        "first_pass_rate": 1.0,
        "handoffs": 0,
        "reassignments": 0,
        "peak_parallelism": 1,
        "load_gini": 0.5,
        "load_max_over_mean": 2.0,
        "worker_idle_time_ms": 1000,
        "coordinator_cost_usd": 0.0,
        "blocked_time_ms": 4000,
        "ready_wait_time_ms": 2000,
        "assigned_wait_time_ms": 0,
        "critical_path_ms": 5000,
        "tainted_starts": 0,
        "early_starts": 0,
    }));
    run.is_about("agent_utilization_pct", 100.0 * (5.0 / 7.0 + 0.0) / 2.0);
    run.is_about("tasks_per_hour", 2.0 * 3600.0 / 7.0);
    run.is_about("points_per_hour", 5.0 * 3600.0 / 7.0);
    run.is_about("coordination_overhead_pct", 100.0 * 6.0 / 11.0);
    run.is_about("pickup_latency_ms", f64::midpoint(1000.0, 5000.0));
    run.is_about("estimate_accuracy", f64::midpoint(0.5, 2.0));
    run.is_about("avg_parallelism", 5.0 / 7.0);
    run.is_about("bound_efficiency", 5.0 / 7.0);
    assert_eq!(run.why("dispatch_latency_ms"), "no task was assigned");
    assert!(run.warning("censored").is_none());
    assert!(run.warning("states_by_name").is_some());
}

#[test]
fn an_unfinished_run_is_censored() {
    let run = case(TWO)
        .set("c", "created_at", 500)
        .end("timeout", 9000)
        .measure();
    run.are(json!({"wall_clock_time_ms": 9000, "launch_to_done_ms": null, "first_claim_to_done_ms": null}));
    run.is_about("completion_rate_pct", 200.0 / 3.0);
    assert_eq!(run.warning("censored").unwrap()["count"], json!(1));
    run.is_about("coordination_overhead_pct", 100.0 * 14.5 / 19.5); // the third task waits for 8.5 s more
}

#[test]
fn without_an_end_the_last_event_is_the_end() {
    let run = case("0 a pending\n1000 a working w1")
        .set("a", "updated_at", 1500)
        .measure();
    run.are(json!({"wall_clock_time_ms": 1500, "active_work_time_ms": 0, "avg_parallelism": 500.0 / 1500.0}));
}

#[test]
fn failed_and_cancelled_tasks_end_a_run_but_are_not_completed() {
    let run = case(
        "0 a pending\n0 b pending\n0 c pending
         100 a working w1\n1100 a completed\n1200 b working w1\n1500 b failed\n1600 c cancelled",
    )
    .end("failed_tasks", 1600)
    .measure();
    run.are(json!({"wall_clock_time_ms": 1600, "first_pass_rate": 1.0, "load_gini": 0.0}));
    run.is_about("failure_rate", 1.0 / 3.0);
    run.is_about("completion_rate_pct", 100.0 / 3.0);
    run.is_about("tasks_per_hour", 3_600_000.0 / 1600.0);
}

#[test]
fn nothing_in_scope() {
    let run = case("").measure();
    for name in [
        "wall_clock_time_ms",
        "rework_rate",
        "tasks_per_hour",
        "agent_utilization_pct",
        "load_gini",
    ] {
        assert!(run.why(name).len() > 5);
    }
    run.are(json!({"handoffs": 0, "peak_parallelism": 0, "critical_path_ms": 0, "active_work_time_ms": 0}));
    let zero = case("5 a pending\n5 a working w1\n5 a completed").measure();
    zero.are(json!({"wall_clock_time_ms": 0, "tasks_per_hour": null, "avg_parallelism": null, "first_pass_rate": 1.0}));
    assert_eq!(
        zero.why("agent_utilization_pct"),
        "the wall clock is zero or unknown"
    );
}

#[test]
fn estimates_are_scaled_for_simulated_agents() {
    let mut simulated =
        case(TWO)
            .set("a", "time_actual_ms", 3000)
            .set("a", "time_estimate_ms", 600_000);
    simulated.run_json["stand_in"] = json!({"time_scale": 0.005});
    simulated.measure().is_about("estimate_accuracy", 1.0);
    simulated.run_json["stand_in"] = json!({"time_scale": 0});
    assert_eq!(
        simulated.measure().why("estimate_accuracy"),
        "the run's time scale is not a positive number"
    );
}

#[test]
fn unknown_points_and_hours() {
    let run = case(TWO).measure();
    assert_eq!(run.why("points_per_hour"), "no task has points");
    assert_eq!(
        run.why("estimate_accuracy"),
        "no task has both an estimate and time worked"
    );
    assert_eq!(
        run.why("active_work_time_ms"),
        "the host recorded no time of work"
    );
    case(TWO)
        .set("a", "points", 0)
        .measure()
        .are(json!({"points_per_hour": 0.0}));
}

#[test]
fn times_at_the_ends_of_their_range() {
    let (first, last) = (i64::MIN, i64::MAX);
    let history = format!(
        "{first} a pending\n{first} b pending\n0 a working w1\n{last} a completed\n{last} b working w2"
    );
    let run = case(&history)
        .set("a", "metric_0", last)
        .set("b", "metric_0", last)
        .edge("a follows b")
        .measure();
    for name in ["wall_clock_time_ms", "metric_0", "blocked_time_ms"] {
        assert_eq!(run.why(name), "the value is beyond all numbers");
    }
    let run = case("0 a pending").set("a", "metric_0", last - 1).measure();
    run.are(json!({"metric_0": last - 1}));
    case(&format!("{last} a pending\n{first} a working w1"))
        .end("timeout", first)
        .measure()
        .are(json!({
            "wall_clock_time_ms": null, "peak_parallelism": 0,
        }));
}

#[test]
fn a_workflow_of_other_names() {
    let mut run = case(
        "0 a offen\n100 a vergeben w1\n300 a dran w1\n700 a frage\n800 a dran w1\n1000 a pruefung w2\n1500 a fertig",
    )
    .set("a", "time_actual_ms", 1100)
    .end("completed", 1500);
    let state = |exits: &[&str], timed: bool| json!({"exits": exits, "timed": timed});
    run.config = Some(json!({"effective": {
        "settings": {"initial_state": "offen", "blocking_states": ["offen", "vergeben", "dran", "pruefung"]},
        "states": {
            "offen": state(&["vergeben"], false), "vergeben": state(&["dran", "offen"], false),
            "dran": state(&["pruefung", "frage"], true), "pruefung": state(&["fertig", "dran"], true),
            "frage": state(&["dran"], false), "fertig": state(&["offen"], false),
        },
    }}));
    let run = run.measure();
    assert!(run.warning("states_by_name").is_none());
    run.are(json!({
        "wall_clock_time_ms": 1500, "rework_rate": 1.0, "redo_rate": 0.0, "handoffs": 1, "dispatch_latency_ms": 100.0,
        "pickup_latency_ms": 200.0, "assigned_wait_time_ms": 200, "ready_wait_time_ms": 100, "critical_path_ms": 1100,
        "completion_rate_pct": 100.0, "load_gini": 1.0 / 22.0,
    }));
}

#[test]
fn the_stored_configuration_of_a_real_workflow() {
    let host = tg_host::Host::find().unwrap();
    let mut run = case(
        "0 a backlog\n100 a todo\n300 a in_progress w1\n700 a blocked\n800 a in_progress w1
         1000 a review w2\n1500 a done",
    )
    .end("completed", 1500);
    let by_name = run.measure();
    let workflow = tg_host::Workflow::load(&host, "kanban", None, &["git".into()]).unwrap();
    run.config = Some(workflow.snapshot(&host));
    let stored = run.measure();
    assert!(by_name.warning("states_by_name").is_some());
    assert!(stored.warning("states_by_name").is_none());
    for (name, _, _) in tg_metrics::METRICS {
        assert_eq!(stored.get(name), by_name.get(name), "{name}");
    }
    stored.are(json!({
        "completion_rate_pct": 100.0, "critical_path_ms": 1100, "redo_rate": 0.0, "dispatch_latency_ms": 100.0,
    }));
}

#[test]
fn a_broken_run_object_is_said() {
    let mut run = case(TWO);
    run.config = Some(Value::String("not an object".into()));
    let run = run.measure();
    assert!(run.warning("states_by_name").is_some());
    run.are(json!({"completion_rate_pct": 100.0}));
}
