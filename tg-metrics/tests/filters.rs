//! Custom metrics: the values of filters, and the proof that no filter harms the others.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Metrics, case, record, small};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tg_metrics::FilterInput;

/// The value of a filter, without limits.
fn answer(text: &str) -> Result<Value, String> {
    let document = br#"{"tables":{"tasks":[{"points":3},{"points":1}]},"share":0.50,"big":9223372036854775808,"huge":1e999}"#;
    let metrics = json!({"total_cost_usd": 3.0, "metric_0": 4, "redo_rate": null});
    let run = json!({"id": "r1", "agents": 2});
    FilterInput::new(document, &metrics, &run)
        .unwrap()
        .evaluate(text)
}

#[test]
fn one_number_or_null() {
    let cases = [
        ("[.tables.tasks[].points] | add", json!(4)),
        ("[.tables.tasks[].points] | add / length", json!(2.0)),
        ("-7", json!(-7)),
        (".share", json!(0.5)),
        (".big", json!(9_223_372_036_854_775_808.0)),
        ("9223372036854775807", json!(i64::MAX)),
        ("7 / 2 | floor", json!(3)),
        ("null", Value::Null),
        (".nothing.here", Value::Null),
        ("$metrics.total_cost_usd / $metrics.metric_0", json!(0.75)),
        ("$metrics.redo_rate", Value::Null),
        ("$run.agents * 10", json!(20)),
        (
            "\"abc\" | IN(\"x\", \"abc\") | if . then 1 else 0 end",
            json!(1),
        ),
    ];
    for (text, expected) in cases {
        let number = answer(text).unwrap();
        assert_eq!(number.to_string(), expected.to_string(), "{text}");
    }
}

#[test]
fn anything_else_is_reported() {
    let cases = [
        ("\"four\"", "gives a string: \"four\""),
        (
            ".tables",
            "gives an object: {\"tasks\":[{\"points\":3},{\"points\":1}]}",
        ),
        ("[1]", "gives an array: [1]"),
        ("1 == 1", "gives a boolean: true"),
        ("1, 2", "gives more than one value"),
        ("empty", "gives no value"),
        ("error(\"no merges\")", "fails: \"no merges\""),
        ("1, error(\"late\")", "fails: \"late\""),
        (
            ".tables | length + .",
            "fails: cannot calculate 1 + {\"tasks\":[{\"points\":3},{\"points\":1}]}",
        ),
        (".share[0]", "fails: cannot index 0.50 with 0"),
        ("0 / 0", "gives NaN, as 0 / 0 does"),
        ("-1 / 0", "gives a number beyond all, as 1 / 0 does"),
        (".huge", "gives a number beyond all, as 1 / 0 does"),
    ];
    for (text, cause) in cases {
        assert_eq!(answer(text).unwrap_err(), cause, "{text}");
    }
    let clock = "does not compile: column 1: `now` is not for metrics: it reads the clock";
    assert_eq!(answer("now").unwrap_err(), clock);
    let long = answer("[range(1000)]").unwrap_err();
    assert!(long.ends_with('…') && long.chars().count() < 120, "{long}");
}

/// A directory with a snapshot whose run defines `own` metrics.
fn lab(own: &Value) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("s.json");
    let mut case = small();
    case.run_json["report"] = json!({"metrics": [], "own_metrics": own});
    std::fs::write(&path, case.snapshot().to_string()).unwrap();
    (dir, path)
}

