//! The gate: conditions that close it, that leave it open, and that cannot be judged.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::{Value, json};

fn runs(arm: &str, values: &[f64]) -> Vec<Value> {
    let one = |(at, ms): (usize, &f64)| {
        run(
            arm,
            at as u32 + 1,
            json!({"wall_clock_time_ms": ms, "total_cost_usd": ms / 1000.0}),
        )
    };
    values.iter().enumerate().map(one).collect()
}

/// Two arms whose ratio is about 1.5, with little spread.
fn slower() -> String {
    let mut records = runs("a", &[1000.0, 1010.0, 1020.0, 1030.0]);
    records.extend(runs("b", &[1500.0, 1520.0, 1510.0, 1540.0]));
    lines(&records)
}

#[test]
fn the_gate_closes_when_the_whole_interval_is_past_the_threshold() {
    let gate = |condition: &str, more: &[&str]| {
        let ran = report(&[&["--fail-if", condition], more].concat(), &slower());
        (ran.exit, ran.err)
    };
    let (exit, err) = gate("wall_clock_time_ms: worse > 10%", &[]);
    assert_eq!(exit, 1);
    assert!(
        err.starts_with(
            "tg-report: --fail-if wall_clock_time_ms: worse > 10%: b against a: a change of +49.5 %"
        ),
        "{err}"
    );
    assert!(
        err.contains("the whole interval lies past +10.0 %"),
        "{err}"
    );
    for open in [
        "wall_clock_time: worse > 80%",
        "wall_clock_time: better > 0%",
        "wall_clock_time: lower > 10 %",
        "wall_clock_time: worse > 49%",
    ] {
        assert_eq!(gate(open, &[]), (0, String::new()), "{open}");
    }
    assert_eq!(
        gate("wall_clock_time: higher > 49%", &["--point"]).0,
        1,
        "the estimate is past it"
    );
    let json = json_of(&["--fail-if", "wall_clock_time: worse > 80%"], &slower());
    assert_eq!(json["gates"][0]["outcome"], "open");
    let two = [
        "--fail-if",
        "wall_clock_time: worse > 80%",
        "--fail-if",
        "total_cost: worse > 1%",
    ];
    assert_eq!(report(&two, &slower()).exit, 1, "one of several is enough");
}

#[test]
fn what_the_gate_cannot_judge_does_not_pass() {
    let ran =
        |records: &[Value], condition: &str| report(&["--fail-if", condition], &lines(records));
    let lone = [runs("a", &[1000.0]), runs("b", &[1000.0])].concat();
    let out = ran(&lone, "wall_clock_time: worse > 10%");
    assert!(
        out.exit == 1
            && out
                .err
                .contains("has no interval; it takes two runs per arm"),
        "{}",
        out.err
    );
    let out = report(
        &["--fail-if", "wall_clock_time: worse > 10%", "--point"],
        &lines(&lone),
    );
    assert_eq!(out.exit, 0, "{}", out.err);
    let out = ran(
        &runs("a", &[1000.0, 1100.0]),
        "wall_clock_time: worse > 10%",
    );
    assert!(
        out.exit == 1 && out.err.contains("there is no arm to compare"),
        "{}",
        out.err
    );
    let mut mixed = [runs("a", &[1000.0, 1100.0]), runs("b", &[1000.0, 1100.0])].concat();
    mixed[3] = with(mixed[3].clone(), "/run/model", json!("other"));
    let out = ran(&mixed, "wall_clock_time: worse > 10%");
    assert!(
        out.exit == 1 && out.err.contains("runs of b differ in model"),
        "{}",
        out.err
    );
}

#[test]
fn conditions_that_are_none() {
    for (condition, message) in [
        (
            "wall_clock_time > 10%",
            "METRIC: worse|better|higher|lower > 10%",
        ),
        (
            "wall_clock_time: slower > 10%",
            "METRIC: worse|better|higher|lower > 10%",
        ),
        (
            "wall_clock_time: worse > 10",
            "METRIC: worse|better|higher|lower > 10%",
        ),
        ("wall_clock_time: worse > -1%", "0 % or more"),
        ("nonsense: worse > 1%", "no such metric"),
    ] {
        let ran = report(&["--fail-if", condition], &slower());
        assert_eq!(ran.exit, 2, "{condition}");
        assert!(ran.err.contains(message), "{condition}: {}", ran.err);
    }
}
