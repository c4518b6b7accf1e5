//! The other workflows on the real host: each by its own rules, checked in their histories.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use tg_tests::{FAST, Lab, library, manifest, records};

const PIPE: &str = "tg-launch | tg-wait | tg-export | tg-metrics";

fn rows(lab: &Lab, db: &str, sql: &str) -> Vec<Vec<String>> {
    let db = lab.db(db);
    let mut query = db.prepare(sql).unwrap();
    let width = query.column_count();
    let cell = |row: &rusqlite::Row, column| -> String {
        let value: rusqlite::types::Value = row.get(column).unwrap();
        match value {
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Null => String::new(),
            other => format!("{other:?}"),
        }
    };
    let found = query
        .query_map([], |row| {
            Ok((0..width).map(|column| cell(row, column)).collect())
        })
        .unwrap();
    found.collect::<Result<_, _>>().unwrap()
}

#[track_caller]
fn all_completed(records: &[Value], arms: usize) {
    assert_eq!(records.len(), arms);
    for record in records {
        let run = &record["run"]["id"];
        assert_eq!(
            record["wait"]["outcome"], "completed",
            "{run}: {}",
            record["wait"]
        );
        assert_eq!(
            record["metrics"]["completion_rate_pct"].as_f64(),
            Some(100.0),
            "{run}"
        );
        assert_eq!(record["metrics"]["early_starts"], 0, "{run}");
    }
}

#[test]
fn five_workflows_complete_the_feature_and_force_no_gate() {
    let lab = Lab::new();
    let five = ["solo", "swarm", "push", "hierarchical", "relay"];
    lab.write("m.yaml", &manifest("medium-feature", 4, &five, FAST));
    let records = records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out);
    all_completed(&records, 5);
    let gates = [
        ("solo", &["gate/tests", "gate/commit", "gate/build"][..]),
        ("swarm", &["gate/build", "gate/summary"]),
        ("push", &["gate/results", "gate/context"]),
        ("hierarchical", &["gate/results"]),
    ];
    for (arm, kinds) in gates {
        let db = format!("results/test/{arm}-r1/tasks.db");
        for kind in kinds {
            let without = format!(
                "SELECT id FROM tasks WHERE points IS NOT NULL AND id NOT IN
                 (SELECT task_id FROM attachments WHERE attachment_type = '{kind}')"
            );
            assert_eq!(rows(&lab, &db, &without), [[""; 0]; 0], "{arm}: {kind}");
        }
    }
    for arm in five {
        let forced = "SELECT id FROM task_sequence WHERE reason LIKE '%Skipped%'";
        assert_eq!(
            rows(&lab, &format!("results/test/{arm}-r1/tasks.db"), forced),
            [[""; 0]; 0],
            "{arm}"
        );
    }
}