fn tool(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tg-metrics"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// The metrics of a snapshot's run by the built program.
fn metrics(path: &Path, args: &[&str]) -> Metrics {
    let out = tool(&[args, &[path.to_str().unwrap()]].concat(), "");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let record: Value = serde_json::from_slice(&out.stdout).unwrap();
    Metrics(record["metrics"].clone())
}

#[test]
fn a_snapshot_brings_its_own_metrics() {
    let (_dir, path) = lab(&json!([
        {"name": "mean_ms", "jq": "$metrics.wall_clock_time_ms / (.tables.tasks | length)"},
        {"name": "agents", "unit": "count", "jq": "$run.report.own_metrics | length"},
        {"name": "words", "jq": "\"words\""},
        {"name": "nothing", "jq": "null"},
    ]));
    let found = metrics(&path, &[]);
    found.are(json!({"mean_ms": 450.0, "agents": 4, "words": null, "wall_clock_time_ms": 900}));
    assert_eq!(found.why("words"), "its filter gives a string: \"words\"");
    assert_eq!(found.why("nothing"), "its filter gives null");
    assert_eq!(
        found.warning("filter").unwrap()["metrics"],
        json!(["words"])
    );
    let names: Vec<&String> = found.0.as_object().unwrap().keys().collect();
    let last = &names[names.len() - 7..];
    assert_eq!(
        last,
        [
            "mean_ms",
            "agents",
            "words",
            "nothing",
            "cost_source",
            "tokens_source",
            "warnings"
        ]
    );
}

#[test]
fn the_command_line_adds_and_redefines() {
    let (_dir, path) = lab(&json!([{"name": "a", "jq": "1"}, {"name": "b", "jq": "2"}]));
    let found = metrics(
        &path,
        &["--metric", "b=20", "--metric", "c=$metrics.handoffs + 30"],
    );
    found.are(json!({"a": 1, "b": 20, "c": 30, "handoffs": 0}));
    let only = metrics(
        &path,
        &[
            "--metric",
            "c=$metrics.wall_clock_time_ms",
            "--only",
            "c,b,wall_clock_time",
        ],
    );
    let names: Vec<&String> = only.0.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "c",
            "b",
            "wall_clock_time_ms",
            "cost_source",
            "tokens_source",
            "warnings"
        ]
    );
    only.are(json!({"c": 900, "b": 2, "wall_clock_time_ms": 900}));
}

#[test]
fn a_record_says_what_is_computed_not_its_snapshot() {
    let (dir, _) = lab(&json!([{"name": "a", "jq": "1"}]));
    let mut today = record(dir.path(), "s.json");
    today["run"]["report"] = json!({"own_metrics": [{"name": "a", "jq": "10"}, {"name": "b", "jq": "$run.id | length"}]});
    let out = tool(&[], &format!("{today}\n"));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    Metrics(told["metrics"].clone()).are(json!({"a": 10, "b": 2}));
    today["metrics"] = told["metrics"].clone();
    assert_eq!(told, today);
    let out = tool(&["--only", "bb"], &format!("{today}\n"));
    assert_eq!(out.status.code(), Some(2));
    let errors = String::from_utf8(out.stderr).unwrap();
    assert!(
        errors.contains("--only bb: no such metric\nhint: did you mean b?"),
        "{errors}"
    );
}

#[test]
fn definitions_this_version_cannot_take_are_left_out() {
    let (_dir, path) = lab(&json!([
        {"name": "handoffs", "jq": "100"}, {"name": "a", "jq": "1"}, {"name": "a", "jq": "2"},
        {"name": "b", "jq": "now"}, 7,
    ]));
    let found = metrics(&path, &[]);
    found.are(json!({"handoffs": 0, "a": 1, "b": null}));
    assert!(
        found
            .why("b")
            .starts_with("its filter does not compile: column 1: `now`")
    );
    let left_out = found.0["warnings"].as_array().unwrap().iter();
    let left_out: Vec<_> = left_out
        .filter_map(|warning| warning["message"].as_str()?.split_once("left out: "))
        .collect();
    let why: Vec<&str> = left_out.iter().map(|split| split.1).collect();
    assert_eq!(why.len(), 3);
    assert!(
        why[0].contains("built-in") && why[1].contains("twice") && why[2].contains("invalid type"),
        "{why:?}"
    );
}

/// A custom metric may use all others, and may be defined after the run: then only the record has it.
#[test]
fn one_that_only_the_record_has_finds_all_others() {
    let dir = TempDir::new().unwrap();
    let chain = "0 a working w1\n10 a completed w1\n10 b working w1\n30 b completed w1";
    let chain = case(chain).edge("a blocks b").snapshot().to_string();
    std::fs::write(dir.path().join("s.json"), chain).unwrap();
    let mut record = record(dir.path(), "s.json");
    record["run"]["report"] =
        json!({"own_metrics": [{"name": "mine", "jq": "$metrics.critical_path_ms"}]});
    let done = tool(&["--only", "mine"], &format!("{record}\n"));
    let out: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(out["metrics"]["mine"], 30, "{out}");
}

