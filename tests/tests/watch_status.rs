//! Reading the status leaves no trace and disturbs no run: `tg-wait --once` and tg-watch on live, crashed and ended runs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tg_stage::file::tree;
use tg_tests::watching::{Events, Watching, thousand};
use tg_tests::{FAST, Lab, find_processes, manifest, records, refused};

const CHAIN: &str = "tg-instantiate m.yaml | tg-launch | tg-wait | tg-export >runs.jsonl";

/// Everything in a directory, with times and sizes.
fn traces(dir: &Path) -> Vec<String> {
    let one = |path: &std::path::PathBuf| {
        let data = dir.join(path).symlink_metadata().unwrap();
        format!(
            "{} {:?} {}",
            path.display(),
            data.modified().unwrap(),
            data.len()
        )
    };
    tree(dir).unwrap().iter().map(one).collect()
}

fn status(lab: &Lab) -> Vec<Value> {
    records(&lab.sh("tg-wait --once results").ok().out)
}

#[test]
fn nothing_is_left_behind() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm", "push"], FAST),
    );
    let only =
        "tg-instantiate --row push-r1 m.yaml >push.jsonl; tg-instantiate --row swarm-r1 m.yaml";
    lab.sh(&format!(
        "{only} | tg-launch | tg-wait | tg-export >runs.jsonl"
    ))
    .ok();
    assert_eq!(lab.settle(), Vec::<String>::new());
    let before = traces(&lab.path("results"));
    let phases = |all: Vec<Value>| -> Vec<String> {
        let phase = |run: &Value| run["phase"].as_str().unwrap().to_owned();
        all.iter().map(phase).collect()
    };
    assert_eq!(phases(status(&lab)), ["waiting", "ended"]);
    let watching = Watching::start(&lab, "results");
    let state = watching.until("both", |state| state["runs"].as_array().unwrap().len() == 2);
    assert_eq!(
        phases(state["runs"].as_array().unwrap().clone()),
        ["waiting", "ended"]
    );
    assert_eq!(
        state["runs"][1]["tasks"],
        json!([{"state": "completed", "class": "success", "tasks": 4}])
    );
    std::thread::sleep(Duration::from_millis(2500)); // past a heartbeat
    watching.get("/");
    drop(watching);
    assert_eq!(traces(&lab.path("results")), before);
    refused(
        &lab,
        "tg-wait --once nowhere",
        2,
        &["nowhere: is not a directory", "hint: "],
    );
    refused(&lab, "tg-watch nowhere", 4, &["nowhere: no such file"]);
    refused(
        &lab,
        "tg-watch m.yaml",
        2,
        &["m.yaml: is not a directory", "hint: "],
    );
    refused(
        &lab,
        "tg-watch --listen 300.0.0.1:1 results",
        2,
        &["--listen"],
    );
    let table = lab.sh("script -qec 'tg-wait --once results' /dev/null");
    if table.status == 0 {
        let lines: Vec<&str> = table.out.lines().map(str::trim_end).collect();
        assert_eq!(lines[0], "test: 1 of 2 runs done");
        assert!(
            lines[1].starts_with("run       phase    outcome    tasks"),
            "{}",
            lines[1]
        );
        assert!(
            lines[3].starts_with("swarm-r1  ended    completed  4/4"),
            "{}",
            lines[3]
        );
    } else {
        eprintln!("skipped in part: no `script` here");
    }
}

#[test]
fn a_crash_and_the_finished_work_are_seen() {
    let lab = Lab::new();
    let more = "stand_in: {time_scale: 0.002, poll_ms: 50}\n";
    lab.write("m.yaml", &manifest("medium-feature", 2, &["swarm"], more));
    let watching = Watching::start(&lab, "results");
    let mut chain = lab.start(CHAIN);
    let is_begun = |run: &Value| run["tasks"].to_string().contains("completed");
    let is_paid = |run: &Value| run["cost_usd"].as_f64() > Some(0.0); // reported half a second later
    watching.until("a task is over", |state| {
        is_begun(&state["runs"][0]) && is_paid(&state["runs"][0])
    });
    let seen = status(&lab);
    assert_eq!(seen[0]["phase"], "running");
    assert!(is_begun(&seen[0]), "{}", seen[0]);
    assert_eq!(seen[0]["agents"].as_array().unwrap().len(), 2);
    assert!(is_paid(&seen[0]), "{}", seen[0]);
    let line = format!("kill -KILL -- -{}", chain.id());
    std::process::Command::new("bash")
        .args(["-c", &line])
        .status()
        .unwrap();
    chain.wait().unwrap();
    watching.until("interrupted", |state| {
        let phases = &state["experiments"][0]["phases"];
        state["runs"][0]["phase"] == "interrupted" && *phases == json!({"interrupted": 1})
    });
    assert_eq!(status(&lab)[0]["phase"], "interrupted");
    assert_eq!(status(&lab)[0]["outcome"], Value::Null);
    drop(watching);
    assert_eq!(lab.settle(), Vec::<String>::new());
}

