//! The wait of tasks for their predecessors, and the bounds of the graph.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::case;
use serde_json::json;

/// `b` follows `a`.
const CHAIN: &str = "0 a pending\n0 b pending\n100 a working w1\n400 a completed\n";

#[test]
fn blocked_ready_and_assigned_add_up_to_the_first_start() {
    let run = case(&format!(
        "{CHAIN}550 b assigned w2\n650 b working w2\n700 b completed"
    ))
    .edge("a follows b")
    .measure();
    run.are(json!({
        "blocked_time_ms": 400, "ready_wait_time_ms": 100 + 150, "assigned_wait_time_ms": 100,
        "dispatch_latency_ms": 550.0, "dispatch_from_ready_ms": 150.0, "early_starts": 0, "tainted_starts": 0,
    }));
}

#[test]
fn given_out_before_it_was_ready() {
    let history = "
        0 a pending
        0 b pending
        100 a working w1
        200 b assigned w2
        400 a completed
        650 b working w2
        700 b completed";
    case(history).edge("a blocks b").measure().are(json!({
        "blocked_time_ms": 400, "ready_wait_time_ms": 100, "assigned_wait_time_ms": 250,
        "dispatch_from_ready_ms": 0.0, "early_starts": 0,
    }));
}

#[test]
fn early_and_tainted_starts() {
    let early = case(
        "0 a pending\n0 b pending\n100 a working w1\n200 b assigned w2\n300 b working w2\n350 b completed\n400 a completed",
    );
    let early = early.edge("a follows b").measure();
    early.are(json!({"early_starts": 1, "tainted_starts": 0, "blocked_time_ms": 300, "assigned_wait_time_ms": 0}));
    assert_eq!(
        early.why("dispatch_from_ready_ms"),
        "no task was assigned and started when it was ready"
    );

    let tainted = case(
        "0 a pending\n0 b pending\n100 a working w1\n200 a failed\n300 b working w2\n350 b completed",
    );
    let tainted = tainted.edge("a follows b").measure();
    tainted.are(json!({"early_starts": 0, "tainted_starts": 1, "blocked_time_ms": 200, "ready_wait_time_ms": 100 + 100}));

    let mended = case(
        "0 a pending\n0 b pending\n100 a working w1\n200 a failed\n210 a pending\n220 a working w1\n250 a completed\n300 b working w2",
    );
    let mended = mended.edge("a follows b").measure();
    mended.are(json!({"early_starts": 0, "tainted_starts": 0, "blocked_time_ms": 250, "ready_wait_time_ms": 100 + 50}));
}

#[test]
fn the_same_millisecond_is_ordered_by_row() {
    let after = case(&format!("{CHAIN}400 b working w2\n500 b completed"))
        .edge("a follows b")
        .measure();
    after.are(json!({"early_starts": 0, "blocked_time_ms": 400, "ready_wait_time_ms": 100}));
    let before =
        case("0 a pending\n0 b pending\n100 a working w1\n400 b working w2\n400 a completed")
            .edge("a follows b")
            .measure();
    before.are(json!({"early_starts": 1, "blocked_time_ms": 400}));
}

#[test]
fn a_task_that_follows_a_container_waits_for_its_rollup() {
    let run = case(
        "0 g pending\n0 a pending\n0 b pending\n100 a working w1\n400 a completed
         400 g working w1 auto-rollup: transitioning to timed state before completion
         400 g completed w1 auto-rollup: all children reached terminal state
         500 b working w2\n700 b completed",
    )
    .edge("g contains a")
    .edge("g follows b")
    .measure();
    run.are(json!({"blocked_time_ms": 400, "ready_wait_time_ms": 100 + 100, "early_starts": 0, "critical_path_ms": 500}));
}

#[test]
fn predecessors_without_a_history() {
    let run = case("0 b pending\n300 b working w2\n350 b completed");
    let run = run
        .set("a", "status", "completed")
        .set("a", "created_at", 0)
        .set("a", "completed_at", 0);
    run.edge("a follows b")
        .edge("missing blocks b")
        .measure()
        .are(json!({
            "early_starts": 0, "blocked_time_ms": 0, "ready_wait_time_ms": 300,
        }));
}

#[test]
fn the_critical_path_is_the_longest_by_time_worked() {
    let history = "
        0 a pending\n0 b pending\n0 c pending\n0 d pending
        0 a working w1\n100 a completed
        100 b working w1\n300 b completed
        100 c working w2\n150 c completed
        300 d working w1\n400 d completed";
    let diamond = || {
        case(history)
            .edge("a follows b")
            .edge("a follows c")
            .edge("b follows d")
            .edge("c blocks d")
    };
    let run = diamond().measure();
    run.are(json!({"critical_path_ms": 400, "wall_clock_time_ms": 400, "bound_efficiency": 1.0, "peak_parallelism": 2}));
    run.is_about("avg_parallelism", 450.0 / 400.0);
    let circle = diamond().edge("d follows a").measure();
    assert_eq!(
        circle.why("critical_path_ms"),
        "the dependencies go round in a circle"
    );
    assert_eq!(
        circle.why("bound_efficiency"),
        "the dependencies go round in a circle"
    );

    // Without edges the work of two agents bounds the run, not the longest task.
    let mut free = case(history);
    free.run_json["agents"] = json!(2);
    free.measure()
        .are(json!({"critical_path_ms": 200, "bound_efficiency": 225.0 / 400.0}));
}