#[test]
fn in_relay_every_leg_is_done_by_its_specialist_with_its_artifacts() {
    let lab = Lab::new();
    let model =
        "stand_in: {time_scale: 0.00005, poll_ms: 20, fault: 0.6}\nlimits: {timeout: 90s}\n";
    lab.write("m.yaml", &manifest("pipeline", 4, &["relay"], model));
    all_completed(
        &records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out),
        1,
    );
    let db = "results/test/relay-r1/tasks.db";
    let tags: BTreeMap<String, String> =
        rows(&lab, db, "SELECT worker_id, role FROM experiment_agents")
            .into_iter()
            .map(|row| (row[0].clone(), row[1].clone()))
            .collect();
    assert_eq!(tags.len(), 4);
    let of_phase = [
        ("design", "designer"),
        ("implement", "implementer"),
        ("review", "reviewer"),
        ("test", "tester"),
    ];
    let gate_of = [
        ("design", vec!["gate/spec"]),
        ("implement", vec!["gate/commit", "gate/impl-notes"]),
        ("review", vec!["gate/approval"]),
        ("test", vec!["gate/test-results"]),
    ];
    // The phase of a task at its creation is that of its first handover, else its present one.
    let first = "SELECT t.id, coalesce((SELECT substr(reason, 29, instr(substr(reason, 29), ' ') - 1) FROM task_sequence
        WHERE task_id = t.id AND reason LIKE 'simulated: handed over from %' ORDER BY id LIMIT 1), t.phase) FROM tasks t";
    let mut phase: BTreeMap<String, String> = rows(&lab, db, first)
        .into_iter()
        .map(|row| (row[0].clone(), row[1].trim().to_string()))
        .collect();
    let (mut legs, mut handed) = (0, 0);
    let history = "SELECT task_id, coalesce(worker_id, ''), coalesce(status, ''), coalesce(phase, '') FROM task_sequence
        WHERE reason IS NULL OR reason NOT LIKE 'auto-rollup:%' ORDER BY id";
    for row in rows(&lab, db, history) {
        if !row[3].is_empty() {
            handed += 1;
            phase.insert(row[0].clone(), row[3].clone());
        } else if row[2] == "working" {
            legs += 1;
            let now = &phase[&row[0]];
            let tag = of_phase.iter().find(|(phase, _)| phase == now).unwrap().1;
            assert!(
                tags[&row[1]].contains(tag),
                "{row:?} in {now} by {}",
                tags[&row[1]]
            );
            let gates = &gate_of.iter().find(|(phase, _)| phase == now).unwrap().1;
            for gate in gates {
                let there = format!(
                    "SELECT 1 FROM attachments WHERE task_id = '{}' AND attachment_type = '{gate}'",
                    row[0]
                );
                assert!(!rows(&lab, db, &there).is_empty(), "{}: {gate}", row[0]);
            }
        }
    }
    assert!(legs > 10 && handed > 0, "{legs} legs, {handed} handovers");
}

#[test]
fn in_hierarchical_all_work_is_inside_the_workers_part() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("medium-feature", 3, &["hierarchical"], FAST),
    );
    all_completed(
        &records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out),
        1,
    );
    let db = "results/test/hierarchical-r1/tasks.db";
    let foreign = "SELECT s.task_id, s.worker_id, d.from_task_id, a.worker_id FROM task_sequence s
        JOIN dependencies d ON d.to_task_id = s.task_id AND d.dep_type = 'contains'
        JOIN task_sequence a ON a.task_id = d.from_task_id AND a.status = 'assigned'
        WHERE s.status = 'working' AND (s.reason IS NULL OR s.reason NOT LIKE 'auto-rollup:%') AND s.worker_id <> a.worker_id";
    assert_eq!(rows(&lab, db, foreign), [[""; 0]; 0]);
    let assigned = "SELECT DISTINCT task_id FROM task_sequence WHERE status = 'assigned'";
    assert_eq!(rows(&lab, db, assigned).len(), 4, "the four parts");
}

