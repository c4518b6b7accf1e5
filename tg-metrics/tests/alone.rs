//! What nobody asks for is not computed; what somebody asks for is the same alone as among all.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::case;
use serde_json::json;
use tg_host::Ledger;
use tg_metrics::table::METRICS;
use tg_metrics::view::View;

#[test]
fn each_metric_is_the_same_alone() {
    let run = case(
        "0 a pending
         0 b pending
         5 a assigned w1
         8 a working w1
         40 a failed w1
         41 b working w2
         60 b pending w2
         70 b working w1
         99 b completed w1",
    )
    .edge("a follows b")
    .set("a", "points", 3)
    .set("b", "time_actual_ms", 48)
    .set("b", "time_estimate_ms", 50)
    .set("b", "cost_usd", 0.5)
    .agent("w1", "worker", json!({"started_at": 1}))
    .agent("w2", "worker", json!({"started_at": 1}))
    .end("completed", 100);
    let ledger = Ledger::parse(run.snapshot().to_string().as_bytes()).unwrap();
    let view = View::of(&ledger, ledger.runs.first());
    let all = tg_metrics::measure(&view, &METRICS.iter().collect::<Vec<_>>());
    for metric in METRICS {
        let alone = tg_metrics::measure(&view, &[metric]);
        assert_eq!(alone[metric.0], all[metric.0], "{}", metric.0);
    }
    // Not because all are null or 0: these come of the walks that are left out.
    for name in [
        "blocked_time_ms",
        "ready_wait_time_ms",
        "dispatch_from_ready_ms",
        "tainted_starts",
        "critical_path_ms",
    ] {
        assert!(
            all[name].as_f64().is_some_and(|value| value > 0.0),
            "{name} is {}",
            all[name]
        );
    }
}
