//! The output of each format.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, lines_with, report, run, with};
use serde_json::json;

/// The whole text report of a fixture, as checked in.
#[test]
fn text_as_checked_in() {
    for (records, expected) in [
        ("two-arms.jsonl", include_str!("two-arms.txt")),
        ("with-failures.jsonl", include_str!("with-failures.txt")),
    ] {
        let ran = report(&[records], "");
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
        assert_eq!(ran.out, expected, "{records}");
    }
}

#[test]
fn markdown_as_checked_in() {
    let ran = report(&["--format", "markdown", "with-failures.jsonl"], "");
    assert_eq!(ran.out, include_str!("with-failures.md"));
}

#[test]
fn same_input_same_bytes() {
    for format in ["text", "markdown", "csv", "tidy", "json"] {
        let once = report(&["--format", format, "two-arms.jsonl"], "").out;
        let input = include_str!("two-arms.jsonl");
        assert_eq!(once, report(&["--format", format], input).out, "{format}");
    }
}

#[test]
fn narrow_text_comes_in_blocks_that_begin_with_the_arms() {
    let out = report(&["--width", "70", "two-arms.jsonl"], "").out;
    let table = out.split("mean ±").next().unwrap();
    assert!(lines_with(table, "pull ").len() >= 4, "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 70), "{out}");
    let wide = report(&["--width", "300", "two-arms.jsonl"], "").out;
    assert_eq!(
        lines_with(wide.split("mean ±").next().unwrap(), "pull ").len(),
        1,
        "{wide}"
    );
}

#[test]
fn times_share_the_unit_of_the_largest_in_their_column() {
    let shown = |ms: &[f64]| {
        let record =
            |(at, ms): (usize, &f64)| run(&format!("a{at}"), 1, json!({"wall_clock_time_ms": ms}));
        let input = lines(&ms.iter().enumerate().map(record).collect::<Vec<_>>());
        let out = report(&["--metric", "wall_clock_time", "--width", "80"], &input).out;
        let cells = out
            .lines()
            .skip(3)
            .take(ms.len() + 1)
            .map(|line| line.split_once("  ").unwrap().1);
        let last = |line: &str| line.trim().rsplit("  ").next().unwrap().trim().to_owned();
        cells.map(last).collect::<Vec<String>>()
    };
    assert_eq!(shown(&[40.0, 900.0])[0], "ms, lower");
    assert_eq!(shown(&[40.0, 90_000.0]), ["s, lower", "0.040", "90.000"]);
    assert_eq!(
        shown(&[186_240.0, 600_000.0]),
        ["min, lower", "3.1", "10.0"]
    );
    assert_eq!(shown(&[9_000_000.0]), ["h, lower", "2.50"]);
    assert_eq!(shown(&[1e300])[1], "2.8e293");
}

#[test]
fn simulated_in_every_format() {
    let real = run("a", 1, json!({"wall_clock_time_ms": 1000}));
    let stand_in = with(
        run("b", 1, json!({"wall_clock_time_ms": 1000})),
        "/run/simulated",
        json!(true),
    );
    let input = lines(&[real.clone(), stand_in]);
    let out = |format| report(&["--format", format], &input).out;
    let said = "simulated: no real agent worked in 1 of 2 runs (1 of 1 in b)";
    assert!(out("text").contains(said), "{}", out("text"));
    assert!(
        out("markdown").contains(&format!("**{said}**")),
        "{}",
        out("markdown")
    );
    assert!(out("csv").contains("e,b,false,true,"), "{}", out("csv"));
    assert!(
        out("tidy").contains("b-r1,e,b,b,t,3,1,8,true,completed,1,1000"),
        "{}",
        out("tidy")
    );
    let report = json_of(&[], &input);
    assert_eq!(report["simulated"], true);
    assert_eq!(report["arms"][1]["simulated"], true);
    assert_eq!(report["arms"][0]["per_run"][0]["simulated"], false);
    let real = common::report(&[], &lines(&[real])).out;
    assert!(!real.contains("simulated"), "{real}");
}

#[test]
fn csv_has_a_row_for_each_arm_and_metric() {
    let out = report(&["--format", "csv", "two-arms.jsonl"], "").out;
    let mut rows = out.lines();
    assert_eq!(
        rows.next().unwrap(),
        "experiment,arm,baseline,simulated,runs,completed,metric,slot,unit,better,over,n,mean,sd,min,median,max,\
         mean_low,mean_high,difference,difference_low,difference_high,ratio,ratio_low,ratio_high,family,test,p,p_holm,\
         p_welch,finding,attempts,machinery_failures"
    );
    let row = rows.next().unwrap();
    let (row, attempts) = row.split_at(row.len() - ",3,0".len());
    assert_eq!(attempts, ",3,0", "one attempt at each of three runs");
    let (own, compared) = row.split_at(row.len() - 12);
    assert!(
        own.starts_with(
            "push-vs-pull,pull,true,true,3,3,wall_clock_time_ms,,ms,lower,completed,3,12000,1000,11000,12000,13000,9515.8"
        ),
        "{row}"
    );
    assert_eq!(compared, ",".repeat(12), "the baseline is not compared");
    let push = lines_with(&out, ",push,false,true,3,3,wall_clock_time_ms")[0];
    assert!(
        push.contains(",3500,") && push.contains(",verdict,rank,0.1,0.1,0.05"),
        "{push}"
    );
    assert!(push.ends_with(",not_shown,3,0"), "{push}");
    assert_eq!(rows.count(), 2 * 9 - 1);
    let slot = lines_with(&out, "metric_0")[0];
    assert!(
        slot.contains(",metric_0,tokens_in,count,,ended,3,29000,1000,"),
        "{slot}"
    );
}

#[test]
fn tidy_has_a_row_for_each_run() {
    let out = report(&["--format", "tidy", "with-failures.jsonl"], "").out;
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(rows.len(), 7);
    assert!(rows[0].starts_with(
        "run,experiment,arm,workflow,template,agents,replicate,seed,simulated,outcome,attempt,wall_clock"
    ));
    assert_eq!(
        rows[3],
        "pull-r3,push-vs-pull,pull,swarm,medium-feature,3,3,7132,true,export error,1,,,,,,,,,"
    );
    assert!(
        rows[5].contains(",timeout,1,1800000,3,"),
        "a run's own values are there however it ended: {}",
        rows[5]
    );
}

#[test]
fn json_carries_every_value_and_reason() {
    let report = json_of(&["with-failures.jsonl"], "");
    let run = &report["arms"][0]["per_run"][2];
    assert_eq!(
        (&run["outcome"], &run["error"]),
        (
            &json!("export error"),
            &json!("tasks.db: no space left on device")
        )
    );
    assert_eq!(
        report["arms"][1]["per_run"][0]["metrics"]["tasks_per_hour"],
        5_142.857_142_857_143
    );
    assert_eq!(
        report["floor"]["pairs"][0],
        json!({"arms": ["push"], "test": "rank", "runs": 2, "baseline_runs": 2, "smallest_p": 1.0 / 3.0,
            "needed": 4, "needed_by_all": 4}),
        "too few pairs for the paired test to reach the level"
    );
    assert_eq!(report["warnings"][0]["kind"], "metrics");
}

#[test]
fn slots_bear_the_manifests_names() {
    let out = report(&["--metric", "metric_0", "two-arms.jsonl"], "").out;
    assert!(out.contains("metric_0 (tokens_in)"), "{out}");
    assert_eq!(
        out,
        report(&["--metric", "tokens_in", "two-arms.jsonl"], "").out
    );
}