#[test]
fn other_states_and_overlays_run_and_are_measured() {
    let lab = Lab::new();
    lab.write(
        "own.yaml",
        "name: mine\nsettings: {initial_state: new, disconnect_state: new, blocking_states: [new, picked, doing]}\nstates:\n  \
         new: {exits: [picked, dropped]}\n  picked: {exits: [doing, new]}\n  doing: {exits: [ready, new, dropped], timed: true}\n  \
         ready: {exits: [new]}\n  dropped: {exits: []}\ngates:\n  status:doing: [{type: gate/proof, enforcement: warn, description: x}]\n",
    );
    let configs = "  - {workflow: kanban}\n  - {workflow: sprint}\n  - {workflow: mine, workflow_file: own.yaml}\n  \
                   - {workflow: swarm, name: laid, overlays: [git, troubleshooting]}\n  \
                   - {workflow: push, name: pushed, overlays: [troubleshooting]}\n";
    let text = manifest("tiny-feature", 3, &[], "")
        .replace("configs:\n", &format!("configs:\n{configs}{FAST}"));
    lab.write("m.yaml", &text);
    let records = records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out);
    all_completed(&records, 5);
    let states = |arm: &str| {
        let record = records
            .iter()
            .find(|record| record["run"]["arm"] == arm)
            .unwrap();
        record["wait"]["states"].clone()
    };
    assert_eq!(states("kanban"), json!({"done": 4}));
    assert_eq!(states("mine"), json!({"ready": 4}));
    let config = "SELECT json_extract(config_snapshot, '$.files.\"workflow-mine.yaml\".text') FROM experiment_runs";
    assert_eq!(
        rows(&lab, "results/test/mine-r1/tasks.db", config)[0][0],
        fs::read_to_string(lab.path("own.yaml")).unwrap()
    );
    let proof =
        "SELECT count(DISTINCT task_id) FROM attachments WHERE attachment_type = 'gate/proof'";
    assert_eq!(rows(&lab, "results/test/mine-r1/tasks.db", proof), [["4"]]);
    for (file, text, says) in [
        ("broken.yaml", "states: [", "broken.yaml"),
        ("list.yaml", "[1, 2]", "is not a mapping"),
        ("empty.yaml", "", "is empty"),
        (
            "type.yaml",
            "states: {new: {exits: 5}}",
            "workflow-mine.yaml",
        ),
        (
            "exit.yaml",
            "states: {working: {exits: [nowhere], timed: true}}",
            "nowhere",
        ),
    ] {
        lab.write(file, text);
        lab.write(
            "bad.yaml",
            &manifest("tiny-feature", 3, &["mine"], "")
                .replace("mine", &format!("mine\n    workflow_file: {file}")),
        );
        let done = lab.sh("tg-instantiate bad.yaml");
        assert!(done.status == 2 || done.status == 4, "{file}: {}", done.err);
        assert!(done.err.contains(says), "{file}: {}", done.err);
    }
}

#[test]
fn a_shared_database_keeps_its_runs_apart() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("medium-feature", 3, &["swarm", "push", "relay"], FAST),
    );
    let apart = records(
        &lab.sh(&format!("tg-instantiate --results apart m.yaml | {PIPE}"))
            .ok()
            .out,
    );
    let shared = records(
        &lab.sh(
            "tg-instantiate --shared-db m.yaml | tg-launch -j 3 | tg-wait | tg-export | tg-metrics",
        )
        .ok()
        .out,
    );
    all_completed(&apart, 3);
    all_completed(&shared, 3);
    let db = "results/test/shared-1.db";
    let foreign = "SELECT s.task_id, s.worker_id FROM task_sequence s JOIN experiment_tasks e ON e.task_id = s.task_id
        WHERE s.worker_id IS NOT NULL AND s.worker_id NOT LIKE e.run_id || '-%'";
    assert_eq!(
        rows(&lab, db, foreign),
        [[""; 0]; 0],
        "an agent of one run touched a task of another"
    );
    let draws = |db: &str, run: &str| {
        let sql = format!(
            "SELECT template_task_id, metric_0 FROM tasks JOIN experiment_tasks ON task_id = id WHERE run_id = '{run}' AND
             points IS NOT NULL ORDER BY 1"
        );
        rows(&lab, db, &sql)
    };
    for arm in ["swarm", "push", "relay"] {
        let run = format!("{arm}-r1");
        assert_eq!(
            draws(db, &run),
            draws(&format!("apart/test/{run}/tasks.db"), &run),
            "{arm}"
        );
        let snapshot = lab
            .sh(&format!("gzip -dc results/test/{run}/snapshot.json.gz"))
            .ok()
            .out;
        let snapshot: Value = serde_json::from_str(&snapshot).unwrap();
        assert_eq!(
            snapshot["tables"]["tasks"].as_array().unwrap().len(),
            18,
            "{arm}: its own tasks only"
        );
        assert_eq!(
            snapshot["tables"]["experiment_agents"]
                .as_array()
                .unwrap()
                .len(),
            3,
            "{arm}"
        );
    }
}

