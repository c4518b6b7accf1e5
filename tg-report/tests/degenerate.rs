//! Inputs that allow no conclusion: every format reports it, and none prints NaN, an infinity, a p of 0, the spread of a
//! single run, or a winner.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::{Value, json};

const FORMATS: [&str; 5] = ["text", "markdown", "csv", "tidy", "json"];

/// Words that no report may contain.
const NEVER: [&str; 8] = [
    "nan", "inf", "-inf", "infinity", "0.000p", "p=0.000", "p=0", "-0.00",
];

fn wall(arm: &str, k: u32, ms: f64) -> Value {
    run(
        arm,
        k,
        json!({"wall_clock_time_ms": ms, "total_cost_usd": 1.0, "tasks_per_hour": 3_600_000.0 / ms.max(1.0)}),
    )
}

fn many(arm: &str, values: &[f64]) -> Vec<Value> {
    let one = |(at, ms): (usize, &f64)| wall(arm, at as u32 + 1, *ms);
    values.iter().enumerate().map(one).collect()
}

/// Checks all formats for words that must never be printed; returns the JSON report.
fn checked(records: &[Value]) -> Value {
    let input = lines(records);
    for format in FORMATS {
        let ran = report(&["--format", format], &input);
        assert_eq!(ran.exit, 0, "{format}: {}", ran.err);
        let lower = ran.out.to_lowercase();
        let words = lower.split(|c: char| c.is_whitespace() || ",|()\":;".contains(c));
        for word in words {
            assert!(!NEVER.contains(&word), "{format}: {word}\n{}", ran.out);
        }
        assert!(
            !lower.replace(' ', "").contains("p=0.00\n"),
            "{format}: {}",
            ran.out
        );
        assert_eq!(
            ran.out,
            report(&["--format", format], &input).out,
            "{format}: twice alike"
        );
    }
    json_of(&[], &input)
}

/// The findings of all arms but the first, on all metrics.
fn findings(report: &Value) -> Vec<String> {
    let arms = report["arms"].as_array().unwrap().iter().skip(1);
    let all = arms.flat_map(|arm| arm["against"].as_object().unwrap().values());
    let kind = |against: &Value| against["finding"]["kind"].as_str().map(str::to_owned);
    all.filter_map(kind).collect()
}

/// No arm is called better or worse. A gap that rests on normality may be named: its text explains that it shows nothing.
fn assert_no_winner(report: &Value) {
    for finding in findings(report) {
        assert_ne!(finding, "difference");
    }
}

fn assert_no_sd(report: &Value, arm: usize) {
    for (name, metric) in report["arms"][arm]["metrics"].as_object().unwrap() {
        assert!(
            metric["sd"].is_null() && metric["interval"].is_null(),
            "{name}: {metric}"
        );
    }
}

#[test]
fn one_run_per_arm() {
    let records = [wall("a", 1, 1000.0), wall("b", 1, 9000.0)];
    let report = checked(&records);
    assert_no_winner(&report);
    assert_no_sd(&report, 0);
    assert_no_sd(&report, 1);
    let text = common::report(&[], &lines(&records)).out;
    let table = text.split("mean ±").next().unwrap();
    assert!(!table.contains('±'), "{text}");
    assert!(text.contains("no difference shown"), "{text}");
}

#[test]
fn unequal_numbers_of_runs() {
    let mut records = many("a", &[1000.0, 1100.0, 1200.0]);
    records.extend(many("b", &[9000.0]));
    let report = checked(&records);
    assert_no_winner(&report);
    assert_no_sd(&report, 1);
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(
        own["p"]["test"], "rank",
        "one of three seeds is no paired design"
    );
    assert_eq!(own["p"]["raw"], 0.5, "2 / C(4, 1)");
}

#[test]
fn all_runs_of_an_arm_failed() {
    let mut records = many("a", &[1000.0, 1100.0, 1200.0]);
    let late = many("b", &[9000.0, 9000.0, 9000.0]);
    records.extend(
        late.into_iter()
            .map(|run| with(run, "/wait/outcome", json!("timeout"))),
    );
    let report = checked(&records);
    let arm = &report["arms"][1];
    assert_eq!((&arm["completed"], &arm["runs"]), (&json!(0), &json!(3)));
    assert!(arm["completed_share"]["high"].as_f64().unwrap() > 0.7);
    let own = &arm["against"]["wall_clock_time_ms"];
    assert_eq!(
        (&own["finding"]["kind"], &own["p"]["raw"]),
        (&json!("no_data"), &Value::Null)
    );
    assert_eq!(
        report["families"]["verdict"]["m"], 0,
        "what is undefined leaves the family"
    );
    assert_no_winner(&report);
}

#[test]
fn a_metric_missing_in_some_runs() {
    let mut records = many("a", &[1000.0, 1100.0, 1200.0]);
    records.extend(many("b", &[9000.0, 9100.0, 9200.0]));
    records[1]["metrics"]["wall_clock_time_ms"] = Value::Null;
    records[4]["metrics"]
        .as_object_mut()
        .unwrap()
        .remove("wall_clock_time_ms");
    let report = checked(&records);
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(own["pairs"], json!([[1000, 9000], [1200, 9200]]));
    assert_no_winner(&report);
}

#[test]
fn a_baseline_of_zero() {
    let mut records = many("a", &[0.0, 0.0, 0.0]);
    records.extend(many("b", &[0.0, 5.0, 10.0]));
    for record in &mut records {
        record["metrics"]["total_cost_usd"] = json!(0);
    }
    let report = checked(&records);
    let ratios = &report["arms"][1]["ratios"];
    assert!(
        ratios["speedup"].is_null() && ratios["cost_ratio"].is_null(),
        "{ratios}"
    );
    assert_no_winner(&report);
}