#[test]
fn a_terminal_shows_arms_and_runs_and_a_pipe_nothing() {
    let lab = Lab::new();
    let more = "stand_in: {time_scale: 0.0008, poll_ms: 50}\n";
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], more));
    let line = format!("stty cols 90 rows 30; {CHAIN}");
    let shown = lab.sh(&format!("script -qec '{line}' /dev/null"));
    if shown.out.is_empty() && shown.status != 0 {
        eprintln!("skipped: no `script` here");
        return;
    }
    assert_eq!(shown.status, 0, "{}", shown.out);
    for wanted in [
        "swarm: 0 of 1 runs over",
        "swarm-r1 ",
        " 1/4 ",
        " working ",
        "[#",
        "left",
        "tokens",
    ] {
        assert!(shown.out.contains(wanted), "{wanted}: {}", shown.out);
    }
    let last = shown.out.rsplit("\u{1b}[2K").next().unwrap();
    assert_eq!(last.trim(), "", "the lines are taken away");
    let piped = lab.sh(&CHAIN.replace("m.yaml", "--again m.yaml")).ok();
    assert_eq!(piped.err, "");
}

/// While tg-watch polls, tg-wait still gets the database to itself, every time.
#[test]
fn the_end_of_a_run_is_not_disturbed() {
    let lab = Lab::new();
    let watching = Watching::start(&lab, "results");
    let text = manifest("tiny-feature", 3, &["swarm"], FAST);
    lab.write(
        "m.yaml",
        &text.replace("runs_per_config: 1", "runs_per_config: 6"),
    );
    let done = lab.sh(CHAIN).ok();
    assert!(!done.err.contains("others still have"), "{}", done.err);
    watching.until("all over", |state| {
        state["experiments"][0]["phases"] == json!({"ended": 6})
    });
    for run in 1..=6 {
        let db = lab.db(&format!("results/test/swarm-r{run}/tasks.db"));
        let outcome = db.query_row("SELECT outcome FROM experiment_runs", [], |row| {
            row.get::<_, String>(0)
        });
        assert_eq!(
            outcome.unwrap(),
            "completed",
            "the end is in the database of run {run}"
        );
    }
    let held = |(line, _): (&str, &Path)| line.contains("tg-watch") && line.contains(" results");
    let pids = find_processes(held);
    let ours = pids
        .iter()
        .any(|pid| pid.starts_with(&format!("{}:", watching.pid())));
    assert!(ours, "{pids:?}");
    let open = std::fs::read_dir(format!("/proc/{}/fd", watching.pid())).unwrap();
    let open = open.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
    let dbs = open.filter(|path| path.to_string_lossy().contains(".db"));
    assert_eq!(dbs.count(), 0, "no database is kept open");
}

/// A thousand runs: the page's data comes at once, and a change of one is not sent as a change of all.
#[test]
fn a_thousand_runs_stay_usable() {
    let lab = Lab::new();
    thousand(&lab);
    let begun = Instant::now();
    let watching = Watching::start(&lab, "results");
    watching.until("all", |state| {
        state["runs"].as_array().unwrap().len() == 1000
    });
    println!("1000 runs are read after {:?}", begun.elapsed());
    let begun = Instant::now();
    let size = watching.get("/api/state").len();
    println!("1000 runs as JSON: {size} bytes in {:?}", begun.elapsed());
    let mut events = Events::of(&watching);
    assert_eq!(events.take().1["runs"].as_array().unwrap().len(), 1000);
    let path = lab.path("results/test/swarm-r500/run.json");
    let before = std::fs::read_to_string(&path).unwrap();
    let dir = path.parent().unwrap().to_owned();
    std::fs::rename(&dir, dir.with_file_name("swarm-r500.try1")).unwrap();
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(&path, before.replace("\"completed\"", "\"timeout\"")).unwrap();
    let mut sent = 0;
    loop {
        let (_, data) = events.take();
        let runs = data["runs"].as_array().unwrap();
        sent += runs.len();
        if runs
            .iter()
            .any(|run| run["run"] == "swarm-r500" && run["outcome"] == "timeout")
        {
            break;
        }
    }
    assert!(sent < 5, "{sent} runs were sent");
}
