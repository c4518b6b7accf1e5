//! The choice of arms, baseline and columns, and the warnings.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::{Value, json};

#[test]
fn the_manifest_chooses_metrics_and_baseline_and_the_command_line_overrides() {
    let shown = json!({"metrics": ["handoffs", "wall_clock_time_ms"], "baseline": "b"});
    let record = |arm| {
        with(
            run(arm, 1, json!({"wall_clock_time_ms": 10, "handoffs": 4})),
            "/run/report",
            shown.clone(),
        )
    };
    let input = lines(&[record("solo"), record("b")]);
    let out = report(&["--width", "200"], &input).out;
    let head = out.lines().find(|line| line.starts_with("arm")).unwrap();
    assert_eq!(
        head.split_whitespace().collect::<Vec<_>>(),
        ["arm", "runs", "handoffs", "wall_clock_time"],
        "{out}"
    );
    assert!(
        out.contains("against b, the baseline (named in the manifest)"),
        "{out}"
    );
    let out = report(
        &[
            "--baseline",
            "solo",
            "--metric",
            "wall_clock_time_ms",
            "--width",
            "200",
        ],
        &input,
    )
    .out;
    assert!(
        out.contains("against solo, the baseline (--baseline)") && !out.contains("handoffs"),
        "{out}"
    );
    let absent = with(record("x"), "/run/report/baseline", json!("gone"));
    let report = json_of(&[], &lines(&[absent]));
    assert_eq!(report["warnings"][0]["kind"], "no_baseline");
}

#[test]
fn several_experiments_keep_their_arms_apart() {
    let of = |experiment: &str, ms| {
        with(
            run("a", 1, json!({"wall_clock_time_ms": ms})),
            "/run/experiment",
            json!(experiment),
        )
    };
    let input = lines(&[of("old", 4000), of("new", 2000)]);
    let out = report(&[], &input).out;
    assert!(
        out.starts_with("old, new: 2 runs of 2 arms on t\n"),
        "{out}"
    );
    assert!(out.contains("old/a") && out.contains("new/a"), "{out}");
    let report = json_of(&["--baseline", "new/a"], &input);
    assert_eq!(report["arms"][1]["ratios"]["speedup"], 0.5);
    let ran = common::report(&["--baseline", "a"], &input);
    assert_eq!(ran.exit, 2);
    assert!(
        ran.err
            .contains("is in several experiments; the arms are old/a, new/a"),
        "{}",
        ran.err
    );
}

/// Every key that varies and should be constant is named.
#[test]
fn hidden_dimensions_are_named() {
    let base = |k| {
        with(
            run("a", k, json!({"wall_clock_time_ms": 10})),
            "/instantiate",
            json!({"host": "0.5.0"}),
        )
    };
    let cases: [(&str, Value, &str); 9] = [
        (
            "/run/template",
            json!("u"),
            "runs of a differ in template: t (1), u (1)",
        ),
        (
            "/run/model",
            json!("m"),
            "runs of a differ in model: m (1), none (1)",
        ),
        (
            "/instantiate/host",
            json!("0.6.0"),
            "runs of a differ in host: 0.5.0 (1), 0.6.0 (1)",
        ),
        (
            "/run/simulated",
            json!(true),
            "runs of a differ in simulated",
        ),
        (
            "/run/agents",
            json!(5),
            "runs of a differ in agents: 3 (1), 5 (1)",
        ),
        (
            "/run/overlays",
            json!(["git"]),
            "runs of a differ in overlays: git (1), none (1)",
        ),
        (
            "/run/temperature",
            json!(0.5),
            "runs of a differ in temperature: 0.5 (1), none (1)",
        ),
        ("/metrics/cost_source", json!("logged"), ""),
        ("/run/inputs", json!({"seed": "1", "agent": "x"}), ""),
    ];
    for (pointer, value, expected) in cases {
        let report = json_of(&[], &lines(&[base(1), with(base(2), pointer, value)]));
        let warnings = report["warnings"].as_array().unwrap();
        match expected {
            "" => assert!(
                warnings.is_empty(),
                "{pointer}: said by one run only: {warnings:?}"
            ),
            _ => assert!(
                warnings[0]["message"]
                    .as_str()
                    .unwrap()
                    .starts_with(expected),
                "{warnings:?}"
            ),
        }
    }
    let inputs = |k, seed: &str, agent: &str| {
        with(
            base(k),
            "/run/inputs",
            json!({"seed": seed, "agent": agent}),
        )
    };
    let report = json_of(&[], &lines(&[inputs(1, "1", "x"), inputs(2, "2", "x")]));
    assert_eq!(report["warnings"], json!([]), "the seed may differ");
    let report = json_of(&[], &lines(&[inputs(1, "1", "x"), inputs(2, "2", "y")]));
    assert_eq!(
        report["warnings"][0]["message"],
        "runs of a differ in inputs.agent: x (1), y (1)"
    );
    let model = |arm, name: &str| with(run(arm, 1, json!({})), "/run/model", json!(name));
    let report = json_of(&[], &lines(&[model("a", "m1"), model("b", "m2")]));
    assert_eq!(
        report["warnings"][0]["message"],
        "arms differ in model: a m1, b m2"
    );
}

