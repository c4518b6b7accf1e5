//! Databases and exports of older hosts: their metrics agree with the log of the driver that made them.
//!
//! The fixtures are real: one script under several versions and workflows. They lie beside the repository, not in it
//! (`../shared/fixtures`); if they are missing, these tests print that they were skipped.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::path::PathBuf;
use tg_tests::truth::compare::{Difference, differences, warnings};
use tg_tests::truth::{Call, Plan, log, measure};
use tg_tests::{Lab, records, root};

/// The plan of the driver that made the fixtures: eighteen tasks, and one more in relay.
const PLAN: &str = "
    exp > design grp-impl test docs flaky rework giveup ask multi-1 multi-2 drop never del hang
    grp-impl > impl-a impl-b impl-c
    design => impl-a impl-b
    impl-a => impl-c test
    impl-b => test
    impl-c => test
    docs -> test
    flaky ~ docs
    design: 3 1500
    impl-a: 5 2000
    impl-b: 5 1500
    impl-c: 2 1000
    test: 3 1200
    docs: 1 500
    flaky: 2 800
    rework: 2 900
    giveup: 1 700
    ask: 2 1000
    multi-1: 2 1000
    multi-2: 2 1000
    drop: 8 9000
    never: 1 -
    del: 1 -
    hang: 5 60000
    handoff: 8 3000
    design @ design
    impl-a @ implement
    impl-b @ implement
    impl-c @ implement
    test @ test
    handoff @ design";

/// Version and workflow of the fixtures.
const FIXTURES: [(&str, &str); 7] = [
    ("0.2.2", "swarm"),
    ("0.3.0", "swarm"),
    ("0.3.0", "kanban"),
    ("0.5.0", "swarm"),
    ("0.5.0", "push"),
    ("0.5.0", "relay"),
    ("0.5.0", "kanban"),
];

fn fixtures() -> Option<PathBuf> {
    let dir = root().join("../shared/fixtures");
    if !dir.is_dir() {
        tg_stage::say(format_args!("skipped: no {}", dir.display()));
        return None;
    }
    Some(dir)
}

/// A fixture's driver: its plan and its calls.
fn driver(dir: &std::path::Path, version: &str, workflow: &str) -> (Plan, Vec<Call>) {
    let text =
        std::fs::read_to_string(dir.join(format!("{version}/{workflow}.truth.jsonl"))).unwrap();
    (Plan::new(workflow, PLAN), log::read(&text))
}

/// The metrics of a snapshot, by the tool.
fn metrics(lab: &Lab, path: &str) -> Value {
    let out = lab.sh(&format!("tg-metrics '{path}'")).ok().out;
    records(&out)[0]["metrics"].clone()
}

/// The metrics of a copy of a fixture's database, by both tools.
fn of_database(lab: &Lab, dir: &std::path::Path, version: &str, workflow: &str) -> Value {
    let copy = lab.path("copy.db");
    std::fs::write(
        &copy,
        std::fs::read(dir.join(format!("{version}/{workflow}.db"))).unwrap(),
    )
    .unwrap();
    let snapshot = format!("{version}-{workflow}.json.gz");
    lab.sh(&format!("tg-export --db copy.db --out {snapshot}"))
        .ok();
    metrics(lab, &snapshot)
}

/// Data that a host's export does not carry, and the metrics that need it in the fixtures: one task of each was
/// deleted, and counts as work there.
const NOT_EXPORTED: [&str; 6] = [
    "completion_rate_pct",
    "coordination_overhead_pct",
    "cost_per_point",
    "cost_per_task",
    "redo_rate",
    "rework_rate",
];

/// Metrics that the host counts in milliseconds itself, also where its export cuts all times to seconds.
const COUNTED: [&str; 2] = ["active_work_time_ms", "estimate_accuracy"];

/// Asserts that nothing differs but the metrics that are `meant` to, and that those do.
#[track_caller]
fn agree(name: &str, differences: &[Difference], meant: &[&str]) {
    let (meant_ones, others): (Vec<_>, Vec<_>) = differences
        .iter()
        .partition(|one| meant.contains(&one.name));
    let lines: Vec<String> = others.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{name}:\n{}", lines.join("\n"));
    assert_eq!(meant_ones.len(), meant.len(), "{name}: {meant_ones:?}");
}

#[test]
fn databases_agree_with_the_log() {
    let Some(dir) = fixtures() else { return };
    let lab = Lab::new();
    for (version, workflow) in FIXTURES {
        let name = format!("{version}/{workflow}");
        let (plan, calls) = driver(&dir, version, workflow);
        let truth = measure(&plan, &calls, None);
        let measured = of_database(&lab, &dir, version, workflow);
        agree(&name, &differences(&truth, &measured), &[]);
        let wall = truth["wall_clock_time_ms"].unwrap();
        let times = truth.iter().filter(|(metric, _)| metric.ends_with("_ms"));
        for (metric, bound) in times.filter_map(|(metric, bound)| Some((metric, (*bound)?))) {
            let part = bound.width() / wall.low;
            assert!(part < 0.1, "{name}: {metric}: {bound:?} says little");
        }
    }
}

#[test]
fn exports_up_to_0_3_0_agree_but_for_deletions() {
    let Some(dir) = fixtures() else { return };
    let lab = Lab::new();
    for (version, workflow) in FIXTURES.iter().filter(|row| row.0 < "0.5.0") {
        let (plan, mut calls) = driver(&dir, version, workflow);
        calls.retain(|call| call.kind != "delete");
        let truth = measure(&plan, &calls, None);
        let database = of_database(&lab, &dir, version, workflow);
        for ending in ["json", "json.gz"] {
            let path = dir.join(format!("{version}/{workflow}.{ending}"));
            let name = path.to_string_lossy();
            let export = metrics(&lab, &name);
            agree(&name, &differences(&truth, &export), &[]);
            assert!(warnings(&export).contains("deletions_unknown"), "{name}");
            let unequal =
                |metric: &&String| export[*metric] != database[*metric] && *metric != "warnings";
            let mut unequal: Vec<&String> =
                export.as_object().unwrap().keys().filter(unequal).collect();
            unequal.sort();
            assert_eq!(unequal, NOT_EXPORTED, "{name}");
        }
    }
}

#[test]
fn exports_of_0_5_0_agree_to_the_second() {
    let Some(dir) = fixtures() else { return };
    let lab = Lab::new();
    for (version, workflow) in FIXTURES.iter().filter(|row| row.0 == "0.5.0") {
        let (plan, mut calls) = driver(&dir, version, workflow);
        calls.retain(|call| call.kind != "delete");
        let exact = measure(&plan, &calls, None);
        let calls: Vec<Call> = calls.into_iter().map(Call::in_whole_seconds).collect();
        let mut truth = measure(&plan, &calls, None);
        for metric in COUNTED {
            truth.insert(metric, exact[metric]);
        }
        for ending in ["json", "json.gz"] {
            let path = dir.join(format!("{version}/{workflow}.{ending}"));
            let name = path.to_string_lossy();
            let export = metrics(&lab, &name);
            agree(&name, &differences(&truth, &export), &[]);
            for kind in ["coarse_times", "deletions_unknown"] {
                assert!(warnings(&export).contains(kind), "{name}: {kind}");
            }
        }
    }
}
