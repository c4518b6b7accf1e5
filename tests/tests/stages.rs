//! The stages one by one, and twice: finished runs are left alone, changed ones are run again, each stage runs alone, and
//! lines of other types pass or are refused by line number.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use tg_tests::{Lab, manifest, records};

const PIPE: &str = "tg-launch | tg-wait | tg-export | tg-metrics";

#[test]
fn a_second_call_changes_nothing_and_reports_the_same() {
    let lab = Lab::new();
    let line = "tg-instantiate --explain experiments/smoke.yaml | tg-launch | tg-wait | tg-export | tg-metrics";
    let first = lab.sh(line).ok();
    let files = |lab: &Lab| -> BTreeMap<String, Vec<u8>> {
        ["swarm-r1", "push-r1"]
            .iter()
            .flat_map(|run| {
                ["tasks.db", "snapshot.json.gz", "end.json", "run.json"]
                    .map(|name| format!("results/smoke/{run}/{name}"))
            })
            .map(|name| (name.clone(), fs::read(lab.path(&name)).unwrap()))
            .collect()
    };
    let before = files(&lab);
    let second = lab.sh(line).ok();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&first.out), sorted(&second.out));
    assert!(
        second.err.contains("run swarm-r1: done before: completed"),
        "{}",
        second.err
    );
    assert!(
        before == files(&lab),
        "a file of a run that was done has changed"
    );
    assert!(!lab.path("results/smoke/swarm-r1.try1").exists());
}

#[test]
fn changed_inputs_are_run_again_and_named_and_the_old_attempt_is_kept() {
    let lab = Lab::new();
    let manifest = fs::read_to_string(lab.path("experiments/smoke.yaml")).unwrap();
    lab.write("m.yaml", &manifest);
    let line = format!("tg-instantiate --explain --arm swarm m.yaml | {PIPE}");
    lab.sh(&line).ok();
    lab.write("m.yaml", &manifest.replace("seed: 1", "seed: 2"));
    let again = lab.sh(&line).ok();
    assert!(
        again.err.contains("run swarm-r1: changed: seed"),
        "{}",
        again.err
    );
    assert!(
        lab.path("results/smoke/swarm-r1.try1/snapshot.json.gz")
            .exists()
    );
    lab.write(
        "m.yaml",
        &manifest.replace("seed: 1", "seed: 2\nprimary: total_cost_usd"),
    );
    let shown = lab.sh(&line).ok();
    assert!(
        shown.err.contains("done before"),
        "what is only shown needs no new run: {}",
        shown.err
    );
    assert_eq!(
        records(&shown.out)[0]["run"]["report"]["primary"],
        "total_cost_usd"
    );
}

#[test]
fn single_stages_run_again_on_a_kept_record() {
    let lab = Lab::new();
    // Through jq on both sides: it writes 30.0 as 30.
    let all = lab
        .sh(&format!(
            "tg-instantiate --arm push experiments/smoke.yaml | {PIPE} | jq -c ."
        ))
        .ok();
    let kept = lab.sh("jq -c . results/smoke/push-r1/run.json").ok();
    assert_eq!(all.out, kept.out);
    let again = lab
        .sh("jq -c . results/smoke/push-r1/run.json | tg-export | tg-metrics | jq -c .")
        .ok();
    assert_eq!(all.out, again.out);
    let from_snapshot = records(
        &lab.sh("tg-metrics results/smoke/push-r1/snapshot.json.gz | jq -c .")
            .ok()
            .out,
    );
    assert_eq!(from_snapshot[0]["metrics"], records(&all.out)[0]["metrics"]);
    assert_eq!(from_snapshot[0]["run"]["id"], "push-r1");
}

#[test]
fn a_run_without_agents_ends_by_timeout_and_is_measured_and_counted() {
    let lab = Lab::new();
    let line = "tg-instantiate --arm swarm experiments/smoke.yaml | tg-launch --manual | tg-wait --timeout 1s | tg-export | tg-metrics > out.jsonl";
    lab.sh(line).ok();
    let record = &records(&fs::read_to_string(lab.path("out.jsonl")).unwrap())[0];
    assert_eq!(record["wait"]["outcome"], "timeout");
    assert_eq!(record["metrics"]["tasks_per_hour"].as_f64(), Some(0.0));
    let report = lab.sh("tg-report < out.jsonl").ok();
    assert!(
        report.out.contains("0/1") && report.out.contains("timeout"),
        "{}",
        report.out
    );
}

