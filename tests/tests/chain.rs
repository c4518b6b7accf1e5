//! The chain on the real host: both workflows from manifest to table, the histories their runs must have, and
//! each stage alone.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::Value;
use std::collections::BTreeMap;
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

/// The first column of the rows, as text.
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
fn in_push_each_task_is_done_by_the_worker_it_was_assigned_to() {
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
