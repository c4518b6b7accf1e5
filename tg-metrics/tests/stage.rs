//! The tool as a stage of the pipe.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use clap::{CommandFactory, Parser};
use common::{record, run, small};
use serde_json::{Value, json};
use std::io::{self, Write};
use tempfile::TempDir;
use tg_metrics::{Args, METRICS};
use tg_stage::Exit;

#[test]
fn adds_metrics_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("s.json"), small().snapshot().to_string()).unwrap();
    let mut expected = record(dir.path(), "s.json");
    let (exit, mut out) = run(&Args::default(), &format!("{expected}\n"));
    assert_eq!(exit, Exit::Done);
    let kept: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("run.json")).unwrap()).unwrap();
    assert_eq!(kept, out[0]);
    expected["metrics"] = out[0]["metrics"].clone();
    assert_eq!(out.remove(0), expected);
    let metrics = expected["metrics"].as_object().unwrap();
    let names: Vec<_> = metrics.keys().map(String::as_str).collect();
    let table: Vec<_> = METRICS
        .iter()
        .map(|metric| metric.0)
        .chain(["cost_source", "tokens_source", "warnings"])
        .collect();
    assert_eq!(names, table);
    let flat = |(name, value): (&String, &Value)| {
        name.ends_with("_source") || name == "warnings" || value.is_number() || value.is_null()
    };
    assert!(metrics.iter().all(flat));
    assert_eq!(metrics["wall_clock_time_ms"].to_string(), "900");
}

#[test]
fn records_that_cannot_be_measured() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("s.json"), small().snapshot().to_string()).unwrap();
    let mut bare = record(dir.path(), "s.json");
    bare.as_object_mut().unwrap().remove("export");
    let mut empty = bare.clone();
    empty["export"] = json!({});
    let mut other = record(dir.path(), "s.json");
    other["run"]["id"] = json!("r2");
    let mut changed = record(dir.path(), "s.json");
    changed["export"]["sha256"] = json!("00");
    let records = [
        bare,
        empty,
        record(dir.path(), "none.json"),
        other,
        json!({"type": "note"}),
        changed,
    ];
    let input: String = records
        .iter()
        .map(|record| {
            record.to_string()
                + "
"
        })
        .collect();
    let (exit, out) = run(&Args::default(), &input);
    assert_eq!((exit, out.len()), (Exit::Input, 6));
    let message = |at: usize| out[at]["metrics"]["error"]["message"].as_str().unwrap();
    assert_eq!(message(0), "run r1: the record has no \"export\"");
    assert_eq!(message(1), "run r1: the record has no \"export\".\"path\"");
    assert!(message(2).ends_with("none.json: no such file or directory"));
    assert!(
        message(3).ends_with("s.json: holds the run r1, not r2"),
        "{}",
        message(3)
    );
    assert_eq!(out[4], json!({"type": "note"}));
    assert_eq!(
        out[5]["metrics"]["warnings"][1]["kind"],
        json!("snapshot_changed")
    );
}

#[test]
fn only_the_metrics_asked_for() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("s.json");
    std::fs::write(&path, small().snapshot().to_string()).unwrap();
    let only = |names: &[&str]| Args {
        paths: vec![path.clone()],
        only: names.iter().map(ToString::to_string).collect(),
        ..Args::default()
    };
    let (_, out) = run(&only(&["handoffs", "dispatch_latency_ms"]), "");
    let keys: Vec<_> = out[0]["metrics"].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "handoffs",
            "dispatch_latency_ms",
            "cost_source",
            "tokens_source",
            "warnings"
        ]
    );
    let error = tg_metrics::run(&only(&["wall_clock"]), io::empty(), io::sink()).unwrap_err();
    assert_eq!(
        (error.exit, error.to_string().as_str()),
        (Exit::Usage, "--only wall_clock: no such metric")
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("tg-metrics --list names them all")
    );
    for (typed, meant) in [("redo_rat", "redo_rate"), ("handofs", "handoffs")] {
        let error = tg_metrics::run(&only(&[typed]), io::empty(), io::sink()).unwrap_err();
        assert_eq!(error.hint, Some(format!("did you mean {meant}?")));
    }
}

/// A closed pipe.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("s.json");
    std::fs::write(&path, small().snapshot().to_string()).unwrap();
    let args = Args {
        paths: vec![path],
        only: Vec::new(),
        ..Args::default()
    };
    assert!(
        tg_metrics::run(&args, io::empty(), Gone)
            .unwrap_err()
            .is_closed_pipe()
    );
    let input = format!("{}\n", record(dir.path(), "s.json"));
    assert!(
        tg_metrics::run(&Args::default(), input.as_bytes(), Gone)
            .unwrap_err()
            .is_closed_pipe()
    );
}

#[test]
fn help_says_what_comes_in_and_out() {
    let help = Args::command().render_long_help().to_string();
    assert!(help.lines().next().unwrap().len() < 80);
    let sections = ["Reads: ", "Writes: ", "Exit status: ", "Examples:"];
    let places: Vec<_> = sections
        .iter()
        .map(|section| help.find(&format!("\n{section}")).unwrap())
        .collect();
    assert!(places.is_sorted());
    Args::command().debug_assert();
}

#[test]
fn verify_is_the_old_name_of_recheck() {
    for flag in ["--recheck", "--verify"] {
        let args = Args::try_parse_from(["tg-metrics", flag, "results"]);
        assert!(args.unwrap().recheck, "{flag}");
    }
    let help = Args::command().render_long_help().to_string();
    assert!(help.contains("--recheck") && !help.contains("--verify"));
}
