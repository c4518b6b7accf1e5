//! A part of a run: scope, trimming, and records for each worker and task.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Case, case, run, small};
use serde_json::{Value, json};
use tempfile::TempDir;
use tg_metrics::{Args, Per, Scope};
use tg_stage::Exit;

/// The lines that the tool prints for a snapshot file of `case`.
fn lines(case: &Case, args: Args) -> Vec<Value> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("s.json");
    std::fs::write(&path, case.snapshot().to_string()).unwrap();
    let paths = vec![path];
    let (exit, lines) = run(&Args { paths, ..args }, "");
    assert_eq!(exit, Exit::Done);
    lines
}

fn metrics(case: &Case, args: Args) -> Value {
    lines(case, args)[0]["metrics"].clone()
}

/// Four tasks, one after the other, each 100 ms of work; `a` warms up, `d` cools down.
fn four() -> Case {
    let tasks = ["a", "b", "c", "d"].into_iter().enumerate();
    let history: String = tasks
        .map(|(at, task)| {
            let (start, end) = (1000 * at + 500, 1000 * at + 600);
            format!("0 {task} pending\n{start} {task} working w1\n{end} {task} completed\n")
        })
        .collect();
    let mut case = case(&history).end("completed", 3600);
    for task in ["a", "b", "c", "d"] {
        case = case
            .set(task, "time_actual_ms", 100)
            .set(task, "cost_usd", 0.25)
            .set(task, "metric_0", 10);
    }
    case.set("a", "tags", json!(["warmup", "x"]))
        .set("d", "tags", "[\"cooldown\"]")
}

#[test]
fn what_is_trimmed_leaves_every_metric() {
    let whole = metrics(&four(), Args::default());
    assert_eq!(whole["wall_clock_time_ms"], json!(3600));
    assert_eq!(whole.get("trimmed"), None);
    let rest = json!({"wall_clock_time_ms": 1100, "total_cost_usd": 0.5, "metric_0": 20, "active_work_time_ms": 200,
                      "completion_rate_pct": 100.0, "launch_to_done_ms": null});
    let by = [
        Args {
            exclude_tag: vec!["warmup".into(), "cooldown".into()],
            ..Args::default()
        },
        Args {
            skip_first: 1,
            skip_last: 1,
            ..Args::default()
        },
        // `a` starts at 500 ms, `d` ends with the run.
        Args {
            trim_start: Some(std::time::Duration::from_millis(501)),
            trim_end: Some(std::time::Duration::from_millis(1)),
            ..Args::default()
        },
    ];
    for args in by {
        let trimmed = metrics(&four(), args.clone());
        for (name, value) in rest.as_object().unwrap() {
            assert_eq!(&trimmed[name], value, "{name}: {args:?}");
        }
        assert_eq!(trimmed["trimmed"]["tasks"], json!(2), "{args:?}");
    }
}

#[test]
fn the_manifests_warmup_is_obeyed_unless_the_command_line_says_otherwise() {
    let mut case = four();
    case.run_json["warmup"] = json!({"exclude_tags": ["warmup"]});
    let by_manifest = metrics(&case, Args::default());
    assert_eq!(
        by_manifest["trimmed"],
        json!({"exclude_tags": ["warmup"], "tasks": 1})
    );
    assert_eq!(by_manifest["wall_clock_time_ms"], json!(2100));
    let by_hand = metrics(
        &case,
        Args {
            skip_last: 2,
            ..Args::default()
        },
    );
    assert_eq!(by_hand["trimmed"], json!({"skip_last": 2, "tasks": 2}));
}

#[test]
fn what_agents_report_cannot_be_divided_among_tasks() {
    let case = four().agent(
        "w1",
        "worker",
        json!({"cost_usd": 9.0, "cost_source": "reported", "tokens_in": 5, "tokens_out": 6}),
    );
    let whole = metrics(&case, Args::default());
    assert_eq!(
        (&whole["total_cost_usd"], &whole["cost_source"]),
        (&json!(9.0), &json!("reported"))
    );
    assert_eq!(
        (&whole["cost_mismatch"], &whole["tokens_source"]),
        (&json!(1.0 / 9.0), &json!("reported"))
    );
    let part = metrics(
        &case,
        Args {
            skip_first: 1,
            ..Args::default()
        },
    );
    assert_eq!(
        (&part["total_cost_usd"], &part["cost_source"]),
        (&json!(0.75), &json!("logged"))
    );
    assert_eq!(
        (&part["tokens_total"], &part["tokens_source"]),
        (&json!(30), &json!("logged"))
    );
}

