//! The chain on the real host: both workflows from manifest to table, what the histories of their runs must show, and
//! each stage alone.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use tg_tests::{FAST, Lab, manifest, records};

const PIPE: &str = "tg-launch | tg-wait | tg-export | tg-metrics";

/// `medium-feature` under swarm and push, three agents each.
fn medium(lab: &Lab) -> Vec<Value> {
    lab.write(
        "m.yaml",
        &manifest("medium-feature", 3, &["swarm", "push"], FAST),
    );
    records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out)
}

/// What the first column of the rows is, as text.
fn column(lab: &Lab, run: &str, sql: &str) -> Vec<String> {
    let db = lab.db(&format!("results/test/{run}/tasks.db"));
    let mut query = db.prepare(sql).unwrap();
    let rows = query
        .query_map([], |row| row.get::<_, Option<String>>(0))
        .unwrap();
    rows.map(|row| row.unwrap().unwrap_or_default()).collect()
}

#[test]
fn both_workflows_complete_every_task_by_the_hosts_rules() {
    let lab = Lab::new();
    for record in medium(&lab) {
        let run = record["run"]["id"].as_str().unwrap();
        assert_eq!(record["wait"]["outcome"], "completed", "{run}");
        assert_eq!(
            record["wait"]["states"],
            serde_json::json!({"completed": 13}),
            "{run}"
        );
        assert_eq!(
            record["metrics"]["completion_rate_pct"].as_f64(),
            Some(100.0),
            "{run}"
        );
        assert_eq!(record["run"]["simulated"], true);
        assert_eq!(
            column(
                &lab,
                run,
                "SELECT id FROM tasks WHERE status <> 'completed'"
            ),
            [""; 0],
            "{run}: containers too"
        );
        let forced =
            "SELECT id FROM task_sequence WHERE reason LIKE '%Skipped%' OR reason LIKE '%force%'";
        assert_eq!(
            column(&lab, run, forced),
            [""; 0],
            "{run}: a gate was forced"
        );
        let reopened = "SELECT task_id FROM task_sequence b WHERE status = 'pending' AND EXISTS (SELECT 1 FROM task_sequence
            a WHERE a.task_id = b.task_id AND a.end_timestamp = b.timestamp AND a.id < b.id AND a.status = 'completed')";
        assert_eq!(
            column(&lab, run, reopened),
            [""; 0],
            "{run}: work was redone by reopening"
        );
        let early = "SELECT s.task_id FROM task_sequence s JOIN dependencies d ON d.to_task_id = s.task_id AND d.dep_type IN
            ('follows', 'blocks') WHERE s.status = 'working' AND s.timestamp < (SELECT min(timestamp) FROM task_sequence p
            WHERE p.task_id = d.from_task_id AND p.status = 'completed')";
        assert_eq!(
            column(&lab, run, early),
            [""; 0],
            "{run}: begun before its predecessor was done"
        );
    }
}

#[test]
fn every_gates_artifact_is_there_for_every_attempt() {
    let lab = Lab::new();
    medium(&lab);
    let attempts = "SELECT count(*) FROM task_sequence WHERE status = ?1 AND reason IS NULL AND worker_id IS NOT NULL";
    for (run, state, gate) in [
        ("swarm-r1", "working", "gate/build"),
        ("push-r1", "working", "gate/results"),
        ("push-r1", "assigned", "gate/context"),
    ] {
        let db = lab.db(&format!("results/test/{run}/tasks.db"));
        let worked: i64 = db.query_row(attempts, [state], |row| row.get(0)).unwrap();
        let attached: i64 = db
            .query_row(
                "SELECT count(*) FROM attachments WHERE attachment_type = ?1",
                [gate],
                |row| row.get(0),
            )
            .unwrap();
        assert!(worked >= 13, "{run}: {worked} attempts");
        assert_eq!(attached, worked, "{run}: {gate}");
        let without = format!(
            "SELECT id FROM tasks WHERE points IS NOT NULL AND id NOT IN
             (SELECT task_id FROM attachments WHERE attachment_type = '{gate}' AND content LIKE 'simulated:%')"
        );
        assert_eq!(column(&lab, run, &without), [""; 0], "{run}: {gate}");
    }
}

#[test]
fn in_push_all_work_was_assigned_to_who_did_it() {
    let lab = Lab::new();
    let records = medium(&lab);
    let db = lab.db("results/test/push-r1/tasks.db");
    let sql = "SELECT task_id, worker_id, status FROM task_sequence WHERE status IS NOT NULL
               AND (reason IS NULL OR reason NOT LIKE 'auto-rollup:%') ORDER BY task_id, id";
    let rows: Vec<(String, Option<String>, String)> = db
        .prepare(sql)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut working = 0;
    for pair in rows.windows(2).filter(|pair| pair[1].2 == "working") {
        working += 1;
        let (before, row) = (&pair[0], &pair[1]);
        assert_eq!(
            (&before.0, &before.1, before.2.as_str()),
            (&row.0, &row.1, "assigned"),
            "{row:?}"
        );
        assert!(
            !row.1.as_ref().unwrap().contains("coordinator"),
            "the coordinator worked: {row:?}"
        );
    }
    assert!(working >= 13);
    let push = records
        .iter()
        .find(|record| record["run"]["arm"] == "push")
        .unwrap();
    let roles: Vec<&str> = push["launch"]["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| agent["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["worker", "worker", "coordinator"]);
    let cost: f64 = db
        .query_row(
            "SELECT cost_usd FROM experiment_agents WHERE role = 'coordinator'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(
        cost > 0.0,
        "a coordinator that decides {working} times costs something"
    );
}

#[test]
fn arms_and_repetitions_meet_the_same_tasks() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("medium-feature", 3, &["swarm", "push"], FAST),
    );
    let line = |results: &str| format!("tg-instantiate m.yaml --results {results} | {PIPE}");
    let first = records(&lab.sh(&line("one")).ok().out);
    let second = records(&lab.sh(&line("two")).ok().out);
    let matrix = |records: &[Value]| -> Vec<Value> {
        records
            .iter()
            .map(|record| {
                serde_json::json!([
                    record["run"]["id"],
                    record["run"]["seed"],
                    record["run"]["inputs"]
                ])
            })
            .collect()
    };
    let sorted = |mut rows: Vec<Value>| {
        rows.sort_by_key(ToString::to_string);
        rows
    };
    assert_eq!(sorted(matrix(&first)), sorted(matrix(&second)));
    // Tokens are a function of the drawn durations, redone work included: equal tokens, equal draws.
    let draws = |path: &str| -> BTreeMap<String, i64> {
        let db = lab.db(&format!("{path}/tasks.db"));
        let sql = "SELECT template_task_id, metric_0 FROM tasks JOIN experiment_tasks ON task_id = id WHERE points IS NOT NULL";
        let mut query = db.prepare(sql).unwrap();
        let rows = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let expected = draws("one/test/swarm-r1");
    assert_eq!(expected.len(), 13);
    assert!(expected.values().all(|tokens| *tokens > 0));
    for other in ["one/test/push-r1", "two/test/swarm-r1", "two/test/push-r1"] {
        assert_eq!(draws(other), expected, "{other}");
    }
}

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
    let line = "tg-instantiate --arm swarm experiments/smoke.yaml | tg-wait --timeout 1s | tg-export | tg-metrics > out.jsonl";
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
fn what_is_not_a_run_record_passes_or_is_refused_by_line() {
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
fn agents_that_leave_or_never_come_are_told_apart() {
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
