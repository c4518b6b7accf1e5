//! Records as text, and the program run on them.

#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "in tests"
)]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The exit status and output of a run of the program.
pub struct Ran {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

/// `tg-report args` with `input` on stdin; text output is 100 columns wide.
pub fn report(args: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tg-report"))
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || _ = stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran {
        exit: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The report as JSON, exit status 0.
pub fn json_of(args: &[&str], input: &str) -> Value {
    let ran = report(&[&["--format", "json"], args].concat(), input);
    assert_eq!(ran.exit, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// A completed run `<arm>-r<replicate>` of three agents with these metrics.
pub fn run(arm: &str, replicate: u32, metrics: Value) -> Value {
    json!({
        "type": "run", "v": 1,
        "run": {
            "id": format!("{arm}-r{replicate}"), "experiment": "e", "arm": arm, "workflow": arm,
            "template": "t", "agents": 3, "replicate": replicate, "seed": 7 + replicate,
        },
        "wait": {"outcome": "completed"},
        "metrics": metrics,
    })
}

/// A record with one value changed; `pointer` as in `/run/agents`.
pub fn with(mut record: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = record.pointer_mut(parent).unwrap();
    parent[key] = value;
    record
}

/// Records as lines.
pub fn lines(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

/// The lines of `text` that hold `part`.
pub fn lines_with<'a>(text: &'a str, part: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(part)).collect()
}
