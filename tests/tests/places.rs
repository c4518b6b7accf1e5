//! Rows that were run at several places: they do not depend on the place, and are merged or refused by
//! name.

#![allow(clippy::unwrap_used, reason = "a test may")]

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tg_tests::{FAST, Lab, done, manifest, records, refused};

/// Two places, `a` and `b`, with one replicate each of two arms.
fn two_places(more: &str) -> Lab {
    let lab = Lab::new();
    let text =
        manifest("tiny-feature", 2, &["swarm", "push"], FAST).replace("config: 1", "config: 2");
    lab.write("m.yaml", &(text + more));
    for (place, rows) in [
        ("a", ["swarm-r1", "push-r1"]),
        ("b", ["swarm-r2", "push-r2"]),
    ] {
        for row in rows {
            lab.sh(&format!("scripts/row --results {place} m.yaml {row}"))
                .ok();
        }
    }
    lab
}

/// Copy a place, to spoil it.
fn copy(lab: &Lab, from: &str, to: &str) {
    lab.sh(&format!("cp -r {from} {to}")).ok();
}

#[test]
fn the_report_over_two_places_equals_that_over_the_same_snapshots_at_one() {
    let lab = two_places("baseline: swarm\n");
    let merged = lab.sh("scripts/tg merge all/test a/test b/test").ok();
    assert!(
        merged.err.contains("4 runs, 4 of them new"),
        "{}",
        merged.err
    );
    lab.sh("for p in a b; do for d in $p/test/*-r?; do mkdir -p one/test/${d##*/}; cp $d/snapshot.json.gz one/test/${d##*/}; done; done").ok();
    let report = |dir: &str| {
        let line = format!("tg-metrics --per agent,task {dir} | tg-report --format json");
        lab.sh(&line).ok().out.replace(dir, "DIR")
    };
    assert_eq!(report("all/test"), report("one/test"));
    // All is done where they were brought together, too, and stays as it is.
    let due = lab.sh("tg-instantiate --due --results all m.yaml").ok().out;
    assert_eq!(due.matches("\tdone\t").count(), 4, "{due}");
    let again = lab.sh("scripts/tg merge all/test a/test b/test").ok();
    assert!(again.err.contains("4 runs, 0 of them new"), "{}", again.err);
    lab.sh("scripts/tg run --results all m.yaml").ok();
    assert_eq!(report("all/test"), report("one/test"));
}

#[test]
fn runs_that_do_not_belong_together_are_named_and_nothing_is_done() {
    let lab = two_places("");
    let nothing = |from: &str, says: &[&str]| {
        refused(&lab, &format!("tg-merge all/test a/test {from}"), 1, says);
        assert!(!lab.path("all").exists(), "{from}");
    };
    // The same run twice: other inputs, then the same inputs and another outcome.
    let text = fs::read_to_string(lab.path("m.yaml")).unwrap();
    lab.write("other.yaml", &text.replace("tiny-feature", "pipeline"));
    lab.sh("scripts/row --results other other.yaml swarm-r1")
        .ok();
    nothing(
        "other/test",
        &["run swarm-r1: its inputs differ in template: a/test/swarm-r1 and other/test/swarm-r1"],
    );
    lab.sh("scripts/row --results twice m.yaml swarm-r1").ok();
    nothing(
        "twice/test",
        &["run swarm-r1: was run twice: a/test/swarm-r1 and twice/test/swarm-r1"],
    );
    // A constant that each place holds, and the two of them do not.
    lab.write("later.yaml", &text.replace("timeout: 90s", "timeout: 80s"));
    lab.sh("scripts/row --results later later.yaml push-r2")
        .ok();
    nothing(
        "later/test",
        &["arm push: its runs differ in limits: a/test/push-r1 and later/test/push-r2"],
    );
    // Another experiment, a snapshot that is not the record's, a run that goes on.
    lab.write("name.yaml", &text.replace("name: test", "name: next"));
    lab.sh("scripts/row --results a2 name.yaml swarm-r2").ok();
    nothing("a2/next", &["is of next", "of test"]);
    copy(&lab, "b", "torn");
    lab.sh("cp torn/test/push-r2/snapshot.json.gz torn/test/swarm-r2/")
        .ok();
    nothing(
        "torn/test",
        &["torn/test/swarm-r2: its snapshot is not the one that its record names"],
    );
    refused(&lab, "tg-merge all/test a/test nowhere", 4, &["nowhere"]);
    // A snapshot that a record names and that is not there; a run where an experiment is to be.
    copy(&lab, "b", "gone");
    lab.sh("rm gone/test/swarm-r2/snapshot.json.gz").ok();
    nothing("gone/test", &["gone/test/swarm-r2: its snapshot is gone"]);
    refused(
        &lab,
        "tg-merge a/test/swarm-r1 b/test",
        2,
        &["a/test/swarm-r1: is a run's directory"],
    );
    assert!(!lab.path("a/test/swarm-r1/swarm-r2").exists());
}