#[test]
fn one_arm_only() {
    let report = checked(&many("a", &[1000.0, 1100.0]));
    assert_eq!(report["arms"][0]["against"], json!({}));
    assert_eq!(report["families"]["verdict"]["m"], 0);
}

#[test]
fn constant_and_different_is_at_the_floor_and_no_winner() {
    let mut records = many("a", &[1000.0; 3]);
    records.extend(many("b", &[2000.0; 3]));
    let report = checked(&records);
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(
        (&own["welch"], &own["p"]["at_floor"]),
        (&Value::Null, &json!(true))
    );
    assert_no_winner(&report);
}

#[test]
fn values_at_the_ends_of_what_a_double_holds() {
    let mut records = many("a", &[1e300, 2e300, 1.5e300]);
    records.extend(many("b", &[1e-300, 2e-300, 1e300]));
    records.extend(many("c", &[f64::MAX, f64::MAX, f64::MIN_POSITIVE]));
    assert_no_winner(&checked(&records));
}

#[test]
fn forty_arms() {
    let arms = (0..40).map(|at| {
        many(
            &format!("arm{at}"),
            &[1000.0 + f64::from(at), 1100.0, 1200.0],
        )
    });
    let report = checked(&arms.flatten().collect::<Vec<_>>());
    assert_eq!(report["families"]["verdict"]["m"], 39);
    assert_no_winner(&report);
}

#[test]
fn ten_thousand_records() {
    let value = |k: u32| 1000.0 + f64::from(k * 7919 % 1000);
    let record = |k: u32| {
        with(
            wall(["a", "b"][(k % 2) as usize], k / 2 + 1, value(k)),
            "/run/seed",
            json!(k / 2 + 1),
        )
    };
    let start = std::time::Instant::now();
    let report = checked(&(0..10_000).map(record).collect::<Vec<_>>());
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(
        (&own["p"]["test"], &own["rank"]["exact"]),
        (&json!("rank"), &json!(false))
    );
    assert_no_winner(&report);
}

/// A difference beyond doubt is called one; else the tests above would pass for a report that never finds anything.
#[test]
fn enough_runs_that_differ_are_a_winner() {
    let mut records = many(
        "a",
        &[1000.0, 1010.0, 1020.0, 1030.0, 1040.0, 1050.0, 1060.0],
    );
    records.extend(many(
        "b",
        &[500.0, 510.0, 530.0, 520.0, 550.0, 540.0, 560.0],
    ));
    let report = checked(&records);
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(
        own["finding"],
        json!({"kind": "difference", "higher": false, "better": true})
    );
    assert_eq!(own["p"]["raw"], 2.0 / 128.0);
    // With another host in one run of the arm: no winner.
    records[8]["instantiate"] = json!({"host": "0.6.0"});
    records[9]["instantiate"] = json!({"host": "0.5.0"});
    let report = checked(&records);
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(own["finding"], json!({"kind": "refused", "keys": ["host"]}));
}

#[test]
fn what_was_measured_must_be_the_same() {
    let mut records = many("a", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    records.extend(many("b", &[11.0, 12.0, 13.0, 14.0, 15.0, 16.0]));
    let finding = |records: &[Value], metric: &str| {
        let report = checked(records);
        report["arms"][1]["against"][metric]["finding"].clone()
    };
    assert_eq!(
        finding(&records, "wall_clock_time_ms")["kind"],
        "difference"
    );
    let mut trimmed = records.clone();
    for record in &mut trimmed[6..] {
        record["metrics"]["trimmed"] = json!({"skip_last": 3, "tasks": 3});
    }
    assert_eq!(
        finding(&trimmed, "wall_clock_time_ms"),
        json!({"kind": "refused", "keys": ["tasks measured"]})
    );
    for record in &mut records[6..] {
        record["metrics"]["cost_source"] = json!("logged");
        record["metrics"]["total_cost_usd"] = json!(9.0);
    }
    for record in &mut records[..6] {
        record["metrics"]["cost_source"] = json!("reported");
    }
    assert_eq!(
        finding(&records, "total_cost_usd"),
        json!({"kind": "refused", "keys": ["cost_source"]})
    );
}

#[test]
fn a_large_gap_that_ranks_cannot_confirm_rests_on_normality() {
    let mut records = many("a", &[1000.0, 1001.0, 1002.0]);
    records.extend(many("b", &[2000.0, 2001.0, 2003.0]));
    let report = checked(&records);
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(
        own["finding"],
        json!({"kind": "rests_on_normality", "higher": true, "better": false})
    );
    let text = common::report(&[], &lines(&records)).out;
    assert!(
        text.contains("large gap, rests on normality (worse)"),
        "{text}"
    );
    assert!(text.contains("needs >= 4 runs per arm"), "{text}");
}

#[test]
fn a_verdict_that_rests_on_one_run_is_marked() {
    let mut records = many("a", &[1.0, 2.0, 3.0, 4.0, 5.0]);
    records.extend(many("b", &[6.0, 7.0, 8.0, 9.0, 0.5]));
    for record in &mut records {
        record["run"]["seed"] = json!(0);
    }
    let text = report(&[], &lines(&records)).out.replace("\n    ", " ");
    assert!(
        text.contains("it rests on single runs: without b-r5 the verdict turns"),
        "{text}"
    );
}
