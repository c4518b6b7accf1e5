//! Computed values, compared with numbers worked out by hand.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::{Value, json};

fn close(value: &Value, expected: f64) -> bool {
    (value.as_f64().unwrap() - expected).abs() <= 1e-12 * expected.abs()
}

fn wall(arm: &str, replicate: u32, ms: u64) -> Value {
    run(
        arm,
        replicate,
        json!({"wall_clock_time_ms": ms, "total_cost_usd": 1.0}),
    )
}

#[test]
fn mean_sd_and_the_rest() {
    let report = json_of(&["two-arms.jsonl"], "");
    let pull = &report["arms"][0]["metrics"]["wall_clock_time_ms"];
    for (key, value) in [
        ("n", 3),
        ("mean", 12000),
        ("sd", 1000),
        ("min", 11000),
        ("median", 12000),
    ] {
        assert_eq!(pull[key], value, "{key}");
    }
    assert_eq!(pull["values"], json!([11000, 12000, 13000]));
    let half = 4.302_652_729_749_464 * 1000.0 / 3f64.sqrt(); // t(0.975, 2)
    assert!(close(&pull["interval"]["high"], 12000.0 + half), "{pull}");
    let push = &report["arms"][1]["metrics"]["wall_clock_time_ms"];
    assert!(close(&push["mean"], 15500.0));
    assert!(close(&push["sd"], 3_250_000f64.sqrt())); // (1500² + 500² + 2000²) / 2
    let utilization = &report["arms"][0]["metrics"]["agent_utilization_pct"];
    assert_eq!(
        (&utilization["mean"], &utilization["sd"]),
        (&json!(62), &json!(2))
    );
}

#[test]
fn ratios_are_of_geometric_means() {
    let report = json_of(&["two-arms.jsonl"], "");
    assert_eq!(
        report["baseline"],
        json!({"arm": "pull", "by": "the first arm"})
    );
    let ratios = &report["arms"][1]["ratios"];
    let speedup = (11e3_f64 * 12e3 * 13e3 / (14e3 * 15e3 * 17.5e3)).cbrt();
    let cost = (1.9_f64 * 2.1 * 2.0 / (1.6 * 1.7 * 1.5)).cbrt();
    assert!(close(&ratios["speedup"], speedup), "{ratios}");
    assert!(close(&ratios["cost_ratio"], cost), "{ratios}");
    assert!(
        close(&ratios["efficiency"], speedup),
        "three agents in both: {ratios}"
    );
    assert_eq!(report["arms"][0]["ratios"]["speedup"], 1);
}

#[test]
fn efficiency_counts_agents() {
    let solo = with(wall("solo", 1, 8000), "/run/agents", json!(1));
    let input = lines(&[wall("swarm", 1, 4000), solo]);
    let report = json_of(&[], &input);
    assert_eq!(
        report["baseline"],
        json!({"arm": "solo", "by": "the arm called solo"})
    );
    assert_eq!(report["arms"][0]["arm"], "solo", "the baseline comes first");
    let ratios = &report["arms"][1]["ratios"];
    assert!(
        close(&ratios["speedup"], 2.0) && close(&ratios["efficiency"], 2.0 / 3.0),
        "{ratios}"
    );
}

#[test]
fn a_single_run_has_no_deviation() {
    let input = lines(&[wall("a", 1, 2000), wall("b", 1, 3000)]);
    let report = json_of(&[], &input);
    let cell = &report["arms"][0]["metrics"]["wall_clock_time_ms"];
    assert_eq!(
        *cell,
        json!({"n": 1, "mean": 2000, "sd": null, "interval": null, "min": 2000, "median": 2000, "max": 2000,
            "values": [2000]})
    );
    let text = common::report(&[], &input).out;
    let table = text.split("\n\n").nth(1).unwrap();
    assert!(table.contains("2.00") && !table.contains('±'), "{text}");
    assert!(text.contains("cannot show any difference"), "{text}");
}

#[test]
fn times_are_over_completed_runs_and_cost_over_all_but_void_ones() {
    let timeout = with(
        run(
            "a",
            2,
            json!({"wall_clock_time_ms": 9000, "total_cost_usd": 5.0}),
        ),
        "/wait/outcome",
        json!("timeout"),
    );
    let infra = with(
        run(
            "a",
            3,
            json!({"wall_clock_time_ms": 1, "total_cost_usd": 100.0}),
        ),
        "/wait/outcome",
        json!("infra"),
    );
    let report = json_of(&[], &lines(&[wall("a", 1, 2000), timeout, infra]));
    let arm = &report["arms"][0];
    assert_eq!(arm["metrics"]["wall_clock_time_ms"]["mean"], 2000);
    assert_eq!(arm["metrics"]["total_cost_usd"]["mean"], 3);
    assert_eq!((&arm["runs"], &arm["completed"]), (&json!(3), &json!(1)));
    assert_eq!(
        arm["outcomes"],
        json!({"completed": 1, "infra": 1, "timeout": 1})
    );
}

