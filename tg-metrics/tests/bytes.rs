//! Any bytes as a snapshot: tg-metrics measures the rows that it can read, and each unknown value has a reason.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Metrics, gz, over, small};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;
use tg_host::Ledger;
use tg_metrics::{METRICS, Runs, View};
use tg_stage::Exit;

/// Metrics that are a part of a whole, and the whole.
const SHARES: [(&str, f64); 7] = [
    ("agent_utilization_pct", 100.0),
    ("completion_rate_pct", 100.0),
    ("coordination_overhead_pct", 100.0),
    ("failure_rate", 1.0),
    ("first_pass_rate", 1.0),
    ("redo_rate", 1.0),
    ("rework_rate", 1.0),
];

/// The metrics of every run in these bytes, if they are a snapshot.
fn measured(bytes: &[u8]) -> Vec<Metrics> {
    let Ok(snapshot) = Ledger::read(bytes) else {
        return Vec::new();
    };
    let mut runs = Runs::new(&snapshot);
    let rows = runs.rows().into_iter();
    let one = |row| {
        let metrics = METRICS.iter().collect::<Vec<_>>();
        Metrics(tg_metrics::measure(&View::of_run(&mut runs, row), &metrics))
    };
    rows.map(one).collect()
}

/// The laws of all metrics.
fn obey(metrics: &Metrics) {
    for (name, _, _) in METRICS {
        let is_known = metrics.get(name).is_number();
        assert!(is_known || !metrics.why(name).is_empty(), "{name}");
    }
    for (name, whole) in SHARES {
        let value = metrics.get(name).as_f64().unwrap_or(0.0);
        assert!(
            (0.0..=whole * (1.0 + 1e-9)).contains(&value),
            "{name} is {value}"
        );
    }
}

#[test]
fn bits_that_fell_over() {
    let whole = small().snapshot().to_string().into_bytes();
    let mut measurable = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let runs = measured(&bytes);
        runs.iter().for_each(obey);
        measurable += usize::from(!runs.is_empty());
    }
    assert!(
        measurable > whole.len() / 2,
        "{measurable} of {}",
        whole.len()
    );
}

#[test]
fn files_of_such_bytes_are_measured_or_reported_as_failed() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x.json");
    let whole = small().snapshot().to_string();
    let zipped = gz(&whole);
    for whole in [whole.into_bytes(), zipped] {
        for at in (0..whole.len()).step_by(whole.len() / 8) {
            let mut fallen = whole.clone();
            fallen[at] ^= 0x40;
            for bytes in [&whole[..at], &fallen] {
                fs::write(&path, bytes).unwrap();
                match over(std::slice::from_ref(&path)) {
                    (Exit::Done, lines) => assert_eq!(lines[0]["type"], "run"),
                    (exit, lines) => assert_eq!((exit, lines.len()), (Exit::Outside, 0)),
                }
                assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
            }
        }
    }
}

/// A moment, most often one of a few so that events meet.
fn time() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (0_i64..10).prop_map(Value::from),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(-1)].prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

/// One of few ids, so that rows refer to each other, to nothing, and to themselves.
fn id() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "d", "start-gate", "_lock:x"])
}

fn state() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "pending",
        "assigned",
        "working",
        "completed",
        "failed",
        "cancelled",
        "backlog",
        "in_progress",
        "done",
        "dreaming",
    ])
}

fn worker() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(vec!["w1", "w2", "lead"]))
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_i64..5).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn tasks() -> impl Strategy<Value = Value> {
    let task = (
        id(),
        state(),
        time(),
        time(),
        time(),
        number(),
        number(),
        number(),
    );
    let task = task.prop_map(|(id, status, created, updated, completed, cost, points, slot)| {
        json!({"id": id, "title": "T", "status": status, "created_at": created, "updated_at": updated, "completed_at": completed,
               "cost_usd": cost, "points": points, "metric_0": slot, "time_actual_ms": slot, "time_estimate_ms": slot})
    });
    prop::collection::vec(task, 0..5).prop_map(Value::from)
}

fn history() -> impl Strategy<Value = Value> {
    let reason = prop::option::of(prop::sample::select(vec![
        "stale_release",
        "auto-rollup: x",
        "y",
    ]));
    let row = (
        0_i64..20,
        id(),
        prop::option::of(state()),
        worker(),
        time(),
        reason,
    );
    let row = row.prop_map(|(number, task, status, worker, time, reason)| {
        json!({"id": number, "task_id": task, "status": status, "worker_id": worker, "timestamp": time, "reason": reason,
               "phase": reason})
    });
    prop::collection::vec(row, 0..16).prop_map(Value::from)
}

fn edges() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["contains", "blocks", "follows", "see-also"]);
    let edge = (id(), kind, id()).prop_map(
        |(from, kind, to)| json!({"from_task_id": from, "dep_type": kind, "to_task_id": to}),
    );
    prop::collection::vec(edge, 0..8).prop_map(Value::from)
}

fn runs() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec![
        "{}",
        "7",
        "{\"shared_db\":true}",
        "{\"start_gate\":true,\"agents\":3,\"stand_in\":{\"time_scale\":1e-308}}",
        "{",
        "{\"slots\":{\"metric_0\":\"tokens_out\",\"metric_1\":\"tokens_in\"}}",
    ]);
    let run = (
        prop::sample::select(vec!["r1", "r2"]),
        time(),
        time(),
        text.clone(),
        text,
    );
    let run = run.prop_map(|(id, started, completed, run, config)| {
        json!({"id": id, "started_at": started, "completed_at": completed, "run_json": run, "config_snapshot": config})
    });
    prop::collection::vec(run, 0..3).prop_map(Value::from)
}

fn agents() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["worker", "coordinator"]);
    let agent = (worker(), role, time(), time(), number(), number());
    let agent = agent.prop_map(|(worker, role, started, ended, cost, tokens)| {
        json!({"run_id": "r1", "worker_id": worker, "role": role, "started_at": started, "ended_at": ended, "cost_usd": cost,
               "tokens_in": tokens, "tokens_out": tokens, "tokens_cached": tokens})
    });
    prop::collection::vec(agent, 0..4).prop_map(Value::from)
}

proptest! {
    #[test]
    fn whatever_the_rows_say(
        tasks in tasks(), history in history(), edges in edges(), runs in runs(), agents in agents(),
        owners in prop::collection::vec((prop::sample::select(vec!["r1", "r2"]), id()), 0..5),
    ) {
        let origins: Vec<_> = owners
            .iter()
            .map(|(run, task)| json!({"run_id": run, "task_id": task, "template_task_id": task}))
            .collect();
        let snapshot = json!({"exported_by": "x", "tables": {
            "tasks": tasks, "task_sequence": history, "dependencies": edges, "experiment_runs": runs, "experiment_agents": agents,
            "experiment_tasks": origins,
        }});
        let measured = measured(snapshot.to_string().as_bytes());
        prop_assert!(!measured.is_empty());
        measured.iter().for_each(obey);
    }
}