#[test]
fn everything_trimmed_is_nothing_measured() {
    let none = metrics(
        &four(),
        Args {
            skip_first: 9,
            ..Args::default()
        },
    );
    assert_eq!(
        (&none["wall_clock_time_ms"], &none["tasks_per_hour"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(none["trimmed"]["tasks"], json!(4));
}

#[test]
fn scope_all_takes_containers_in() {
    let history = "0 g pending\n0 a pending\n100 a working w1\n400 a completed\n\
                   400 g working w1 auto-rollup: transitioning\n400 g completed w1 auto-rollup: all children";
    let case = case(history)
        .edge("g contains a")
        .set("g", "points", 5)
        .end("completed", 400);
    let work = metrics(&case, Args::default());
    let all = metrics(
        &case,
        Args {
            scope: Scope::All,
            ..Args::default()
        },
    );
    assert_eq!((work.get("scope"), &all["scope"]), (None, &json!("all")));
    assert_eq!(
        (&work["points_per_hour"], &all["points_per_hour"]),
        (&Value::Null, &json!(45000.0))
    );
    assert_eq!(all["completion_rate_pct"], json!(100.0));
}

#[test]
fn a_record_for_each_task_and_worker() {
    let mut case =
        small()
            .set("a", "points", 3)
            .agent("lead", "coordinator", json!({"cost_usd": 0.5}));
    case.run_json["replicate"] = json!(2);
    let lines = lines(
        &case,
        Args {
            per: vec![Per::Task, Per::Agent],
            ..Args::default()
        },
    );
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["run", "task", "task", "agent", "agent", "agent"]);
    let b = &lines[2];
    for (key, value) in json!({"run": "r1", "arm": "x", "replicate": 2, "task": "b", "status": "completed", "created_ms": 0,
        "started_ms": 700, "ended_ms": 900, "timed_ms": 200, "blocked_ms": 600, "ready_ms": 100, "assigned_ms": 0,
        "redone": false, "work": [["w2", 700, 900]]}).as_object().unwrap() {
        assert_eq!(&b[key], value, "{key}");
    }
    let agents: Vec<_> = lines[3..]
        .iter()
        .map(|line| (line["worker"].as_str().unwrap(), line["busy_ms"].clone()))
        .collect();
    assert_eq!(
        agents,
        [
            ("lead", Value::Null),
            ("w1", json!(500)),
            ("w2", json!(200))
        ]
    );
    assert_eq!(
        (&lines[3]["cost_usd"], &lines[3]["role"]),
        (&json!(0.5), &json!("coordinator"))
    );
    // The parts are those of the run's own metrics.
    let sum = |key: &str| -> i64 {
        lines[1..3]
            .iter()
            .map(|line| line[key].as_i64().unwrap())
            .sum()
    };
    for key in ["blocked_ms", "ready_ms", "assigned_ms"] {
        let whole = key
            .replace("blocked_ms", "blocked_time_ms")
            .replace("ready_ms", "ready_wait_time_ms")
            .replace("assigned_ms", "assigned_wait_time_ms");
        assert_eq!(lines[0]["metrics"][&whole], json!(sum(key)), "{whole}");
    }
}

#[test]
fn claims_of_one_file() {
    let mut snapshot = small().snapshot();
    let claim = |id: i64, file: &str, worker: &str, from: i64, to: Option<i64>| json!({"id": id, "file_path": file, "worker_id": worker, "event": "claimed", "timestamp": from, "end_timestamp": to});
    let measure = |snapshot: &Value| {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("s.json");
        std::fs::write(&path, snapshot.to_string()).unwrap();
        run(
            &Args {
                paths: vec![path],
                ..Args::default()
            },
            "",
        )
        .1[0]["metrics"]["file_contention"]
            .clone()
    };
    assert_eq!(measure(&snapshot), Value::Null, "not recorded");
    snapshot["tables"]["claim_sequence"] = json!([]);
    assert_eq!(measure(&snapshot), Value::Null, "the host does not tell");
    snapshot["tables"]["claim_sequence"] = json!([
        claim(1, "/a", "w1", 0, Some(100)),
        claim(2, "/a", "w2", 50, Some(60)),   // while w1 has it
        claim(3, "/a", "w1", 55, None),       // while w2 has it
        claim(4, "/a", "w1", 70, None),       // only its own
        claim(5, "/b", "w2", 70, None),       // another file
        claim(6, "/a", "w2", 9999, None),     // never given back
        {"id": 7, "file_path": "/a", "worker_id": "w3", "event": "released", "timestamp": 56, "end_timestamp": null},
    ]);
    assert_eq!(measure(&snapshot), json!(3));
}
