//! Copies of templates: the same each time, and readable by the host.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use tg_host::{Client, Host, Seal};
use tg_tests::library::{NAMES, figures, template};
use tg_tests::{Lab, root};

/// The structure of a copy, with its ids mapped back to the template's.
fn shape(lab: &Lab, db: &str, run: &str) -> BTreeSet<String> {
    let db = lab.db(db);
    let list = |sql: &str| -> Vec<String> {
        db.prepare(sql)
            .unwrap()
            .query_map([run], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let origin =
        "(SELECT template_task_id FROM experiment_tasks e WHERE e.run_id = ?1 AND e.task_id =";
    let tasks = format!(
        "SELECT json_array({origin} t.id), title, description, status, priority, needed_tags, wanted_tags, tags, points,
         time_estimate_ms, phase, worker_id, claimed_at, time_actual_ms, started_at, completed_at, cost_usd, metric_0)
         FROM tasks t WHERE id IN (SELECT task_id FROM experiment_tasks WHERE run_id = ?1)"
    );
    let edges = format!(
        "SELECT json_array({origin} from_task_id), {origin} to_task_id), dep_type) FROM dependencies
         WHERE from_task_id IN (SELECT task_id FROM experiment_tasks WHERE run_id = ?1)"
    );
    let history = format!(
        "SELECT json_array({origin} s.task_id), status, worker_id, end_timestamp) FROM task_sequence s
         WHERE task_id IN (SELECT task_id FROM experiment_tasks WHERE run_id = ?1)"
    );
    [tasks, edges, history]
        .iter()
        .flat_map(|sql| list(sql))
        .collect()
}

#[test]
fn fifty_copies_of_each_template_are_the_same() {
    for name in NAMES {
        let lab = Lab::new();
        let line = format!(
            "for i in $(seq 50); do tg-instantiate --template templates/{name}.json --db $i.db --tag x:y; done"
        );
        let records = tg_tests::records(&lab.sh(&line).ok().out);
        let [tasks, _, deps, ..] = figures(&template(name));
        assert_eq!(records.len(), 50);
        let first = shape(&lab, "1.db", name);
        // A row a task, a history row a task, the ordering edges, the containment edges.
        let contained = template(name)
            .tables
            .dependencies
            .iter()
            .filter(|edge| edge.is_containment())
            .count();
        assert_eq!(
            first.len() as i64,
            2 * tasks + deps + contained as i64,
            "{name}"
        );
        for (number, record) in records.iter().enumerate() {
            assert_eq!(record["instantiate"]["tasks"], tasks);
            assert_eq!(record["instantiate"]["ordering_deps"], deps);
            assert!(
                shape(&lab, &format!("{}.db", number + 1), name) == first,
                "{name}: copy {number} differs"
            );
        }
    }
}

#[test]
fn copies_in_one_database_do_not_meet() {
    let lab = Lab::new();
    let line = "for i in 1 2 3; do tg-instantiate --template templates/medium-feature.json --db all.db; done";
    let records = tg_tests::records(&lab.sh(line).ok().out);
    let runs: Vec<&str> = records
        .iter()
        .map(|record| record["run"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        runs,
        ["medium-feature", "medium-feature-2", "medium-feature-3"]
    );
    let shapes: Vec<_> = runs.iter().map(|run| shape(&lab, "all.db", run)).collect();
    assert!(shapes[0] == shapes[1] && shapes[1] == shapes[2]);
    let parent: String = lab
        .db("all.db")
        .query_row("SELECT id FROM tasks LIMIT 1", [], |row| row.get(0))
        .unwrap();
    lab.sh(&format!("tg-instantiate --template templates/pipeline.json --db all.db --parent {parent} --title-prefix 'P: '")).ok();
    let db = lab.db("all.db");
    let count = |sql: &str| -> i64 { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(
        count("SELECT count(*) FROM tasks WHERE title LIKE 'P: %'"),
        10
    );
    assert_eq!(
        count(&format!(
            "SELECT count(*) FROM dependencies WHERE from_task_id = '{parent}' AND to_task_id IN
        (SELECT id FROM tasks WHERE title LIKE 'P: %')"
        )),
        10
    );
}

#[test]
fn the_host_sees_just_the_tasks_that_wait_for_nothing() {
    let host = Host::find().unwrap();
    for name in NAMES {
        let lab = Lab::new();
        lab.sh(&format!("tg-instantiate --template templates/{name}.json --db tasks.db --tag exp:e --tag run:r-1")).ok();
        let tables = template(name).tables;
        let held: BTreeSet<&str> = tables
            .dependencies
            .iter()
            .map(|edge| {
                if edge.is_containment() {
                    &edge.from_task_id
                } else {
                    &edge.to_task_id
                }
            })
            .map(String::as_str)
            .collect();
        let mut expected: Vec<_> = tables
            .tasks
            .iter()
            .filter(|task| !held.contains(task.id.as_str()))
            .collect();
        // The host lists by priority; ties by insertion, which is the template's order.
        expected.sort_by_key(|task| {
            -task
                .priority
                .as_ref()
                .map_or(5, |priority| priority.parse::<i64>().unwrap())
        });
        let expected: Vec<&str> = expected.iter().map(|task| task.id.as_str()).collect();

        let seal = Seal::new(&lab.path("run"), &lab.path("tasks.db")).unwrap();
        seal.write("solo", &[]).unwrap();
        let mut client = Client::start(seal.command(&host, "test")).unwrap();
        let ready = client
            .call("list_tasks", &json!({"ready": true, "format": "json"}))
            .unwrap();
        let db = lab.db("tasks.db");
        let origin = |id: &str| -> String {
            let sql = "SELECT template_task_id FROM experiment_tasks WHERE task_id = ?1";
            db.query_row(sql, [id], |row| row.get(0)).unwrap()
        };
        let seen: Vec<String> = ready["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| origin(task["id"].as_str().unwrap()))
            .collect();
        assert_eq!(seen, expected, "{name}");
        let found = client.call(
            "search",
            &json!({"query": tables.tasks[0].title.split(' ').next(), "format": "json"}),
        );
        assert!(
            found.unwrap().to_string().contains(&tables.tasks[0].id),
            "{name}: full text"
        );
    }
}

#[test]
fn every_row_is_in_the_hosts_own_export() {
    let host = Host::find().unwrap();
    for name in NAMES {
        let lab = Lab::new();
        lab.sh(&format!(
            "tg-instantiate --template templates/{name}.json --db tasks.db --tag exp:e"
        ))
        .ok();
        let out = lab.path("host.json");
        let status = Command::new(&host.path)
            .args([
                "--database",
                "tasks.db",
                "--media-dir",
                "m",
                "--log-dir",
                "l",
                "--log",
                "0",
                "export",
                "-o",
                "host.json",
            ])
            .current_dir(lab.path(""))
            .status()
            .unwrap();
        assert!(status.success());
        let export: Value = serde_json::from_slice(&fs::read(out).unwrap()).unwrap();
        let db = lab.db("tasks.db");
        for table in [
            "tasks",
            "dependencies",
            "task_tags",
            "task_needed_tags",
            "task_wanted_tags",
            "task_sequence",
        ] {
            let ours: i64 = db
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(
                export["tables"][table].as_array().unwrap().len() as i64,
                ours,
                "{name}: {table}"
            );
        }
        assert!(
            export["tables"]["tasks"][0]["tags"]
                .to_string()
                .contains("exp:e")
        );
    }
}

#[test]
fn the_hosts_own_import_takes_every_template() {
    let host = Host::find().unwrap();
    for name in NAMES {
        let lab = Lab::new();
        let file = root().join("templates").join(format!("{name}.json"));
        let status = Command::new(&host.path)
            .args([
                "--database",
                "tasks.db",
                "--media-dir",
                "m",
                "--log-dir",
                "l",
                "--log",
                "0",
                "import",
            ])
            .arg(file.canonicalize().unwrap())
            .current_dir(lab.path(""))
            .output()
            .unwrap();
        assert!(
            status.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&status.stderr)
        );
        let tables = template(name).tables;
        let db = lab.db("tasks.db");
        for (table, rows) in [
            ("tasks", tables.tasks.len()),
            ("dependencies", tables.dependencies.len()),
            ("task_needed_tags", tables.task_needed_tags.len()),
        ] {
            let count: i64 = db
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(count as usize, rows, "{name}: {table}");
        }
    }
}
