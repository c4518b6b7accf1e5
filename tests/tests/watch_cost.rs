//! The cost of watching, measured: run with `--ignored --nocapture`, and in release for numbers to quote.
//!
//! Ten simulated agents as fast as the host allows, with and without tg-watch and a browser on its events, in turn. Timings
//! printed, never asserted.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;
use tg_tests::watching::{Events, Watching};
use tg_tests::{Lab, manifest};

const PAIRS: u32 = 20;
const TASKS: usize = 200;

/// The measurements of one run.
struct Round {
    /// Tasks a second, from the first claim to the last completion.
    pace: f64,
    /// `database is locked` answers met.
    locked: f64,
    /// From the end of the last task to the record of it, in milliseconds.
    tail: f64,
}

/// A template of many tasks without order.
fn write_template(lab: &Lab) {
    let text = fs::read_to_string(lab.path("templates/independent-batch.json")).unwrap();
    let mut template: Value = serde_json::from_str(&text).unwrap();
    let few = template["tables"]["tasks"].as_array().unwrap().clone();
    let many = (0..TASKS).map(|place| {
        let mut task = few[place % few.len()].clone();
        task["id"] = format!("task-{place}").into();
        task
    });
    template["tables"]["tasks"] = many.collect();
    for (name, rows) in template["tables"].as_object_mut().unwrap() {
        if name != "tasks" && rows.is_array() {
            *rows = Value::Array(Vec::new());
        }
    }
    lab.write("many.json", &template.to_string());
}

fn round(lab: &Lab, name: &str) -> Round {
    let more = "stand_in: {time_scale: 0.000001, poll_ms: 20, redo: 0}\nlimits: {timeout: 120s, stall: 60s}\n";
    let text = manifest("x", 10, &["swarm"], more);
    let text = text.replace("templates/x.json", "many.json");
    lab.write(
        "m.yaml",
        &text.replace("name: test", &format!("name: {name}")),
    );
    lab.sh("tg-instantiate m.yaml | tg-launch | tg-wait >runs.jsonl")
        .ok();
    let dir = format!("results/{name}/swarm-r1");
    let db = lab.db(&format!("{dir}/tasks.db"));
    let sql = "SELECT count(*) FILTER (WHERE status = 'completed'), min(timestamp) FILTER (WHERE status = 'working'),
               max(timestamp) FROM task_sequence";
    let (done, first, last): (f64, f64, f64) = db
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    let agents = fs::read_dir(lab.path(&dir).join("agents")).unwrap();
    let locked = agents.map(|agent| {
        let usage = fs::read(agent.unwrap().path().join("usage.json")).unwrap();
        let usage: Value = serde_json::from_slice(&usage).unwrap();
        usage["locked"].as_f64().unwrap()
    });
    let recorded = fs::metadata(lab.path(&dir).join("run.json"))
        .unwrap()
        .modified()
        .unwrap();
    let recorded = recorded
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as f64;
    Round {
        pace: done * 1000.0 / (last - first),
        locked: locked.sum(),
        tail: recorded - last,
    }
}

/// The mean of `differences` and half the width of its 95 % interval.
fn interval(differences: &[f64]) -> (f64, f64) {
    const T: f64 = 2.093; // of nineteen degrees of freedom
    assert_eq!(differences.len(), 20);
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares = differences
        .iter()
        .map(|one| (one - mean).powi(2))
        .sum::<f64>();
    (mean, T * (squares / (n - 1.0) / n).sqrt())
}

#[test]
#[ignore = "minutes; a measurement"]
fn ten_agents_with_and_without() {
    let lab = Lab::new();
    write_template(&lab);
    round(&lab, "warm-up");
    let (mut pace, mut locked, mut tail) = (Vec::new(), Vec::new(), Vec::new());
    let mut sums = [[0.0; 3]; 2];
    for pair in 0..PAIRS {
        let mut both = [0, 1].map(|_| None);
        let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
        for is_watched in order {
            let watching = (is_watched == 1).then(|| Watching::start(&lab, "results"));
            let browser = watching.as_ref().map(|watching| {
                let mut stream: TcpStream = watching.connect();
                let head = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", watching.address);
                std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
                std::thread::spawn(move || {
                    let mut bytes = Vec::new();
                    let _ = stream.read_to_end(&mut bytes);
                    bytes.len()
                })
            });
            let round = round(&lab, &format!("p{pair}w{is_watched}"));
            drop(watching);
            let read = browser.map(|browser| browser.join().unwrap());
            assert!(
                read.is_none_or(|bytes| bytes > 10_000),
                "{read:?} bytes of events"
            );
            for (sum, value) in
                sums[is_watched]
                    .iter_mut()
                    .zip([round.pace, round.locked, round.tail])
            {
                *sum += value / f64::from(PAIRS);
            }
            both[is_watched] = Some(round);
        }
        let [Some(without), Some(with)] = both else {
            panic!("both were run");
        };
        pace.push((with.pace / without.pace).ln());
        locked.push(((with.locked + 1.0) / (without.locked + 1.0)).ln());
        tail.push(with.tail - without.tail);
    }
    let [without, with] = sums;
    for (name, logs, at) in [
        ("tasks a second", &pace, 0),
        ("database is locked", &locked, 1),
    ] {
        let (mean, half) = interval(logs);
        println!(
            "{name}: {:.1} without, {:.1} with tg-watch; ratio {:.3} [{:.3}, {:.3}]",
            without[at],
            with[at],
            mean.exp(),
            (mean - half).exp(),
            (mean + half).exp()
        );
    }
    let (mean, half) = interval(&tail);
    println!(
        "from the last change to the record, ms: {:.0} without, {:.0} with; difference {mean:.0} [{:.0}, {:.0}]",
        without[2],
        with[2],
        mean - half,
        mean + half
    );
}

/// Ticks of the processor that `pid` has used; a hundred are a second.
fn ticks(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let rest = text.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
}

#[test]
#[ignore = "half a minute; a measurement"]
fn while_nothing_changes() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm"], "stand_in: {time_scale: 1}\n"),
    );
    let watching = Watching::start(&lab, "results");
    let mut chain = lab.start("tg-instantiate m.yaml | tg-launch | tg-wait >runs.jsonl");
    let record = |run: &Value| run["tasks"].to_string().contains("working");
    watching.until("work", |state| record(&state["runs"][0]));
    let text = fs::read_to_string(lab.path("results/test/swarm-r1/run.json")).unwrap();
    for run in 1..=1000 {
        let dir = lab.path(&format!("results/test/other-r{run}"));
        fs::create_dir(&dir).unwrap();
        let mut run: Value = serde_json::from_str(&text).unwrap();
        run["wait"] = serde_json::json!({"outcome": "completed", "ended_at_ms": 1});
        fs::write(dir.join("run.json"), run.to_string()).unwrap();
    }
    watching.until("all", |state| {
        state["runs"].as_array().unwrap().len() == 1001
    });
    let browsers: Vec<_> = (0..3).map(|_| Events::of(&watching)).collect();
    sleep(Duration::from_secs(3));
    let before = ticks(watching.pid());
    sleep(Duration::from_secs(20));
    let used = ticks(watching.pid()) - before;
    println!(
        "1 run at work in which nothing changes, 1000 over, 3 browsers: {:.2} % of a core",
        used / 20.0
    );
    drop(browsers);
    let line = format!("kill -TERM -- -{}", chain.id());
    std::process::Command::new("bash")
        .args(["-c", &line])
        .status()
        .unwrap();
    chain.wait().unwrap();
}
