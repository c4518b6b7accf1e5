//! The tool as a stage of the pipe.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use clap::CommandFactory;
use common::{BEGIN, Bench, document, run};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;
use tg_export::Args;
use tg_stage::Exit;

fn args(out: Option<&str>, db: Option<PathBuf>) -> Args {
    Args {
        out: out.map(PathBuf::from),
        db,
        for_import: false,
    }
}

fn message(record: &Value) -> &str {
    record["export"]["error"]["message"]
        .as_str()
        .unwrap_or_default()
}

#[test]
fn adds_export_and_nothing_else() {
    let bench = Bench::new();
    let (exit, out) = run(&Args::default(), &[bench.record()]);
    assert_eq!(exit, Exit::Done);
    let path = bench.path("snapshot.json.gz");
    let bytes = std::fs::read(&path).unwrap();
    let mut expected = bench.record();
    expected["export"] =
        json!({"path": path, "sha256": tg_stage::file::sha256(&bytes), "bytes": bytes.len()});
    assert_eq!(out, [expected.clone()]);
    assert_eq!(
        document(&bench.path("run.json")),
        expected,
        "kept as the run's record"
    );
}

#[test]
fn out_names_the_file_and_the_run() {
    let bench = Bench::new();
    let pattern = format!("{}/{{run}}.json", bench.dir.path().display());
    let (exit, out) = run(&args(Some(&pattern), None), &[bench.record()]);
    assert_eq!(
        (exit, &out[0]["export"]["path"]),
        (Exit::Done, &json!(bench.path("r1.json")))
    );
    let one = bench.path("one.json.gz");
    let (exit, out) = run(&args(one.to_str(), None), &[bench.record(), bench.record()]);
    assert_eq!(exit, Exit::SomeFailed);
    assert!(
        message(&out[1]).ends_with("one.json.gz: already holds the run before"),
        "{}",
        out[1]
    );
    let (exit, out) = run(&args(Some("-"), None), &[bench.record()]);
    assert_eq!(
        (exit, message(&out[0])),
        (
            Exit::SomeFailed,
            "run r1: --out -: stdout is for the records"
        )
    );
}

#[test]
fn a_bad_record_does_not_stop_the_others() {
    let bench = Bench::new();
    std::fs::write(
        bench.path("text.db"),
        "no database, but long enough to have a header of one".repeat(100),
    )
    .unwrap();
    std::fs::write(bench.path("empty.db"), "").unwrap();
    rusqlite::Connection::open(bench.path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE tasks(id)")
        .unwrap();
    let with = |db: &str| {
        let mut record = bench.record();
        record["instantiate"]["db"] = json!(bench.path(db));
        record
    };
    let mut homeless = bench.record();
    homeless["run"] = json!({"id": "r1"});
    let failed = json!({"type": "run", "v": 1, "run": {"id": "r0"}, "wait": {"error": {"kind": "outside", "message": "x"}}});
    let records = [
        json!({"type": "run", "v": 1, "run": {"id": "r0"}}),
        json!({"type": "run", "v": 1, "run": {"id": "r0"}, "instantiate": {}}),
        homeless,
        with("none.db"),
        with("text.db"),
        with("empty.db"),
        with("other.db"),
        failed.clone(),
        json!({"type": "note"}),
        bench.record(),
    ];
    let (exit, out) = run(&Args::default(), &records);
    assert_eq!(exit, Exit::Input);
    let ends: Vec<_> = out.iter().map(message).collect();
    let expected = [
        "run r0: the record has no \"instantiate\"",
        "run r0: the record has no \"instantiate\".\"db\"",
        "run r1: the record has no \"run\".\"dir\" for the snapshot",
        "none.db: no such database",
        "text.db: file is not a database",
        "empty.db: has no table `tasks`: not a database of the host",
        "other.db: has no history of its tasks: not a database of the host",
        "",
        "",
        "",
    ];
    for (end, expected) in ends.iter().zip(expected) {
        assert!(end.ends_with(expected), "{end} is not {expected}");
    }
    assert_eq!(out[7], failed);
    assert_eq!(out[8], json!({"type": "note"}));
    assert_eq!(
        out[9]["export"]["path"],
        json!(bench.path("snapshot.json.gz"))
    );
    let left: Vec<_> = std::fs::read_dir(bench.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().starts_with(".tg-")),
        "{left:?}"
    );
}

#[test]
fn the_missing_record_names_its_tool() {
    let record: tg_stage::Record =
        match tg_stage::Lines::new(&b"{\"type\":\"run\",\"v\":1,\"run\":{\"id\":\"r0\"}}\n"[..])
            .next()
        {
            Some(tg_stage::Line::Run(record)) => *record,
            other => panic!("{other:?}"),
        };
    let error = record
        .get::<tg_stage::Instantiate>("instantiate")
        .unwrap_err();
    assert_eq!(
        error.hint.as_deref(),
        Some("pass it through tg-instantiate first")
    );
}