#[test]
fn a_run_that_was_never_launched_is_not_waited_for() {
    let lab = Lab::new();
    lab.sh("tg-instantiate --arm swarm experiments/smoke.yaml > made.jsonl")
        .ok();
    let kept = || fs::read(lab.path("results/smoke/swarm-r1/run.json")).unwrap();
    let before = kept();
    let done = lab.sh("tg-wait --timeout 1s < made.jsonl");
    assert_eq!(done.status, 3, "{}", done.err);
    assert_eq!(
        done.err,
        "tg-wait: run swarm-r1: the record has no \"launch\"\nhint: pass it through tg-launch first (a run started by \
         hand: tg-launch --manual)\n"
    );
    assert_eq!(
        done.out,
        fs::read_to_string(lab.path("made.jsonl")).unwrap()
    );
    assert_eq!(before, kept());
    assert!(!lab.path("results/smoke/swarm-r1/end.json").exists());
    let plan = lab.sh("tg-instantiate --plan --arm swarm experiments/smoke.yaml");
    assert!(plan.out.contains("not launched yet"), "{}", plan.out);
}

#[test]
fn each_stage_names_the_tool_to_run_first() {
    let lab = Lab::new();
    lab.write(
        "bare.jsonl",
        "{\"type\":\"run\",\"v\":1,\"run\":{\"id\":\"x-r1\"}}\n",
    );
    for (tool, lacks, first) in [
        ("tg-launch", "instantiate", "tg-instantiate"),
        ("tg-wait", "instantiate", "tg-instantiate"),
        ("tg-export", "instantiate", "tg-instantiate"),
        ("tg-metrics", "export", "tg-export"),
        ("tg-report", "metrics", "tg-metrics"),
    ] {
        let done = lab.sh(&format!("{tool} < bare.jsonl"));
        assert_eq!(done.status, 3, "{tool}: {}", done.err);
        assert!(
            done.err.contains(lacks) && done.err.contains(first),
            "{tool}: {}",
            done.err
        );
        assert!(done.err.contains("x-r1"), "{tool}: {}", done.err);
    }
}

#[test]
fn other_lines_pass_or_are_refused_by_number() {
    let lab = Lab::new();
    lab.sh(&format!(
        "tg-instantiate --arm swarm experiments/smoke.yaml | {PIPE} > out.jsonl"
    ))
    .ok();
    lab.sh("(echo '{\"type\": \"note\",  \"text\":1}'; cat out.jsonl; echo '{\"type\":\"ru'; cat out.jsonl) > mixed.jsonl").ok();
    for tool in ["tg-launch", "tg-wait", "tg-export", "tg-metrics"] {
        let done = lab.sh(&format!("{tool} < mixed.jsonl"));
        assert_eq!(done.status, 3, "{tool}: {}", done.err);
        assert!(done.err.contains("line 3"), "{tool}: {}", done.err);
        let lines: Vec<&str> = done.out.lines().collect();
        assert_eq!(lines.len(), 3, "{tool}");
        assert_eq!(
            lines[0], "{\"type\": \"note\",  \"text\":1}",
            "{tool}: byte for byte"
        );
    }
    lab.sh("sed 's/\"v\":1/\"v\":2/' out.jsonl > new.jsonl")
        .ok();
    let done = lab.sh("tg-export < new.jsonl");
    assert_eq!(done.status, 3);
    assert!(
        done.err.contains("version 2") && done.err.contains("version 1"),
        "{}",
        done.err
    );
}

#[test]
fn an_agent_that_fails_tasks_is_counted_not_hidden() {
    let lab = Lab::new();
    let more = "stand_in: {time_scale: 0.00005, poll_ms: 20, fail: 1.0, redo: 0.0}\nlimits: {timeout: 60s}\n";
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], more));
    let record = &records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out)[0];
    assert_eq!(record["wait"]["outcome"], "failed_tasks");
    assert_eq!(record["wait"]["states"], serde_json::json!({"failed": 4}));
    assert_eq!(record["metrics"]["failure_rate"].as_f64(), Some(1.0));
}

#[test]
fn agents_that_leave_and_agents_that_never_connect_are_distinguished() {
    let lab = Lab::new();
    for (command, outcome) in [
        ("[sh, -c, 'exit 0']", "never_connected"),
        ("[no-such-program]", ""),
    ] {
        lab.write(
            "m.yaml",
            &manifest(
                "tiny-feature",
                2,
                &["swarm"],
                &format!("command: {command}\nlimits: {{timeout: 30s}}\n"),
            ),
        );
        let done = lab.sh(&format!("tg-instantiate --again m.yaml | {PIPE}"));
        let record = &records(&done.out)[0];
        assert_eq!(record["run"]["simulated"], false);
        if outcome.is_empty() {
            assert_eq!(done.status, 1, "{}", done.err);
            assert!(
                done.err.contains("no-such-program: no such program"),
                "{}",
                done.err
            );
            assert!(
                record["launch"]["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("no such program")
            );
        } else {
            assert_eq!(record["wait"]["outcome"], outcome);
        }
    }
}