#[test]
fn of_duplicate_runs_the_first_is_kept_with_every_attempt() {
    let lab = two_places("");
    lab.sh("scripts/row --results b m.yaml swarm-r1").ok();
    let merged = lab.sh("tg-merge --keep-first all/test a/test b/test").ok();
    assert!(
        merged
            .err
            .contains("run swarm-r1: was run twice: a/test/swarm-r1 and b/test/swarm-r1"),
        "{}",
        merged.err
    );
    let same = |one: &str, other: &str| {
        fs::read(lab.path(one)).unwrap() == fs::read(lab.path(other)).unwrap()
    };
    assert!(same(
        "all/test/swarm-r1/snapshot.json.gz",
        "a/test/swarm-r1/snapshot.json.gz"
    ));
    assert!(same(
        "all/test/swarm-r1.try1/snapshot.json.gz",
        "b/test/swarm-r1/snapshot.json.gz"
    ));
    lab.sh("tg-merge --keep-first all/test a/test b/test").ok();
    assert!(!lab.path("all/test/swarm-r1.try2").exists());
    // One that was stopped gives way to one that ended.
    lab.sh("mkdir none; scripts/row --results c m.yaml push-r1; jq -c '.wait.outcome = \"cancelled\"' c/test/push-r1/run.json > r && mv r c/test/push-r1/run.json").ok();
    lab.sh("tg-merge into/test c/test && tg-merge into/test a/test")
        .ok();
    let run = &records(&fs::read_to_string(lab.path("into/test/push-r1/run.json")).unwrap())[0];
    assert_eq!(run["wait"]["outcome"], "completed");
    assert!(lab.path("into/test/push-r1.try1").is_dir());
}

#[test]
fn runs_from_before_an_edit_of_the_manifest_are_kept_apart() {
    let lab = two_places("");
    lab.sh("tg-merge all/test a/test b/test").ok();
    let text = fs::read_to_string(lab.path("m.yaml")).unwrap();
    lab.write("m.yaml", &text.replace("timeout: 90s", "timeout: 80s"));
    lab.sh("scripts/row --results a m.yaml push-r1").ok();
    lab.sh("tg-instantiate --due m.yaml >rows || [ $? = 75 ]")
        .ok();
    refused(
        &lab,
        "tg-merge --keep-first all/test a/test b/test",
        1,
        &["run push-r1: its inputs differ in limits"],
    );
    let merged = lab
        .sh("tg-merge --rows rows all/test a/test b/test && tg-merge --rows rows all/test a/test b/test")
        .ok();
    for line in [
        "run swarm-r1: other inputs: left in a/test/swarm-r1",
        "run push-r2: all/test/push-r2 has other inputs: kept as an earlier attempt",
        "1 runs, 1 of them new",
        "1 runs, 0 of them new",
    ] {
        assert!(merged.err.contains(line), "{line}: {}", merged.err);
    }
    let mut names: Vec<String> = fs::read_dir(lab.path("all/test"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    let kept = ["push-r1", "push-r1.try1", "push-r2.try1", "swarm-r1.try1"];
    assert_eq!(names[..4], kept, "each attempt once: {names:?}");
    assert_eq!(names[4..], ["swarm-r2.try1"]);
    let due = lab.sh("tg-instantiate --due --results all m.yaml").out;
    assert_eq!(due.matches("\tdone\t").count(), 1, "{due}");
    lab.write("rows", "nothing of the kind\n");
    refused(
        &lab,
        "tg-merge --rows rows all/test a/test",
        2,
        &["rows: holds no lines of tg-instantiate --due"],
    );
}

#[test]
fn a_row_is_the_same_wherever_its_files_are() {
    let lab = Lab::new();
    let text = manifest(
        "tiny-feature",
        2,
        &["swarm"],
        "command: [./agent, tg-agent, --mcp-config, \"{mcp_config}\", --run, \"{run}\", --worker, \"{worker}\", --role, \"{role}\", --tags, \"{tags}\"]\nworkspace: {path: files}\nlimits: {timeout: 60s}\n",
    );
    for place in ["here", "deep/er"] {
        let dir = lab.path(place);
        fs::create_dir_all(dir.join("files")).unwrap();
        fs::write(dir.join("m.yaml"), &text).unwrap();
        fs::write(dir.join("agent"), "#!/bin/sh\nexec \"$@\"\n").unwrap();
        fs::write(dir.join("files/a.txt"), "a").unwrap();
        std::os::unix::fs::symlink(lab.path("templates"), dir.join("templates")).unwrap();
        lab.sh(&format!(
            "chmod +x {place}/agent; cd {place} && ../{}scripts/row m.yaml swarm-r1",
            if place == "here" { "" } else { "../" }
        ))
        .ok();
        assert!(dir.join("results/test/swarm-r1/work/a.txt").is_file());
    }
    let run = |place: &str| {
        let path = lab.path(&format!("{place}/results/test/swarm-r1/run.json"));
        records(&fs::read_to_string(path).unwrap())[0]["run"].clone()
    };
    let (mut one, mut other) = (run("here"), run("deep/er"));
    for run in [&mut one, &mut other] {
        run.as_object_mut().unwrap().remove("provenance");
    }
    assert_eq!(one, other);
    let here = lab.path("").to_string_lossy().into_owned();
    assert!(
        !one.to_string().contains(here.trim_end_matches('/')),
        "{one}"
    );
}

#[test]
fn a_row_that_is_moved_before_it_is_exported_is_exported_from_where_it_is() {
    let lab = Lab::new();
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], FAST));
    lab.sh("tg-instantiate --results \"$PWD/a\" m.yaml | tg-launch | tg-wait >/dev/null && mv a b")
        .ok();
    lab.sh("scripts/row --results b m.yaml swarm-r1").ok();
    assert!(lab.path("b/test/swarm-r1/snapshot.json.gz").is_file());
    assert!(!lab.path("b/test/swarm-r1.try1").exists());
}