#[test]
fn an_end_that_the_database_does_not_have() {
    let bench = Bench::new();
    let mut record = bench.record();
    let agents = json!([
        {"worker": "w3", "role": "worker", "tags": ["worker"]},
        {"worker": "w2", "role": "coordinator", "tags": []},
        {"worker": "w1", "role": "other", "tags": []},
    ]);
    std::fs::create_dir_all(bench.path("agents/w2")).unwrap();
    let end = json!({"worker_id": "w2", "role": "coordinator", "ended_at": BEGIN + 3_000, "cost_usd": 0.5});
    std::fs::write(bench.path("agents/w2/end.json"), end.to_string()).unwrap();
    record["launch"] = json!({"agents": agents, "started_at_ms": BEGIN + 10, "manual": true});
    record["wait"] =
        json!({"outcome": "stalled", "states": {"pending": 1}, "ended_at_ms": BEGIN + 4_000});
    let row = |bench: &Bench| {
        document(&bench.path("snapshot.json.gz"))["tables"]["experiment_runs"][0].clone()
    };

    run(&Args::default(), &[record.clone()]);
    let stored = row(&bench);
    assert_eq!(stored["outcome"], json!("stalled"));
    assert_eq!(
        (&stored["started_at"], &stored["completed_at"]),
        (&json!(BEGIN + 10), &json!(BEGIN + 4_000))
    );
    let exported = &document(&bench.path("snapshot.json.gz"))["exported_at"];
    assert_eq!(
        *exported,
        json!("2026-11-22T14:13:02.971Z"),
        "the end of the record"
    );
    let snapshot = tg_host::Snapshot::load(&bench.path("snapshot.json.gz")).unwrap();
    let agents = snapshot.tables.experiment_agents;
    let agents: Vec<_> = agents
        .iter()
        .map(|row| (row.worker_id.as_str(), row.role.as_deref(), row.cost_usd))
        .collect();
    let expected = [
        ("w1", Some("worker"), Some(0.1)), // as the database has it
        ("w2", Some("coordinator"), Some(0.5)),
        ("w3", Some("worker"), None),
    ];
    assert_eq!(agents, expected);

    record["run"]["id"] = json!("r2");
    run(&Args::default(), &[record.clone()]);
    assert_eq!(row(&bench)["outcome"], Value::Null, "another run's");

    record["run"]["id"] = json!("r1");
    bench.end("completed", BEGIN + 2_500);
    run(&Args::default(), &[record]);
    let known = row(&bench);
    assert_eq!(
        (&known["outcome"], &known["started_at"]),
        (&json!("completed"), &Value::Null),
        "the database knows"
    );
    assert_eq!(known["completed_at"], json!(BEGIN + 2_500));
}

/// A reader that went away.
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
fn without_records() {
    let bench = Bench::new();
    let out = bench.path("plain.json");
    let mut stdout = Vec::new();
    let done = tg_export::run(
        &args(out.to_str(), Some(bench.db.clone())),
        io::empty(),
        &mut stdout,
    );
    assert_eq!((done.unwrap(), stdout.len()), (Exit::Done, 0));
    let to_stdout = args(Some("-"), Some(bench.db.clone()));
    assert_eq!(
        tg_export::run(&to_stdout, io::empty(), &mut stdout).unwrap(),
        Exit::Done
    );
    assert_eq!(stdout, std::fs::read(out).unwrap());
    assert_eq!(
        tg_export::run(&to_stdout, io::empty(), Gone).unwrap(),
        Exit::Done,
        "a closed pipe is no fault"
    );

    let missing =
        tg_export::run(&args(Some("-"), Some("none.db".into())), io::empty(), Gone).unwrap_err();
    assert_eq!(
        (missing.exit, missing.to_string().as_str()),
        (Exit::Outside, "none.db: no such database")
    );
    let itself = args(bench.db.to_str(), Some(bench.db.clone()));
    let itself = tg_export::run(&itself, io::empty(), Gone).unwrap_err();
    assert_eq!(itself.exit, Exit::Usage);
    assert!(
        itself
            .to_string()
            .ends_with("tasks.db: is what is to be exported")
    );
    let nowhere = bench.path("none/s.json");
    let nowhere = tg_export::run(
        &args(nowhere.to_str(), Some(bench.db.clone())),
        io::empty(),
        Gone,
    )
    .unwrap_err();
    assert!(
        nowhere
            .to_string()
            .ends_with("none/s.json: no such file or directory"),
        "{nowhere}"
    );
}

#[test]
fn a_closed_pipe_ends_the_stage_quietly() {
    let bench = Bench::new();
    let input = format!("{}\n", bench.record());
    let error = tg_export::run(&Args::default(), input.as_bytes(), Gone).unwrap_err();
    assert!(error.is_closed_pipe());
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
