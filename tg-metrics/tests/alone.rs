//! Unrequested metrics are not computed; a requested one has the same value alone as among all.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{case, over, run};
use serde_json::json;
use tempfile::TempDir;
use tg_host::Ledger;
use tg_metrics::{Args, METRICS, View};

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
    let ledger = Ledger::read(run.snapshot().to_string().as_bytes()).unwrap();
    let view = View::new(&ledger, ledger.runs.first());
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

/// Metrics that do not depend on the order of tasks are computed without reading it; the rest of the record is the same.
#[test]
fn a_record_is_the_same_whatever_was_asked_for() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("s.json");
    let one = case(
        "0 a pending
         0 b pending
         0 c pending
         5 a working w1
         40 a completed w1
         41 b working w2
         60 b completed w2",
    )
    .edge("a follows b")
    .edge("a blocks c")
    .edge("gone blocks b")
    .edge("c contains b")
    .snapshot();
    let mut two = one.clone();
    two["tables"]["experiment_runs"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "r2"}));
    two["tables"]["experiment_tasks"] = json!([
        {"run_id": "r1", "task_id": "a", "template_task_id": "t"}, {"run_id": "r1", "task_id": "b", "template_task_id": "u"},
        {"run_id": "r2", "task_id": "c", "template_task_id": "t"},
    ]);
    for (snapshot, edges) in [(one, &[3][..]), (two, &[1, 0])] {
        std::fs::write(&path, snapshot.to_string()).unwrap();
        let (_, all) = over(std::slice::from_ref(&path));
        let counted: Vec<_> = all
            .iter()
            .map(|record| &record["instantiate"]["ordering_deps"])
            .collect();
        assert_eq!(counted, edges);
        for (name, ..) in METRICS {
            let only = Args {
                paths: vec![path.clone()],
                only: vec![(*name).into()],
                ..Args::default()
            };
            let (_, alone) = run(&only, "");
            for (alone, all) in alone.iter().zip(&all) {
                assert_eq!(alone["metrics"][name], all["metrics"][name], "{name}");
                for part in ["run", "instantiate", "export"] {
                    assert_eq!(alone[part], all[part], "{part} with --only {name}");
                }
            }
        }
    }
}
