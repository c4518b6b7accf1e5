//! Input: records, files, lines that cannot be read, and the exit status that follows.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Stdio};

fn good() -> serde_json::Value {
    run("a", 1, json!({"wall_clock_time_ms": 1000}))
}

#[test]
fn nothing_at_all() {
    for input in ["", "\n\n", "{\"type\":\"agent\",\"v\":1}\n"] {
        let ran = report(&[], input);
        assert_eq!((ran.exit, ran.out.as_str()), (3, ""));
        assert_eq!(
            ran.err,
            "tg-report: no run records in the input\nhint: tg-metrics results/*/*/snapshot.json.gz | tg-report\n"
        );
    }
}

#[test]
fn bad_lines_are_named_and_the_others_reported() {
    let bad = [
        ("nonsense", "line 2: not a JSON object"),
        ("[1]", "line 2: not a JSON object"),
        ("{}", "line 2: an object without a \"type\""),
        (
            "{\"type\":\"run\",\"v\":9,\"run\":{}}",
            "record version 9, and this tool reads version 1",
        ),
        (
            "{\"type\":\"run\",\"v\":1,\"run\":{\"arm\":\"a\"},\"metrics\":{}}",
            "the record has no \"id\" in its \"run\"",
        ),
        (
            "{\"type\":\"run\",\"v\":1,\"run\":{\"id\":\"x\"},\"metrics\":{}}",
            "run x: the record names no \"arm\"",
        ),
        (
            "{\"type\":\"run\",\"v\":1,\"run\":{\"id\":\"x\",\"arm\":\"a\"},\"metrics\":7}",
            "run x: its \"metrics\" is not an object",
        ),
        (
            "{\"type\":\"run\",\"v\":1,\"run\":{\"id\":\"x\",\"arm\":\"a\",\"agents\":-1},\"metrics\":{}}",
            "run x: run: invalid value",
        ),
        (
            "{\"type\":\"run\",\"v\":1,\"metrics\":{}}",
            "the record has no \"run\"",
        ),
    ];
    for (line, expected) in bad {
        let ran = report(&[], &format!("{}\n{line}\n", good()));
        assert_eq!(ran.exit, 3, "{line}");
        assert!(
            ran.err.starts_with("tg-report: ") && ran.err.contains(expected),
            "{line}: {}",
            ran.err
        );
        assert!(ran.out.contains("1 run of 1 arm"), "{line}: {}", ran.out);
    }
}

#[test]
fn without_metrics_tg_metrics_is_named() {
    let mut bare = [run("a", 2, json!({})), run("a", 3, json!({}))];
    for record in &mut bare {
        record.as_object_mut().unwrap().remove("metrics");
    }
    let ran = report(&[], &(lines(&bare) + &lines(&[good()])));
    assert_eq!(ran.exit, 3);
    assert_eq!(
        ran.err,
        "tg-report: run a-r2: the record has no \"metrics\"\nhint: pass it through tg-metrics first\n\
         tg-report: run a-r3: the record has no \"metrics\"\n"
    );
    assert!(ran.out.contains("1 run of 1 arm"), "{}", ran.out);
}

#[test]
fn a_failed_stage_is_a_run_that_did_not_complete() {
    for stage in ["launch", "wait", "export", "metrics"] {
        let error = json!({"error": {"kind": "outside", "message": "run a-r2: it broke"}});
        let mut failed = with(run("a", 2, json!({})), &format!("/{stage}"), error);
        if stage != "metrics" {
            failed.as_object_mut().unwrap().remove("metrics");
        }
        let ran = report(&[], &lines(&[good(), failed]));
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
        assert!(
            ran.out
                .contains(&format!("a: 1 {stage} error (a-r2: it broke)")),
            "{}",
            ran.out
        );
        assert!(ran.out.contains("1/2"), "{}", ran.out);
    }
}

#[test]
fn an_end_that_nobody_recorded_is_not_taken_for_a_good_one() {
    let mut unknown = good();
    unknown.as_object_mut().unwrap().remove("wait");
    let report = json_of(&[], &lines(std::slice::from_ref(&unknown)));
    assert_eq!(report["arms"][0]["outcomes"], json!({"unknown": 1}));
    assert_eq!(report["arms"][0]["metrics"]["wall_clock_time_ms"]["n"], 0);
    assert_eq!(report["warnings"][0]["kind"], "no_outcome");
    let all_done = with(unknown.clone(), "/metrics/completion_rate_pct", json!(100));
    assert_eq!(json_of(&[], &lines(&[all_done]))["arms"][0]["completed"], 1);
    let said = with(unknown, "/metrics/outcome", json!("completed"));
    assert_eq!(json_of(&[], &lines(&[said]))["arms"][0]["completed"], 1);
}