#[test]
fn an_arm_without_a_completed_run() {
    let late = |k| with(wall("late", k, 9000), "/wait/outcome", json!("timeout"));
    let input = lines(&[wall("fine", 1, 2000), late(1), late(2)]);
    let ratios = &json_of(&[], &input)["arms"][1]["ratios"];
    assert_eq!(ratios["speedup"], Value::Null);
    assert_eq!(
        ratios["undefined"]["speedup"],
        "no run of late that counts has a positive wall_clock_time_ms"
    );
    let ran = report(&[], &input);
    assert_eq!(ran.exit, 0);
    assert!(
        ran.out.contains("late: 2 timeout (late-r1, late-r2)"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("late: no data: one of the two has no run with a value that counts"),
        "{}",
        ran.out
    );
}

#[test]
fn a_metric_missing_in_some_runs_is_counted_where_it_is_there() {
    let unknown = run(
        "a",
        2,
        json!({"wall_clock_time_ms": 4000, "total_cost_usd": null}),
    );
    let absent = run("a", 3, json!({"wall_clock_time_ms": 6000}));
    let input = lines(&[wall("a", 1, 2000), unknown, absent]);
    let arm = &json_of(&[], &input)["arms"][0]["metrics"];
    assert_eq!(
        (&arm["total_cost_usd"]["n"], &arm["total_cost_usd"]["sd"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(arm["wall_clock_time_ms"]["n"], 3);
    let text = report(&[], &input).out;
    assert!(
        text.contains("known only in part: total_cost of a in 1 of 3 runs"),
        "{text}"
    );
}

#[test]
fn what_nobody_measured_is_a_dash() {
    let text = report(
        &["--metric", "tasks_per_hour"],
        &lines(&[wall("a", 1, 2000)]),
    )
    .out;
    assert!(
        text.contains("a          1/1  2-100 %               -\n"),
        "{text}"
    );
}

#[test]
fn a_baseline_that_cost_nothing_has_no_cost_ratio() {
    let free = run(
        "free",
        1,
        json!({"wall_clock_time_ms": 2000, "total_cost_usd": 0}),
    );
    let input = lines(&[free, wall("paid", 1, 1000)]);
    let ratios = &json_of(&[], &input)["arms"][1]["ratios"];
    assert_eq!(
        (&ratios["cost_ratio"], &ratios["speedup"]),
        (&Value::Null, &json!(2))
    );
    let text = report(&[], &input).out;
    assert!(
        text.contains(
            "no cost ratio for paid: no run of free that counts has a positive total_cost_usd"
        ),
        "{text}"
    );
}

#[test]
fn costs_from_different_sources_are_not_compared() {
    let from = |record: Value, source: &str| with(record, "/metrics/cost_source", json!(source));
    let (a, b) = (wall("a", 1, 1000), wall("b", 1, 1000));
    let mixed = lines(&[from(a.clone(), "reported"), from(b.clone(), "logged")]);
    let ratios = &json_of(&[], &mixed)["arms"][1]["ratios"];
    assert_eq!(
        ratios["undefined"]["cost_ratio"],
        "the costs come from different sources (logged, reported)"
    );
    let half = lines(&[from(a, "reported"), b]);
    assert_eq!(json_of(&[], &half)["arms"][1]["ratios"]["cost_ratio"], 1);
}

#[test]
fn the_floor_of_few_runs() {
    let unpaired =
        |arm: &str, k: u32| with(wall(arm, k, 1000 + u64::from(k)), "/run/seed", json!(0));
    let arms = |sizes: &[(&str, u32)]| {
        let runs = sizes
            .iter()
            .flat_map(|&(arm, n)| (1..=n).map(move |k| unpaired(arm, k)));
        let text = report(&[], &lines(&runs.collect::<Vec<_>>())).out;
        text.replace("\n    ", " ")
    };
    let text = arms(&[("a", 3), ("b", 3)]);
    assert!(
        text.contains(
            "3 against 3 runs cannot show a difference at p < 0.10 (exact rank test): p < 0.05 needs 4 runs per arm\n"
        ),
        "{text}"
    );
    assert!(!arms(&[("a", 4), ("b", 4)]).contains("cannot show"));
    let text = arms(&[("a", 3), ("b", 2), ("c", 3), ("d", 3), ("e", 3)]);
    assert!(
        text.contains("2 against 3 runs cannot show a difference at p < 0.20 (b)"),
        "{text}"
    );
    assert!(text.contains("p < 0.10 (c, d, e)"), "{text}");
    assert!(text.contains("5 for all 4 comparisons (Holm)"), "{text}");
}

#[test]
fn the_paired_test_decides_once_it_can() {
    for (pairs, test) in [
        (5, "exact rank test"),
        (6, "exact sign-flip test of runs paired by seed"),
    ] {
        let runs = ["a", "b"].map(|arm| (1..=pairs).map(move |k| wall(arm, k, 1000)));
        let runs: Vec<Value> = runs.into_iter().flatten().collect();
        let text = report(&[], &lines(&runs)).out.replace("\n    ", " ");
        assert!(text.contains(&format!("p: {test}")), "{pairs}: {text}");
    }
}

#[test]
fn one_arm_alone() {
    let ran = report(&[], &lines(&[wall("a", 1, 1000), wall("a", 2, 2000)]));
    assert_eq!(ran.exit, 0);
    assert!(
        ran.out.contains("a, the baseline, is the only arm"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("speedup"), "{}", ran.out);
}

#[test]
fn the_order_of_an_arms_runs_does_not_matter() {
    let value = |k: u32| {
        run(
            "a",
            k,
            json!({"x": 0.1 * f64::from(k * k), "wall_clock_time_ms": k}),
        )
    };
    let forth: Vec<Value> = (1..=9).map(value).collect();
    let back: Vec<Value> = (1..=9).rev().map(value).collect();
    for format in ["text", "markdown", "csv", "tidy", "json"] {
        let out = |records| report(&["--format", format], &lines(records)).out;
        assert_eq!(out(&forth), out(&back), "{format}");
    }
}

#[test]
fn ten_thousand_runs() {
    let record = |k: u32| {
        wall(
            ["a", "b", "c", "d"][(k % 4) as usize],
            k,
            u64::from(1000 + k % 7),
        )
        .to_string()
            + "\n"
    };
    let input: String = (0..10_000).map(record).collect();
    let start = std::time::Instant::now();
    for format in ["text", "json", "tidy"] {
        let ran = report(&["--format", format], &input);
        assert_eq!(ran.exit, 0, "{}", ran.err);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
