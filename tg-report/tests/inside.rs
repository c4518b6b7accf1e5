//! Scaling curves, and what happened inside runs, from records of agents and tasks.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::{Value, json};

/// One run with two agents and two tasks, as `tg-metrics --per agent,task` prints it.
fn with_inside(arm: &str, k: u32, wall: i64) -> Vec<Value> {
    let id = format!("{arm}-r{k}");
    let metrics = json!({"wall_clock_time_ms": wall, "load_gini": 0.25, "load_max_over_mean": 1.5});
    let agent = |worker: &str, busy: i64| {
        json!({"type": "agent", "v": 1, "run": id, "worker": format!("{id}-{worker}"), "role": "worker",
            "busy_ms": busy, "utilization_pct": 100.0 * busy as f64 / wall as f64})
    };
    let task = |task: &str, waits: [i64; 3], start: i64, end: i64| {
        json!({"type": "task", "v": 1, "run": id, "task": format!("{id}.{task}"), "template_task": task,
            "blocked_ms": waits[0], "ready_ms": waits[1], "assigned_ms": waits[2], "ended_ms": end,
            "work": [[format!("{id}-w1"), start, end]]})
    };
    vec![
        run(arm, k, metrics),
        agent("w1", wall),
        agent("w2", wall / 4),
        task("design", [0, 10, 0], 10, wall / 2),
        task("build", [wall / 2, 20, 5], wall / 2 + 25, wall),
    ]
}

#[test]
fn the_inside_of_runs() {
    let records: Vec<Value> = [1000, 3000, 2000]
        .iter()
        .zip(1..)
        .flat_map(|(wall, k)| with_inside("a", k, *wall))
        .collect();
    let input = lines(&records);
    let report = json_of(&[], &input);
    assert_eq!(
        report["warnings"],
        json!([]),
        "their records are not others"
    );
    let own = &report["arms"][0]["inside"];
    assert_eq!(
        own["utilization"]["agents_per_bar"],
        json!([0, 0, 3, 0, 0, 0, 0, 0, 0, 3])
    );
    assert_eq!(
        own["load"],
        json!({"gini": 0.25, "max_over_mean": 1.5, "runs": 3})
    );
    let blocked = &own["waits"]["causes"][0];
    assert_eq!(
        (&blocked["cause"], &blocked["mean_ms"], &blocked["max_ms"]),
        (&json!("blocked"), &json!(500), &json!(1500))
    );
    assert_eq!(
        own["waits"]["bottlenecks"][0],
        json!({"template_task": "build", "cause": "blocked", "mean_ms": 1025, "cause_ms": 1000, "runs": 3})
    );
    assert_eq!(
        own["completion"][0],
        json!({"run": "a-r1", "tasks": 2, "steps": [[500, 1], [1000, 2]]})
    );
    let gantt = &own["gantt"];
    assert_eq!(
        (&gantt["run"], &gantt["wall_ms"]),
        (&json!("a-r3"), &json!(2000)),
        "the median run"
    );
    assert_eq!(gantt["lanes"][0]["worker"], "w1");
    assert_eq!(
        gantt["lanes"][0]["bars"],
        json!([[10, 1000, "design"], [1025, 2000, "build"]])
    );
    assert_eq!(
        gantt["lanes"][1]["bars"],
        json!([]),
        "w2 did nothing, and is there"
    );
    let text = common::report(&["--width", "1000"], &input).out;
    assert!(
        text.contains("longest: build 1.02 s (mostly blocked)"),
        "{text}"
    );
}

#[test]
fn records_of_runs_that_are_not_there_are_counted() {
    let stray = json!({"type": "task", "v": 1, "run": "gone-r1", "task": "t"});
    let input = lines(&[run("a", 1, json!({"wall_clock_time_ms": 5})), stray]);
    assert_eq!(json_of(&[], &input)["warnings"][0]["kind"], "other_type");
    let agents: Vec<Value> = with_inside("a", 1, 1000);
    let report = json_of(&[], &(lines(&agents) + &lines(&agents)));
    assert_eq!(
        report["arms"][0]["inside"]["utilization"]["agents"], 2,
        "the second record's own, once"
    );
}

/// Tasks per hour by a law, with a little noise that is the same for every number of agents.
fn scaled(arm: &str, law: impl Fn(f64) -> f64) -> Vec<Value> {
    let one = |n: u32, k: u32| {
        let x = law(f64::from(n)) * (1.0 + 0.001 * (f64::from(k) - 2.0));
        let record = run(
            &format!("{arm}-n{n}"),
            k,
            json!({"wall_clock_time_ms": 1000, "tasks_per_hour": x}),
        );
        with(record, "/run/agents", json!(n))
    };
    [1, 2, 4, 8]
        .iter()
        .flat_map(|n| (1..=3).map(move |k| (*n, k)))
        .map(|(n, k)| one(n, k))
        .collect()
}

#[test]
fn curves_and_their_crossing() {
    let usl = |lambda: f64, sigma: f64, kappa: f64| {
        move |n: f64| lambda * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
    };
    let mut records = scaled("x", usl(100.0, 0.05, 0.02));
    records.extend(scaled("y", usl(60.0, 0.01, 0.001)));
    let input = lines(&records);
    let scaling = &json_of(&[], &input)["scaling"];
    assert_eq!(scaling["metric"], "tasks_per_hour");
    let curve = &scaling["curves"][0];
    assert_eq!(
        (&curve["label"], curve["points"].as_array().unwrap().len()),
        (&json!("x"), 4)
    );
    let near =
        |value: &Value, expected: f64| (value.as_f64().unwrap() / expected - 1.0).abs() < 0.02;
    assert!(near(&curve["usl"]["lambda"]["value"], 100.0), "{curve}");
    assert!(near(&curve["usl"]["kappa"]["value"], 0.02), "{curve}");
    assert!(
        near(&curve["usl"]["peak"]["at"], (0.95f64 / 0.02).sqrt()),
        "{curve}"
    );
    let crossing = &scaling["crossovers"][0]["crossings"][0];
    assert_eq!(crossing["ahead_above"], "y");
    assert!(
        (2.0..9.0).contains(&crossing["at"].as_f64().unwrap()),
        "{crossing}"
    );
    let text = report(&["--width", "1000"], &input).out;
    assert!(
        text.contains("5: x peaks at 6.89 agents by the USL") || text.contains("5: x peaks at 6.9"),
        "{text}"
    );
    assert!(text.contains("n=8 "), "{text}");
}

#[test]
fn too_few_numbers_of_agents_for_a_curve() {
    let records: Vec<Value> = scaled("x", |n| n * 10.0)
        .into_iter()
        .filter(|record| record["run"]["agents"].as_u64().unwrap() <= 2)
        .collect();
    let scaling = &json_of(&[], &lines(&records))["scaling"];
    assert_eq!(
        scaling["curves"][0]["usl"],
        json!({"none": "too few distinct numbers of agents", "distinct": 2, "needed": 4})
    );
    assert_eq!(
        json_of(&[], &lines(&records[..3]))["scaling"],
        Value::Null,
        "one number of agents is no curve"
    );
}
