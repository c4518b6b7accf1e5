//! Work done twice, handed on, left, and rolled up, as a history shows it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::case;
use serde_json::json;

#[test]
fn redone_after_failure_after_success_and_after_a_hand_back() {
    let run = case(
        "0 failed pending\n0 reopened pending\n0 handed pending\n0 asked pending
         10 failed working w1\n20 failed failed\n30 failed pending\n40 failed working w1\n50 failed completed
         10 reopened working w2\n20 reopened completed\n30 reopened pending\n45 reopened working w2\n50 reopened completed
         10 handed working w3\n20 handed pending\n27 handed working w1\n50 handed completed
         10 asked working w4\n20 asked consult\n30 asked working w4\n50 asked completed",
    )
    .measure();
    run.are(json!({
        "rework_rate": 1.0,             // each entered `working` twice
        "redo_rate": 0.75,              // going on after an answer is not doing it again
        "first_pass_rate": 0.25,
        "handoffs": 1,
        "dependency_wait_time_ms": 10 + 15 + 7,
    }));
    run.is_about("pickup_latency_ms", (4.0 * 10.0 + 10.0 + 15.0 + 7.0) / 7.0); // not the one after consult
}

#[test]
fn the_legs_of_a_relay_are_not_redone() {
    let relay = "
        0 a pending
        10 a phase:design -
        20 a working w1
        30 a pending
        30 a phase:implement w1
        40 a working w2
        50 a pending
        50 a phase:review w2
        60 a working w3";
    let good = case(&format!("{relay}\n70 a completed")).measure();
    good.are(json!({"redo_rate": 0.0, "first_pass_rate": 1.0, "rework_rate": 1.0, "handoffs": 2}));
    let back =
        format!("{relay}\n70 a pending\n70 a phase:implement w3\n80 a working w2\n90 a completed");
    case(&back)
        .measure()
        .are(json!({"redo_rate": 1.0, "first_pass_rate": 0.0, "handoffs": 3}));
}

#[test]
fn taken_back_before_it_was_begun_is_no_redo() {
    let run = case("0 a pending\n10 a assigned w1\n25 a pending\n30 a assigned w2\n60 a working w2\n100 a completed").measure();
    run.are(json!({
        "redo_rate": 0.0, "rework_rate": 0.0, "reassignments": 1, "dispatch_latency_ms": 10.0,
        "dependency_wait_time_ms": 5, "pickup_latency_ms": 30.0, "handoffs": 0,
        "blocked_time_ms": 0, "ready_wait_time_ms": 15, "assigned_wait_time_ms": 45, "dispatch_from_ready_ms": 10.0,
    }));
}

#[test]
fn rollup_rows_are_no_work() {
    let run = case(
        "0 root pending\n0 a pending\n100 a working w1\n900 a completed
         900 root working w1 auto-rollup: transitioning to timed state before completion
         900 root completed w1 auto-rollup: all children reached terminal state",
    )
    .edge("root contains a")
    .measure();
    run.are(json!({"completion_rate_pct": 100.0, "rework_rate": 0.0, "tasks_per_hour": 4000.0, "ready_wait_time_ms": 100}));
}

#[test]
fn containers_count_when_a_worker_worked_on_them() {
    let history = "
        0 root pending
        0 part pending
        0 a pending
        100 root working boss
        150 part working w1
        250 part completed
        300 a working w1
        900 a completed
        1000 root completed w1 auto-rollup: all children reached terminal state";
    let run = case(history)
        .edge("root contains part")
        .edge("part contains a");
    let known = run
        .agent("w1", "worker", json!({}))
        .agent("boss", "coordinator", json!({}))
        .measure();
    known.are(json!({"wall_clock_time_ms": 900, "handoffs": 0, "peak_parallelism": 1, "worker_idle_time_ms": 50}));
    known.is_about("agent_utilization_pct", 100.0 * 700.0 / 900.0);
    assert_eq!(
        known.warning("coordinators_left_out").unwrap()["count"],
        json!(1)
    );
    assert!(known.warning("open_ended_intervals").is_none());

    let unknown = case(history)
        .edge("root contains part")
        .edge("part contains a")
        .measure();
    unknown.are(json!({"wall_clock_time_ms": 1000, "peak_parallelism": 2})); // the root's work ends at its rollup
    assert!(unknown.warning("agents_unknown").is_some());
    assert!(unknown.warning("open_ended_intervals").is_none());
}