#[test]
fn of_one_run_the_newest_record_counts() {
    let ms = |ms: u32| run("a", 1, json!({"wall_clock_time_ms": ms}));
    let at = |record, ms: u32| with(record, "/instantiate", json!({"created_at_ms": ms}));
    let mean = |records: &[serde_json::Value]| {
        let report = json_of(&[], &lines(records));
        assert_eq!(report["warnings"][0]["kind"], "duplicate");
        assert_eq!(report["arms"][0]["runs"], 1);
        report["arms"][0]["metrics"]["wall_clock_time_ms"]["mean"].clone()
    };
    assert_eq!(mean(&[ms(1), ms(2)]), 2);
    assert_eq!(
        mean(&[at(ms(1), 50), at(ms(2), 50)]),
        2,
        "of one attempt the last"
    );
    assert_eq!(
        mean(&[at(ms(1), 90), at(ms(2), 50)]),
        1,
        "an earlier attempt read later does not count"
    );
}

#[test]
fn records_of_other_types_are_left_out_and_said() {
    let report = json_of(
        &[],
        &("{\"type\":\"agent\",\"v\":1}\n".to_owned() + &lines(&[good()])),
    );
    assert_eq!(
        report["warnings"][0]["message"],
        "records of another type than \"run\" are left out: 1"
    );
}

#[test]
fn files_and_stdin_together() {
    let ran = report(&["two-arms.jsonl", "-"], &lines(&[good()]));
    assert!(
        ran.out.starts_with("push-vs-pull, e: 7 runs of 3 arms"),
        "{}",
        ran.out
    );
    let ran = report(
        &["two-arms.jsonl"],
        "stdin is not read where files are named",
    );
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
}

#[test]
fn files_that_cannot_be_read() {
    let ran = report(&["absent.jsonl", "two-arms.jsonl", "."], "");
    assert_eq!(ran.exit, 4);
    assert_eq!(
        ran.err,
        "tg-report: absent.jsonl: no such file or directory\ntg-report: .: is a directory\nhint: tg-report ./*/run.json\n"
    );
    assert!(
        ran.out.contains("6 runs of 2 arms"),
        "the other is reported: {}",
        ran.out
    );
    let ran = report(&["absent.jsonl"], "");
    assert_eq!((ran.exit, ran.out.as_str()), (4, ""));
    let ran = report(&["common/mod.rs"], "");
    assert_eq!(ran.exit, 3);
    assert!(
        ran.err
            .starts_with("tg-report: common/mod.rs: line 1: not a JSON object"),
        "{}",
        ran.err
    );
}

/// An input that fails on every read must end, not repeat itself.
#[test]
fn a_directory_on_stdin_ends() {
    let directory = std::fs::File::open(".").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tg-report"))
        .stdin(directory)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stderr.len() < 200);
}

#[test]
fn wrong_options() {
    let ran = report(&["--metric", "wall_clok_time", "two-arms.jsonl"], "");
    assert_eq!(ran.exit, 2);
    assert_eq!(
        ran.err,
        "tg-report: --metric wall_clok_time: no such metric\nhint: did you mean wall_clock_time?\n"
    );
    let ran = report(&["--baseline", "swarm", "two-arms.jsonl"], "");
    assert_eq!(ran.exit, 2);
    assert_eq!(
        ran.err,
        "tg-report: --baseline swarm: no such arm; the arms are pull, push\n"
    );
    assert_eq!(report(&["--format", "xml", "two-arms.jsonl"], "").exit, 2);
    assert_eq!(report(&["--nonsense"], "").exit, 2);
}

#[test]
fn out_names_the_format_and_is_whole_or_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    for (name, begins) in [
        ("r.md", "## push"),
        ("r.csv", "experiment,arm"),
        ("r.json", "{"),
        ("r.txt", "push-vs-pull:"),
    ] {
        let ran = report(&["--out", &path(name), "two-arms.jsonl"], "");
        assert_eq!((ran.exit, ran.out.as_str()), (0, ""));
        assert!(
            std::fs::read_to_string(path(name))
                .unwrap()
                .starts_with(begins),
            "{name}"
        );
    }
    let ran = report(
        &["--out", &path("r.md"), "--format", "json", "two-arms.jsonl"],
        "",
    );
    assert_eq!(ran.exit, 0);
    assert!(
        std::fs::read_to_string(path("r.md"))
            .unwrap()
            .starts_with('{'),
        "--format wins"
    );
    assert_eq!(report(&["--out", &path("none.md")], "").exit, 3);
    assert!(!dir.path().join("none.md").exists());
    assert_eq!(
        report(&["--out", &path("no/such/r.md"), "two-arms.jsonl"], "").exit,
        4
    );
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        4,
        "no temporary files are left"
    );
}

#[test]
fn a_reader_that_went_away_ends_it_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tg-report"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines(&[good()]).as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), b"".as_slice())
    );
}

#[test]
fn help_tells_what_goes_in_and_out() {
    let help = report(&["--help"], "").out;
    for part in ["Reads:", "Writes:", "Exit status:", "Examples:"] {
        assert!(help.contains(part), "{part}");
    }
}
