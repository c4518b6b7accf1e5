//! Laws that hold for every run.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod histories;
mod sql;

use histories::change;
use histories::plan::{Plan, orderly, plan};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

/// A run, and its values by tg-metrics.
struct Run {
    db: Connection,
    snapshot: Value,
    metrics: Value,
}

fn run(plan: &Plan) -> Run {
    let db = histories::database(std::slice::from_ref(plan));
    let snapshot = sql::dump(&db);
    let metrics = sql::measured(&snapshot, Some("r1"));
    Run {
        db,
        snapshot,
        metrics,
    }
}

impl Run {
    fn get(&self, metric: &str) -> Option<f64> {
        self.metrics[metric].as_f64()
    }

    /// Its values by SQL, once its facts exist.
    fn sql(&self, sql: &str) -> f64 {
        sql::number(&self.db, sql).unwrap()
    }

    /// Its metrics after a change of the snapshot.
    fn after(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut snapshot = self.snapshot.clone();
        change(&mut snapshot);
        let id = snapshot["tables"]["experiment_runs"][0]["id"]
            .as_str()
            .unwrap()
            .to_string();
        sql::measured(&snapshot, Some(&id))
    }
}

/// The metrics and their warnings, without the names in the messages.
fn without_names(metrics: &Value) -> Value {
    let mut metrics = metrics.clone();
    for warning in metrics["warnings"].as_array_mut().unwrap() {
        if warning["kind"] == "coordinators_left_out" {
            warning["message"] = Value::Null;
        }
    }
    metrics
}

fn keys() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 40)
}

proptest! {
    #![proptest_config(histories::config())]

    #[test]
    fn shares_and_bounds(plan in plan()) {
        let run = run(&plan);
        prop_assert!(run.get("agent_utilization_pct").is_none_or(|pct| (0.0..=100.0).contains(&pct)));
        if let Some(mean) = run.get("avg_parallelism") {
            prop_assert!(run.get("peak_parallelism").unwrap() >= mean - 1e-9);
        }
        prop_assert!(run.get("load_gini").is_none_or(|gini| (0.0..1.0).contains(&gini)));
        prop_assert!(run.get("load_max_over_mean").is_none_or(|times| times >= 1.0 - 1e-9));
    }

    #[test]
    fn every_task_is_completed_failed_cancelled_or_open(plan in plan()) {
        let run = run(&plan);
        sql::prepare(&run.db, Some("r1"));
        // A known bug, see bugs.rs: a state that is called failed and is not over, as the built-in one in kanban.
        prop_assume!(run.sql("SELECT count(*) FROM scope WHERE status = 'failed' AND class <> 'terminal'") == 0.0);
        if let Some(completed) = run.get("completion_rate_pct") {
            let tasks = run.sql("SELECT count(*) FROM scope");
            let cancelled = run.sql("SELECT count(*) FROM scope WHERE status = 'cancelled'");
            let warnings = run.metrics["warnings"].as_array().unwrap().iter();
            let open = warnings.filter(|warning| warning["kind"] == "censored").map(|warning| warning["count"].as_f64().unwrap());
            let all = completed / 100.0 + run.get("failure_rate").unwrap() + (cancelled + open.sum::<f64>()) / tasks;
            prop_assert!((all - 1.0).abs() < 1e-9, "{all}\n{}", sql::text_of(&run.db));
        }
    }

    #[test]
    fn waits_add_up_to_the_first_start(plan in plan()) {
        let run = run(&plan);
        sql::prepare(&run.db, Some("r1"));
        let waits = ["blocked_time_ms", "ready_wait_time_ms", "assigned_wait_time_ms"];
        let waits: i64 = waits.iter().map(|wait| run.metrics[wait].as_i64().unwrap()).sum();
        let starts = "SELECT total(t - created) FROM (SELECT task, min(t0) AS t FROM timed GROUP BY task) JOIN scope ON id = task";
        prop_assert_eq!(waits, run.sql(starts) as i64);
    }

    #[test]
    fn in_the_order_of_the_graph_no_chain_is_longer_than_the_run(plan in orderly()) {
        let run = run(&plan);
        prop_assert_eq!(run.get("early_starts"), Some(0.0));
        if let Some(wall) = run.get("wall_clock_time_ms") {
            let path = run.get("critical_path_ms").unwrap();
            prop_assert!(path <= wall, "{path} > {wall}\n{}", sql::text_of(&run.db));
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(plan in plan(), keys in keys()) {
        let run = run(&plan);
        prop_assert_eq!(&run.after(|snapshot| change::shuffle(snapshot, &keys)), &run.metrics);
    }

    #[test]
    fn names_in_the_same_order_do_not_matter(plan in plan()) {
        let run = run(&plan);
        let renamed = run.after(|snapshot| change::rename(snapshot, None));
        prop_assert_eq!(without_names(&renamed), without_names(&run.metrics));
    }

    /// Sums of money and of ratios follow the order of ids, so their last digits may differ; no other value may.
    #[test]
    fn names_do_not_matter(plan in plan(), keys in keys()) {
        let run = run(&plan);
        let mut renamed = run.after(|snapshot| change::rename(snapshot, Some(&keys)));
        for metric in [
            "total_cost_usd",
            "coordinator_cost_usd",
            "cost_per_task",
            "cost_per_point",
            "cost_mismatch",
            "estimate_accuracy",
        ] {
            prop_assert!(sql::is_about(renamed[metric].as_f64(), run.get(metric)), "{metric}");
            renamed[metric] = run.metrics[metric].clone();
        }
        prop_assert_eq!(without_names(&renamed), without_names(&run.metrics));
    }

    #[test]
    fn the_date_does_not_matter(plan in plan(), by in -1_700_000_000_000_i64..1_000_000_000_000) {
        let run = run(&plan);
        prop_assert_eq!(&run.after(|snapshot| change::shift(snapshot, by)), &run.metrics);
    }

    #[test]
    fn at_half_the_speed_times_double_and_ratios_stay(plan in plan()) {
        let run = run(&plan);
        let slow = run.after(change::slow_down);
        for (metric, _, _) in tg_metrics::METRICS {
            let times = if metric.ends_with("_ms") { 2.0 } else if metric.ends_with("_per_hour") { 0.5 } else { 1.0 };
            let expected = run.get(metric).map(|value| value * times);
            prop_assert_eq!(slow[metric].as_f64(), expected, "{}", metric);
        }
        prop_assert_eq!(&slow["warnings"], &run.metrics["warnings"]);
    }
}

#[test]
fn a_law_can_be_broken() {
    // The changes do change: the same snapshot, and three of its facts moved alone.
    let mut snapshot = json!({"tables": {"tasks": [{"id": "_lock:b", "created_at": 5}, {"id": "a", "time_actual_ms": 3}],
        "task_sequence": [{"id": 1, "task_id": "a", "worker_id": "w", "timestamp": 7}]}});
    change::shift(&mut snapshot, 10);
    change::slow_down(&mut snapshot);
    change::shuffle(&mut snapshot, &[2, 1]);
    change::rename(&mut snapshot, None);
    assert_eq!(
        snapshot,
        json!({"tables": {"tasks": [{"id": "n0000000001-001", "time_actual_ms": 6}, {"id": "_lock:0000000000-000", "created_at": 30}],
            "task_sequence": [{"id": 1, "task_id": "n0000000001-001", "worker_id": "n0000000002-002", "timestamp": 34}]}})
    );
}