#[test]
fn deleted_tasks_gates_and_locks_are_no_work_but_cost() {
    let run = case("0 a pending\n10 a working w1\n20 a completed\n0 gone pending\n0 start-gate pending\n0 hold pending\n0 _lock:git-commit pending")
        .set("gone", "deleted_at", 5)
        .set("hold", "needed_tags", "[\"__launcher__\"]")
        .set("gone", "cost_usd", 0.5)
        .set("gone", "metric_6", 7)
        .measure();
    run.are(json!({"wall_clock_time_ms": 20, "completion_rate_pct": 100.0, "total_cost_usd": 0.5, "metric_6": 7}));
}

#[test]
fn a_worker_that_went_away_without_a_row() {
    // w1 died at 300; the host wrote nothing until w2 began at 800.
    let history = "0 a pending\n100 a working w1\n800 a working w2\n1000 a completed";
    let known = case(history)
        .agent("w1", "worker", json!({"ended_at": 300}))
        .agent("w2", "worker", json!({}))
        .measure();
    assert_eq!(
        known.warning("open_ended_intervals").unwrap()["count"],
        json!(1)
    );
    known.are(json!({"handoffs": 1, "redo_rate": 0.0, "rework_rate": 1.0, "critical_path_ms": 400, "load_max_over_mean": 1.0}));
    // Nothing is known of w1's exit, and the task was last touched at its end: the work may have lasted till 800.
    case(history)
        .measure()
        .are(json!({"critical_path_ms": 900}));

    // Evicted at 800, and dead since 300.
    let evicted = "0 a pending\n100 a working w1\n800 a pending w1 stale_release\n900 a working w2\n1000 a completed";
    let evicted = case(evicted)
        .agent("w1", "worker", json!({"ended_at": 300}))
        .measure();
    assert_eq!(
        evicted.warning("open_ended_intervals").unwrap()["count"],
        json!(1)
    );
    evicted.are(json!({"critical_path_ms": 300, "redo_rate": 0.0, "dependency_wait_time_ms": 100}));

    // Left at 400 and never taken up again: the task says so, the history does not.
    let left = case("0 a pending\n100 a working w1")
        .set("a", "status", "pending")
        .set("a", "updated_at", 400);
    let left = left.end("agents_gone", 5000).measure();
    assert_eq!(
        left.warning("open_ended_intervals").unwrap()["count"],
        json!(1)
    );
    left.are(json!({"critical_path_ms": 300, "wall_clock_time_ms": 5000}));

    // Still at work when the run ended: open, but known.
    let held = case("0 a pending\n100 a working w1")
        .set("a", "updated_at", 400)
        .end("timeout", 5000)
        .measure();
    assert!(held.warning("open_ended_intervals").is_none());
    held.are(json!({"critical_path_ms": 4900}));
}

#[test]
fn a_task_without_its_first_row_waits_from_its_creation() {
    let run = case("100 a working w1\n300 a completed")
        .set("a", "created_at", 0)
        .set("b", "created_at", 0);
    let run = run
        .set("b", "status", "completed")
        .set("b", "completed_at", 50)
        .measure();
    run.are(
        json!({"ready_wait_time_ms": 100, "pickup_latency_ms": 100.0, "wall_clock_time_ms": 300}),
    );
    run.is_about("coordination_overhead_pct", 100.0 / 3.0);
}