#[test]
fn warnings_of_tg_metrics_in_every_shape() {
    let warned = |k, warnings: Value| {
        run(
            "a",
            k,
            json!({"wall_clock_time_ms": 10, "warnings": warnings}),
        )
    };
    let input = lines(&[
        warned(
            1,
            json!(["censored: by its limit", {"kind": "open", "count": 2}]),
        ),
        warned(2, json!({"open": 3, "censored": true, "early": 0})),
        warned(3, json!([])),
    ]);
    let out = report(&[], &input).out;
    assert!(
        out.contains("  tg-metrics warned of 2 runs: censored (2), open (5)\n"),
        "{out}"
    );
    let ran = report(&["--format", "tidy"], &input);
    assert!(
        ran.err
            .contains("tg-report: warning: tg-metrics warned of 2 runs"),
        "{}",
        ran.err
    );
}

#[test]
fn metrics_of_the_users_own_are_shown_as_the_record_defines_them() {
    let own = json!([
        {"name": "merges", "unit": "count", "better": "higher", "jq": "1"},
        {"name": "review", "unit": "ms", "better": "lower", "jq": "2"},
        {"name": "handoffs", "unit": "usd", "better": "lower", "jq": "3"},
    ]);
    let shown = json!(["merges", "review", "handoffs"]);
    let of = |arm: &str, replicate: u32, outcome: &str, own: &Value| {
        let metrics = json!({"merges": replicate, "review": 1000 * replicate, "handoffs": 1});
        let mut record = run(arm, replicate, metrics);
        record["wait"]["outcome"] = json!(outcome);
        record["run"]["report"] = json!({"metrics": shown, "own_metrics": own});
        record
    };
    let records = [
        of("solo", 1, "completed", &own),
        of("solo", 3, "timeout", &own),
    ];
    let report = json_of(&[], &lines(&records));
    let about = |name: &str| {
        let metrics = report["metrics"].as_array().unwrap().iter();
        let mut of = metrics.filter(|metric| metric["name"] == name);
        let metric = of.next().unwrap().clone();
        [metric["unit"].clone(), metric["better"].clone()]
    };
    assert_eq!(about("merges"), [json!("count"), json!("higher")]);
    assert_eq!(about("review"), [json!("ms"), json!("lower")]);
    assert_eq!(
        about("handoffs")[0],
        json!("count"),
        "a built-in one is what it is"
    );
    // Counts are over both runs, times over the completed one.
    let text = report_text(&records);
    assert!(text.contains("merges") && text.contains("higher"), "{text}");
    let row = text.lines().find(|line| line.starts_with("solo")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(
        &cells[4..],
        ["2.00", "±", "1.41", "1.00", "1.00", "±", "0.00"],
        "{text}"
    );

    let changed = json!([{"name": "merges", "unit": "count", "jq": "10"}]);
    let mixed = [
        of("solo", 1, "completed", &own),
        of("solo", 2, "completed", &changed),
    ];
    assert!(
        report_text(&mixed).contains("merges is computed by different filters in different runs")
    );
}

fn report_text(records: &[Value]) -> String {
    let ran = report(&[], &lines(records));
    assert_eq!(ran.exit, 0, "{}", ran.err);
    ran.out
}