#[test]
fn the_row_contract_says_if_another_try_would_help() {
    let lab = Lab::new();
    let bad = manifest(
        "tiny-feature",
        2,
        &["swarm"],
        "command: [/bin/false]\nlimits: {timeout: 60s}\n",
    );
    lab.write("bad.yaml", &bad);
    refused(
        &lab,
        "scripts/row bad.yaml swarm-r1",
        75,
        &["run swarm-r1: due: ended as never_connected"],
    );
    refused(&lab, "scripts/row bad.yaml swarm-r1", 75, &["due"]);
    refused(
        &lab,
        "scripts/row bad.yaml swarm-r1",
        1,
        &["failed: given up after 3 tries"],
    );
    let tries = || {
        fs::read_dir(lab.path("results/test"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .count()
    };
    assert_eq!(tries(), 3);
    refused(&lab, "scripts/row bad.yaml swarm-r1", 1, &["failed"]);
    assert_eq!(tries(), 3, "given up is not tried");
    refused(
        &lab,
        "TG_MAX_TRIES=4 scripts/row bad.yaml swarm-r1",
        1,
        &["after 4 tries"],
    );
    // Another manifest's inputs start the count anew; no retry mends a wrong manifest.
    lab.write("bad.yaml", &bad.replace("60s", "50s"));
    refused(&lab, "scripts/row bad.yaml swarm-r1", 75, &["due"]);
    refused(&lab, "scripts/row bad.yaml absent-r1", 2, &["no such row"]);
    refused(&lab, "scripts/row none.yaml swarm-r1", 2, &["none.yaml"]);
    refused(
        &lab,
        "TG_INPUTS=other scripts/row bad.yaml swarm-r1",
        2,
        &["its inputs are not those"],
    );
}

#[test]
fn a_row_is_run_once_stopped_by_a_signal_and_ended_with_its_caller() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest(
            "medium-feature",
            2,
            &["swarm"],
            "limits: {timeout: 60s, stall: 30s}\n",
        ),
    );
    let outcome = |dir: &str| {
        let text = fs::read_to_string(lab.path(&format!("results/test/{dir}/run.json")))
            .unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(&text)
            .ok()
            .map(|run| run["wait"]["outcome"].clone())
    };
    let begin = || {
        let row = lab.start("exec scripts/row m.yaml swarm-r1");
        let begun = Instant::now();
        while !lab
            .processes()
            .iter()
            .any(|line| line.contains("tg-agent --mcp"))
        {
            assert!(begun.elapsed() < Duration::from_secs(20), "no row began");
            std::thread::sleep(Duration::from_millis(20));
        }
        row
    };
    let signal_to = |row: &std::process::Child, signal| {
        kill_process(Pid::from_raw(row.id() as i32).unwrap(), signal).unwrap();
    };
    let row = begin();
    signal_to(&row, Signal::TERM);
    let stopped = done(&row.wait_with_output().unwrap());
    assert_eq!(stopped.status, 75, "{}", stopped.err);
    assert_eq!(
        outcome("swarm-r1").unwrap(),
        "cancelled",
        "{}\n{}",
        stopped.err,
        fs::read_to_string(lab.path("results/test/swarm-r1/run.json")).unwrap()
    );
    let row = begin();
    signal_to(&row, Signal::KILL);
    let _ = row.wait_with_output();
    assert_eq!(lab.settle(), [""; 0]);
    assert_eq!(outcome("swarm-r1").unwrap(), "cancelled");
    // The second caller waits, and finds it done; stopped attempts are kept, and do not count as tries.
    let row = begin();
    let second = lab.sh("TG_MAX_TRIES=1 scripts/row m.yaml swarm-r1").ok();
    assert!(
        second.err.contains("waiting for process") && second.err.contains("done: completed"),
        "{}",
        second.err
    );
    done(&row.wait_with_output().unwrap()).ok();
    assert!(Path::new(&lab.path("results/test/swarm-r1.try2")).is_dir());
    assert!(!Path::new(&lab.path("results/test/swarm-r1.try3")).exists());
}