#[test]
fn a_start_barrier_holds_all_back_and_leaves_no_trace() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest(
            "tiny-feature",
            3,
            &["swarm", "push", "hierarchical"],
            &format!("{FAST}start: barrier\n"),
        ),
    );
    let records = records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out);
    all_completed(&records, 3);
    for record in &records {
        let run = record["run"]["id"].as_str().unwrap();
        let db = format!("results/test/{run}/tasks.db");
        let released = record["launch"]["released_at_ms"].as_i64().unwrap();
        let early = format!(
            "SELECT id FROM task_sequence WHERE worker_id IS NOT NULL AND timestamp < {released}"
        );
        assert_eq!(
            rows(&lab, &db, &early),
            [[""; 0]; 0],
            "{run}: begun before the gate was opened"
        );
        let late = format!(
            "SELECT worker_id FROM experiment_agents WHERE connected_at IS NULL OR connected_at > {released}"
        );
        assert_eq!(
            rows(&lab, &db, &late),
            [[""; 0]; 0],
            "{run}: opened before all were there"
        );
        assert_eq!(
            rows(&lab, &db, "SELECT count(*) FROM tasks"),
            [["5"]],
            "{run}"
        );
        let wall = record["wait"]["ended_at_ms"].as_i64().unwrap() - released;
        assert_eq!(
            record["metrics"]["wall_clock_time_ms"].as_i64(),
            Some(wall),
            "{run}: the clock starts at the gate"
        );
    }
}

#[test]
fn the_work_is_graded_in_a_fresh_copy_of_the_workspace() {
    let lab = Lab::new();
    fs::create_dir_all(lab.path("start/sub")).unwrap();
    lab.write("start/sub/hello.txt", "hello\n");
    let more = "workspace: {path: start}\ngrade: 'cat sub/hello.txt && ls *.md | wc -l'\n";
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm"], &format!("{FAST}{more}")),
    );
    let line = format!("tg-instantiate --explain m.yaml | {PIPE}");
    let record = &records(&lab.sh(&line).ok().out)[0];
    assert_eq!(record["wait"]["verify"]["passed"], true);
    assert_eq!(
        (
            record["metrics"]["verify_passed"].as_i64(),
            record["metrics"]["verify_score"].as_f64()
        ),
        (Some(1), Some(4.0))
    );
    assert_eq!(
        lab.sh("ls start").ok().out,
        "sub\n",
        "the workspace itself is left alone"
    );
    lab.write("start/sub/hello.txt", "changed\n");
    let again = lab.sh(&line).ok();
    assert!(again.err.contains("changed: workspace"), "{}", again.err);
}

/// All templates under all five workflows with 1 to 6 agents: minutes, so only `make test-long` runs it.
#[test]
#[ignore = "long: make test-long"]
fn every_template_completes_under_every_workflow_with_any_team() {
    for template in library::NAMES {
        let lab = Lab::new();
        let more =
            "stand_in: {time_scale: 0.00001, poll_ms: 20}\nlimits: {timeout: 120s, stall: 60s}\n";
        let counts = manifest(template, 1, &["swarm", "relay"], more)
            .replace("agent_count: 1", "agent_counts: [1, 2, 3, 4, 5, 6]");
        lab.write(
            "m.yaml",
            &counts.replace("configs:\n", "configs:\n  - workflow: solo\n"),
        );
        all_completed(
            &records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out),
            13,
        );
        let led = manifest(template, 1, &["push", "hierarchical"], more)
            .replace("agent_count: 1", "agent_counts: [2, 3, 4, 5, 6]");
        lab.write("m.yaml", &led.replace("name: test", "name: led"));
        all_completed(
            &records(&lab.sh(&format!("tg-instantiate m.yaml | {PIPE}")).ok().out),
            10,
        );
    }
}
