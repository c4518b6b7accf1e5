//! `experiment recheck`: nothing differs after a run, every change is named, nothing is written.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::Path;
use tg_tests::{Done, FAST, Lab, manifest};

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[track_caller]
fn differs(done: &Done, status: i32, says: &[&str]) {
    assert_eq!(done.status, status, "{}\n{}", done.err, done.out);
    for words in says {
        assert!(
            done.err.contains(words) || done.out.contains(words),
            "`{words}` is not in\n{}\n{}",
            done.err,
            done.out
        );
    }
}

/// A directory in which two runs have ended.
fn ran() -> Lab {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm", "push"], FAST),
    );
    lab.sh("scripts/tg run m.yaml").ok();
    lab
}

#[test]
fn a_recheck_without_a_difference_writes_nothing() {
    let lab = ran();
    let hashes = |lab: &Lab| {
        lab.sh("find results -type f -exec sha256sum {} + | sort")
            .ok()
            .out
    };
    let before = hashes(&lab);
    let good = lab.sh("scripts/tg recheck results/test").ok();
    assert!(
        good.err
            .contains("2 runs rechecked: everything recorded is what is computed"),
        "{}",
        good.err
    );
    assert!(
        good.out
            .contains("2 runs of 2 arms: what was to be held constant was"),
        "{}",
        good.out
    );
    assert_eq!(before, hashes(&lab), "it writes nothing");
}

#[test]
fn changed_files_are_named() {
    let lab = ran();
    let recheck = || lab.sh("scripts/tg recheck results/test");
    let run = |name: &str| lab.path(&format!("results/test/swarm-r1/{name}"));
    lab.sh("cp -r results kept").ok();
    let restore = || lab.sh("rm -r results && cp -r kept results").ok();
    // A byte of the snapshot.
    let mut bytes = fs::read(run("snapshot.json.gz")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(run("snapshot.json.gz"), bytes).unwrap();
    differs(
        &recheck(),
        1,
        &["run swarm-r1: snapshot.json.gz has the sha256", "1 differ"],
    );
    restore();
    // A metric, the seed, the outcome, the inputs, the manifest.
    let edits: [(&str, &str, &str, &[&str]); 5] = [
        (
            "run.json",
            "\"wall_clock_time_ms\":",
            "\"wall_clock_time_ms\":9",
            &["run swarm-r1: metrics.wall_clock_time_ms is 9"],
        ),
        (
            "run.json",
            "\"seed\":1001",
            "\"seed\":1002",
            &[
                "run.seed is 1002 in run.json, and 1001 in its snapshot",
                "in tasks.db",
                "seed 1002 is not the one its inputs",
            ],
        ),
        (
            "run.json",
            "\"outcome\":\"completed\"",
            "\"outcome\":\"timeout\"",
            &["outcome is \"timeout\" in run.json, and \"completed\" in tasks.db"],
        ),
        (
            "run.json",
            "\"inputs\":{\"agent\":\"",
            "\"inputs\":{\"agent\":\"0",
            &["inputs_sha256 is not the hash of its inputs"],
        ),
        (
            "manifest.yaml",
            "name: test",
            "name: tset",
            &["manifest.yaml is not the manifest it was made from"],
        ),
    ];
    for (file, from, to, says) in edits {
        edit(&run(file), from, to);
        differs(&recheck(), 1, says);
        restore();
    }
}

#[test]
fn missing_and_broken_files_are_named() {
    let lab = ran();
    let recheck = || lab.sh("scripts/tg recheck results/test");
    let run = |name: &str| lab.path(&format!("results/test/swarm-r1/{name}"));
    lab.sh("cp -r results kept").ok();
    let restore = || lab.sh("rm -r results && cp -r kept results").ok();
    // Files that are gone, and one that cannot be read.
    for (name, says) in [
        ("snapshot.json.gz", "snapshot.json.gz is gone"),
        ("tasks.db", "tasks.db is gone"),
        ("manifest.yaml", "manifest.yaml is gone"),
        ("run.json", "run.json is gone"),
    ] {
        fs::remove_file(run(name)).unwrap();
        differs(&recheck(), 1, &[says]);
        restore();
    }
    fs::write(run("run.json"), "{").unwrap();
    differs(
        &recheck(),
        4,
        &["swarm-r1/run.json", "2 runs rechecked: 1 could not be read"],
    );
    restore();
    edit(&run("end.json"), "completed", "timeout");
    let says = "outcome is \"completed\" in run.json, and \"timeout\" in end.json";
    differs(&recheck(), 1, &[says]);
    restore();
    fs::remove_dir_all(run("")).unwrap();
    differs(
        &recheck(),
        1,
        &["run swarm-r1: it is in rows.json and has no directory"],
    );
    restore();
    // jq 1.6 between two stages writes 20.0 as 20: the same number.
    let text = fs::read_to_string(run("run.json")).unwrap();
    assert!(text.contains(".0,"), "{text}");
    fs::write(run("run.json"), text.replace(".0,", ",")).unwrap();
    recheck().ok();
    restore();
    differs(
        &lab.sh("scripts/tg recheck results"),
        4,
        &[
            "results: holds experiments, and no runs: test",
            "hint: name one experiment: results/test",
        ],
    );
    differs(&lab.sh("scripts/tg recheck nowhere"), 4, &["nowhere"]);
}

#[test]
fn runs_that_differ_in_a_constant_are_named() {
    let lab = Lab::new();
    let swarm = manifest("tiny-feature", 2, &["swarm"], FAST);
    lab.write("m.yaml", &swarm);
    lab.sh("scripts/tg run m.yaml").ok();
    lab.write(
        "m.yaml",
        &manifest(
            "tiny-feature",
            2,
            &["push"],
            &format!("model: another\n{FAST}"),
        ),
    );
    lab.sh("scripts/tg run -j 2 m.yaml").ok();
    let done = lab.sh("scripts/tg recheck results/test");
    differs(
        &done,
        1,
        &[
            "arms differ in model: push another, swarm none",
            "another: push-r1",
            "arms differ in runs side by side: push 2, swarm 1",
            "everything recorded is what is computed",
        ],
    );
}