/// Each of `bombs` would hang or end the tool; the filters around it are computed all the same.
fn no_harm(limits: [&str; 2], bombs: &[&str], told: &str) {
    let (_dir, path) = lab(&json!([{"name": "first", "jq": "$metrics.wall_clock_time_ms"}]));
    let mut args: Vec<String> = limits.map(String::from).into();
    for (at, text) in bombs.iter().enumerate() {
        args.extend(["--metric".into(), format!("bomb_{at}={text}")]);
        args.extend(["--metric".into(), format!("behind_{at}={at}")]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let found = metrics(&path, &args);
    found.are(json!({"first": 900, "wall_clock_time_ms": 900}));
    for (at, text) in bombs.iter().enumerate() {
        found.are(json!({format!("behind_{at}"): at}));
        assert_eq!(found.why(&format!("bomb_{at}")), told, "{text}");
    }
}

#[test]
fn filters_that_never_end() {
    let bombs = [
        "def f: f; f",
        "[repeat(1) | empty] | length",
        "1, (repeat(1) | empty)",
    ];
    let begun = Instant::now();
    no_harm(
        ["--jq-timeout", "500ms"],
        &bombs,
        "its filter did not end within 500ms (--jq-timeout)",
    );
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn filters_that_eat_all_memory() {
    let bombs = [
        "[range(1e12)] | length",
        "\"x\" * 10000000000 | length",
        "\"x\" * 9000000000000000000 | length",
        "reduce range(1e9) as $i (\"x\"; . + .) | length",
    ];
    no_harm(
        ["--jq-memory", "128MiB"],
        &bombs,
        "its filter needs more memory than 128MiB (--jq-memory)",
    );
}

#[test]
fn filters_that_recurse_without_end() {
    let bombs = [
        "def f: 1 + f; f",
        "reduce range(1000000) as $i (0; [.]) | tojson | length",
    ];
    no_harm(
        ["--jq-timeout", "60s"],
        &bombs,
        "its filter recurses too deeply",
    );
}

#[test]
fn a_filter_sees_neither_files_nor_time_zones() {
    let (_dir, path) = lab(&json!([]));
    let zone = "zone=\"2026-05-01 Europe/Paris\" | strptime(\"%Y-%m-%d %Q\") | mktime";
    let found = metrics(&path, &["--metric", zone]);
    assert!(
        found.why("zone").contains("time zone"),
        "{}",
        found.why("zone")
    );
    let utc = "utc=\"1970-01-02 00:00\" | strptime(\"%Y-%m-%d %H:%M\") | mktime";
    metrics(&path, &["--metric", utc]).are(json!({"utc": 86400}));
}

#[test]
fn the_command_line_is_checked_before_anything_is_read() {
    let cases: [(&[&str], &str); 9] = [
        (
            &["--metric", "a=1 +"],
            "--metric a: column 4: expected term\n  1 +\n     ^\n",
        ),
        (
            &["--metric", "a=mapp(1)"],
            "--metric a: column 1: no filter mapp/1, did you mean map/1?\n  mapp(1)\n  ^\n",
        ),
        (
            &["--metric", "handoffs=1"],
            "--metric handoffs: `handoffs` names the built-in metric handoffs",
        ),
        (
            &["--metric", "wall_clock_time=1"],
            "names the built-in metric wall_clock_time_ms",
        ),
        (&["--metric", "A=1"], "`A` cannot name a metric"),
        (
            &["--metric", "merges"],
            "--metric merges: defines no filter\nhint: --metric merges='",
        ),
        (
            &["--metric", "a=1", "--metric", "a=2"],
            "--metric a: is defined twice",
        ),
        (
            &["--jq-memory", "5 apples"],
            "`5 apples` is not a size: write 512MiB",
        ),
        (&["--jq-timeout", "soon"], "`soon` is not a duration"),
    ];
    for (args, told) in cases {
        let out = tool(&[args, &["/no/such/file"]].concat(), "");
        let errors = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains(told) && !errors.contains("/no/such"),
            "{errors}"
        );
    }
}

/// A parent that is killed leaves no filter behind.
#[test]
#[cfg(target_os = "linux")]
fn nothing_is_left_when_the_tool_is_killed() {
    let (_dir, path) = lab(&json!([]));
    let mut child = Command::new(env!("CARGO_BIN_EXE_tg-metrics"))
        .args(["--metric", "x=def f: f; f", path.to_str().unwrap()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let inner = loop {
        assert!(begun.elapsed() < Duration::from_secs(5), "no inner process");
        if let Some(inner) = child_of(child.id()) {
            break inner;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    std::thread::sleep(Duration::from_millis(200));
    child.kill().unwrap();
    child.wait().unwrap();
    while Path::new(&format!("/proc/{inner}")).exists() {
        assert!(begun.elapsed() < Duration::from_secs(5), "{inner} lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn child_of(parent: u32) -> Option<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    listed.split_whitespace().next()?.parse().ok()
}
