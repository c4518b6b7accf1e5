//! The work of each worker, and the cost.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Case, case};
use serde_json::json;

const OVERLAP: &str = "
    0 a pending\n0 b pending\n0 c pending
    0 a working w1
    200 b working w1
    300 a completed
    500 b completed
    600 c working w2
    1000 c completed";

#[test]
fn overlapping_work_of_one_worker_counts_once() {
    let run = case(OVERLAP).measure();
    run.are(json!({"peak_parallelism": 2, "worker_idle_time_ms": 0, "avg_parallelism": 1.0}));
    run.is_about("agent_utilization_pct", f64::midpoint(50.0, 40.0));
    run.is_about("load_max_over_mean", 500.0 / 450.0);
    run.is_about("load_gini", 100.0 / (2.0 * 900.0));
}

#[test]
fn work_after_the_clock_stopped_makes_no_worker_busier() {
    let run = case("0 a pending\n100 a working w1\n1000 a completed")
        .set("b", "created_at", 0)
        .end("cancelled", 500);
    run.measure()
        .are(json!({"wall_clock_time_ms": 500, "agent_utilization_pct": 80.0}));
}

#[test]
fn idle_workers_count_and_idle_coordinators_do_not() {
    let run = case(OVERLAP)
        .agent("w1", "worker", json!({}))
        .agent("w2", "worker", json!({}))
        .agent("w3", "worker", json!({}))
        .agent("boss", "lead", json!({}))
        .measure();
    run.is_about("agent_utilization_pct", 30.0);
    run.are(json!({"load_gini": (2.0 * 500.0 + 2.0 * 400.0 + 2.0 * 100.0) / (2.0 * 3.0 * 900.0)}));
    run.is_about("bound_efficiency", 0.4); // the longest task; the work of four agents is 250 ms
    assert!(
        run.warning("coordinators_left_out").unwrap()["message"]
            .as_str()
            .unwrap()
            .ends_with("boss")
    );
    let at_work = case(OVERLAP)
        .agent("w1", "worker", json!({}))
        .agent("w2", "coordinator", json!({}))
        .measure();
    at_work.is_about("agent_utilization_pct", 45.0);
    assert!(at_work.warning("coordinators_left_out").is_none());
}

fn costs(one: serde_json::Value, two: serde_json::Value) -> Case {
    let logged = case(OVERLAP)
        .set("a", "cost_usd", 3.0)
        .set("a", "metric_0", 40)
        .set("b", "metric_1", 2);
    logged
        .agent("w1", "worker", one)
        .agent("w2", "coordinator", two)
}

#[test]
fn agents_reports_come_before_logs() {
    let report = |usd: f64, source: &str| json!({"cost_usd": usd, "cost_source": source, "tokens_in": 1000, "tokens_out": 10, "tokens_cached": 250});
    let run = costs(report(0.5, "reported"), report(0.25, "reported")).measure();
    run.are(json!({
        "total_cost_usd": 0.75, "cost_source": "reported", "coordinator_cost_usd": 0.25, "coordinator_tokens": 1010,
        "tokens_total": 2020, "cache_hit_rate": 0.25, "metric_0": 40, "metric_1": 2,
    }));
    let mixed = costs(report(0.5, "reported"), report(0.25, "priced")).measure();
    mixed.are(json!({"total_cost_usd": 0.75, "cost_source": "mixed"}));
}

#[test]
fn a_report_that_is_missing_makes_the_log_the_source() {
    let run = costs(json!({"cost_usd": 0.5, "tokens_in": 5}), json!({})).measure();
    run.are(json!({"total_cost_usd": 3.0, "cost_source": "logged", "tokens_total": 42, "cache_hit_rate": 0.0}));
    assert_eq!(
        run.why("coordinator_cost_usd"),
        "the coordinator's cost or tokens are unknown"
    );
    assert_eq!(
        run.why("coordinator_tokens"),
        "the coordinator's cost or tokens are unknown"
    );
}

#[test]
fn nothing_logged_is_unknown_and_not_free() {
    let run = case(OVERLAP).set("a", "cost_usd", 0.0).measure();
    run.are(json!({"total_cost_usd": null, "cost_source": "unknown", "tokens_total": null, "metric_0": 0}));
    assert_eq!(run.why("total_cost_usd"), "no cost was reported or logged");
    assert_eq!(
        run.why("cache_hit_rate"),
        "no tokens were reported or logged"
    );
    assert_eq!(
        run.why("coordinator_cost_usd"),
        "the roles of the agents are not recorded"
    );
}

#[test]
fn slots_mean_what_the_manifest_says() {
    let mut run = costs(json!({}), json!({}));
    run.run_json["slots"] = json!({"metric_0": "tool_calls", "metric_7": "tokens_in"});
    run.set("c", "metric_7", 100)
        .measure()
        .are(json!({"tokens_total": 102, "metric_0": 40}));
    let mut none = costs(json!({}), json!({}));
    none.run_json["slots"] = json!({"metric_0": "tool_calls"});
    assert_eq!(
        none.measure().why("tokens_total"),
        "no tokens were reported or logged"
    );
}
