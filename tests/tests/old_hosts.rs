//! Databases that older hosts make here and now, read by our tools.
//!
//! Not part of an ordinary run: building an old host takes minutes. `TG_OLD_HOSTS` names installations, as `cargo install
//! --locked --version 0.1.2 --root DIR task-graph-mcp` makes them, with `:` between them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;
use tg_tests::drive::Drive;
use tg_tests::records;
use tg_tests::situation::{BARE, From, Gap, Played, Situation};
use tg_tests::truth::compare::{differences, warnings};
use tg_tests::truth::{Plan, measure};

const PLAN: &str = "
    root > g a b c d e f
    g > h
    a -> b
    a: 2 100
    b: 3 -
    c: 1 50";

/// Calls that every version has.
const WORK: &str = "
    w1 claims a
    w2 claims c
    w1 logs a 0.25 1000 200 300
    !w1 claims b
    w1 puts a completed
    w1 marks b src/x.rs
    w2 puts c pending
    w1 claims b
    w2 logs b 0.5 2000 100 0 7
    w1 puts b failed
    w2 claims d
    w2 marks d src/y.rs
    lead puts f cancelled
    w1 waits
    w1 claims c
    w2 puts d completed
    w1 puts c completed
    w1 claims h
    w1 puts h completed
    w2 claims e
    w2 logs e 0.125 10 10";

/// The same, and what 0.2.0 and later can do: open what was over, and assign.
const REDONE: &str = "
    w1 claims a
    w1 puts a completed
    lead puts a pending
    w1 claims a
    w1 puts a completed
    w2 claims b
    w2 puts b failed
    lead puts b pending
    lead assigns b w1
    w1 claims b
    w1 puts b completed
    lead deletes c
    w2 claims d
    w2 thinks d";

/// A worker that leaves in the middle, of which no version writes a row.
const LEFT: &str = "
    w1 claims a
    w1 logs a 0.5 10 10
    w1 leaves
    w2 claims c
    w2 puts c completed
    w2 waits
    w2 claims a
    w2 puts a completed";

const LEFT_GAPS: &[Gap] = &[(
    BARE,
    "open_ended_intervals",
    &[
        "agent_utilization_pct",
        "avg_parallelism",
        "bound_efficiency",
        "coordination_overhead_pct",
        "critical_path_ms",
        "dependency_wait_time_ms",
        "load_gini",
        "load_max_over_mean",
        "peak_parallelism",
        "pickup_latency_ms",
    ],
)];

/// A script, the first version that can play it, and what cannot be right of it.
const SCRIPTS: [(&str, &str, &[Gap]); 3] = [
    ("0.1", WORK, &[]),
    ("0.2", REDONE, &[]),
    ("0.1", LEFT, LEFT_GAPS),
];

fn programs() -> Vec<(PathBuf, String)> {
    let dirs =
        std::env::var("TG_OLD_HOSTS").expect("TG_OLD_HOSTS=DIR:DIR, each with bin/task-graph-mcp");
    let programs = dirs
        .split(':')
        .map(|dir| Path::new(dir).join("bin/task-graph-mcp"));
    let version = |program: &Path| {
        let out = Command::new(program).arg("--version").output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        text.split_whitespace().last().unwrap().to_string()
    };
    programs
        .map(|program| (program.clone(), version(&program)))
        .collect()
}

#[test]
#[ignore = "needs older hosts: TG_OLD_HOSTS=DIR:DIR"]
fn databases_of_older_hosts_agree_with_the_log() {
    for (program, version) in programs() {
        for (_, script, gaps) in SCRIPTS.iter().filter(|row| version.as_str() >= row.0) {
            let workflow = if version.starts_with("0.1.") {
                "0.1"
            } else {
                "swarm"
            };
            let plan = Plan::new(workflow, PLAN);
            let situation = Situation {
                plan: PLAN,
                script,
                gaps,
                ..Situation::default()
            };
            let played = situation.play_on(Drive::old(&program, &version, plan));
            let wrong = situation.wrong(&played, &played.measured("ours"), From::Host, None);
            assert!(
                wrong.is_empty(),
                "{version}: {script}\n{}",
                wrong.join("\n")
            );
            if !version.starts_with("0.1.") && gaps.is_empty() {
                export_agrees(&program, &version, &played);
            }
        }
    }
}

/// The host's own export of a copy, without what it does not carry: deletions and claims of files.
fn export_agrees(program: &Path, version: &str, played: &Played) {
    let lab = &played.drive.lab;
    lab.sh("for file in tasks.db*; do cp $file copy${file#tasks}; done")
        .ok();
    lab.sh(&format!(
        "'{}' --database copy.db export -o theirs.json",
        program.display()
    ))
    .ok();
    let out = lab.sh("tg-metrics theirs.json").ok().out;
    let measured = &records(&out)[0]["metrics"];
    let calls: Vec<_> = played
        .calls
        .iter()
        .filter(|call| call.kind != "delete")
        .cloned()
        .collect();
    let truth = measure(&played.drive.plan, &calls, None);
    assert_eq!(differences(&truth, measured), [], "{version}");
    assert!(
        warnings(measured).contains("deletions_unknown"),
        "{version}"
    );
}
