//! Ends without a row, and tasks that have ended all the same.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod histories;
mod sql;

use common::case;
use histories::workflow::WORKFLOWS;
use serde_json::json;

#[test]
fn a_disconnect_that_ends_its_task_stops_the_clock() {
    // w1 was on `a` until it left at 900 by disconnect(final_status: completed): no row, and the task is not touched.
    let history = "0 a pending\n0 b pending\n100 a working w1\n100 b working w2\n200 b completed";
    let run = case(history)
        .set("a", "status", "completed")
        .agent("w1", "worker", json!({"ended_at": 900}))
        .agent("w2", "worker", json!({"ended_at": 950}))
        .end("completed", 900)
        .measure();
    run.are(
        json!({"critical_path_ms": 800, "wall_clock_time_ms": 900, "first_claim_to_done_ms": 800}),
    );
    run.is_about(
        "agent_utilization_pct",
        100.0 * (800.0 + 100.0) / 2.0 / 900.0,
    );
}

#[test]
fn an_evicted_worker_hands_nothing_back_also_under_push() {
    let lost = "0 a pending\n100 a working w1\n800 a pending w1 stale_release\n";
    let pull = case(&format!("{lost}900 a working w2\n1000 a completed")).measure();
    let push = case(&format!(
        "{lost}850 a assigned w2\n900 a working w2\n1000 a completed"
    ))
    .measure();
    pull.are(json!({"redo_rate": 0.0, "first_pass_rate": 1.0}));
    push.are(json!({"redo_rate": 0.0, "first_pass_rate": 1.0}));
}

#[test]
fn what_has_failed_is_over_in_every_workflow() {
    // Kanban knows the built-in `failed`, whose exit is `pending` and not `backlog`: disconnect(final_status: failed) leads there.
    let kanban = WORKFLOWS
        .iter()
        .find(|workflow| workflow.success == "done")
        .unwrap();
    let mut run = case("0 a backlog\n100 a todo\n200 a in_progress w1")
        .set("a", "status", "failed")
        .end("failed_tasks", 300);
    run.config = Some(kanban.config());
    let run = run.measure();
    run.are(json!({"failure_rate": 1.0}));
    assert!(run.warning("censored").is_none(), "both failed and open");
}
