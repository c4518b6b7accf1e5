//! Mistakes of users: each gets its exit status, a message that names the place and the remedy, and no existing file
//! is changed.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use tg_tests::{Lab, bad, refused};

/// A template of the given rows.
fn template(tasks: &str, dependencies: &str) -> String {
    format!("{{\"tables\":{{\"tasks\":[{tasks}],\"dependencies\":[{dependencies}]}}}}")
}

#[test]
fn templates() {
    let lab = Lab::new();
    let task = |id: &str| format!("{{\"id\":\"{id}\",\"title\":\"T\",\"status\":\"pending\"}}");
    let edge = |from: &str, kind: &str, to: &str| {
        format!("{{\"from_task_id\":\"{from}\",\"to_task_id\":\"{to}\",\"dep_type\":\"{kind}\"}}")
    };
    let three = [task("a"), task("b"), task("c")].join(",");
    let cases: &[(String, &[&str])] = &[
        (template("", ""), &["has no task"]),
        ("{".into(), &["it was cut off"]),
        ("[1, 2]".into(), &["not a snapshot"]),
        (
            template(&[task("a"), task("a")].join(","), ""),
            &["task `a` is there twice"],
        ),
        (
            template(&three, &edge("a", "follows", "x")),
            &["names `x`, which is not a task of it"],
        ),
        (
            template(&three, &edge("a", "blocks", "a")),
            &["task `a` blocks itself"],
        ),
        (
            template(
                &three,
                &[edge("a", "follows", "b"), edge("a", "follows", "b")].join(","),
            ),
            &["is there twice"],
        ),
        (
            template(
                &three,
                &[
                    edge("a", "follows", "b"),
                    edge("b", "blocks", "c"),
                    edge("c", "follows", "a"),
                ]
                .join(","),
            ),
            &["wait for each other", "a -> b -> c -> a"],
        ),
        (
            template(
                &three,
                &[edge("a", "contains", "b"), edge("b", "contains", "a")].join(","),
            ),
            &["contain each other"],
        ),
        (
            template("{\"id\":\"a\",\"title\":\"x\\u0000y\"}", ""),
            &["the title of task `a` contains a NUL"],
        ),
        (
            template("{\"id\":\"a\",\"title\":\"x\",\"points\":2.5}", ""),
            &["points", "2.5"],
        ),
    ];
    for (text, says) in cases {
        lab.write("t.json", text);
        let says: Vec<&str> = ["t.json"].iter().chain(*says).copied().collect();
        refused(&lab, "tg-instantiate --template t.json --db x.db", 2, &says);
        assert!(!lab.path("x.db").exists(), "{text}");
    }
    lab.write(
        "t.json",
        &template(
            &three,
            &[edge("a", "contains", "b"), edge("a", "follows", "c")].join(","),
        ),
    );
    let warned = lab.sh("tg-instantiate --template t.json --db x.db").ok();
    assert!(
        warned
            .err
            .contains("warning: `a` follows `c`: `a` is a container"),
        "{}",
        warned.err
    );
    // Two million to one, as in a gzip bomb.
    lab.sh("head -c 300000000 /dev/zero | tr '\\0' ' ' | gzip -9 > bomb.json.gz")
        .ok();
    refused(
        &lab,
        "tg-instantiate --template bomb.json.gz --db y.db",
        2,
        &["bomb.json.gz", "not a snapshot"],
    );
}

#[test]
fn odd_titles_go_through_the_whole_chain_unchanged() {
    let lab = Lab::new();
    let title = "<script>alert(1)</script> | `x` ' \" 🦀 é; DROP TABLE tasks; -- ".to_string()
        + &"long ".repeat(210_000);
    let task =
        serde_json::json!({"id": "a b/c'd", "title": title, "description": "=1+1", "points": 1});
    lab.write("odd.json", &template(&task.to_string(), ""));
    lab.write("m.yaml", &bad("templates/tiny-feature.json", "odd.json"));
    let done = lab.sh("tg-instantiate --arm swarm m.yaml | tg-launch | tg-wait | tg-export | tg-metrics | tee out.jsonl | tg-report").ok();
    assert!(done.out.contains("1/1"), "{}", done.out);
    let snapshot = lab
        .sh("gzip -dc results/test/swarm-r1/snapshot.json.gz")
        .ok()
        .out;
    let snapshot: serde_json::Value = serde_json::from_str(&snapshot).unwrap();
    assert_eq!(snapshot["tables"]["tasks"][0]["title"], title);
    assert_eq!(
        snapshot["tables"]["experiment_tasks"][0]["template_task_id"],
        "a b/c'd"
    );
}

#[test]
fn a_large_template_is_copied_in_seconds_and_tens_of_megabytes() {
    let lab = Lab::new();
    let tasks: Vec<String> = (0..100_000)
        .map(|n| format!("{{\"id\":\"t{n}\",\"title\":\"Task {n}\",\"points\":1}}"))
        .collect();
    let edges: Vec<String> = (1..100_000)
        .map(|n| {
            format!(
                "{{\"from_task_id\":\"t{}\",\"to_task_id\":\"t{n}\",\"dep_type\":\"follows\"}}",
                n - 1
            )
        })
        .collect();
    lab.write("big.json", &template(&tasks.join(","), &edges.join(",")));
    let record = lab
        .sh("tg-instantiate --template big.json --db big.db")
        .ok()
        .out;
    assert!(
        record.contains("\"tasks\":100000,\"ordering_deps\":99999"),
        "{record}"
    );
}

#[test]
fn the_host_is_missing_or_another_one() {
    let lab = Lab::new();
    let fake = |name: &str, text: &str| {
        let path = lab.write(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    let old = fake("old-host", "#!/bin/sh\necho task-graph-mcp 0.3.0\n");
    let line = |host: &str| {
        format!("TG_HOST={host} tg-instantiate --template templates/tiny-feature.json --db x.db")
    };
    refused(
        &lab,
        &line(&old),
        4,
        &["old-host: is version 0.3.0, not 0.5.0", "hint:"],
    );
    refused(
        &lab,
        &line("/nowhere/host"),
        4,
        &["/nowhere/host", "TG_HOST"],
    );
    // Of the right version, and exits at its start.
    let dying = fake(
        "dying-host",
        "#!/bin/sh\n[ \"$1\" = --version ] && echo task-graph-mcp 0.5.0 && exit\necho Error: no luck >&2\nexit 1\n",
    );
    let home = lab.path("home").display().to_string();
    let line = format!(
        "HOME={home} XDG_CACHE_HOME= TG_HOST={dying} tg-instantiate --arm swarm experiments/smoke.yaml"
    );
    refused(&lab, &line, 4, &["run swarm-r1"]);
    assert!(!lab.path("x.db").exists() && !lab.path("results/smoke/swarm-r1").exists());
    assert_eq!(
        lab.sh("ls -A results/smoke | grep -v .lock").out,
        "",
        "half a run was left"
    );
}

#[test]
fn databases() {
    let lab = Lab::new();
    lab.write("text.db", "this is no database, and long enough to have a header of its own ..............................");
    for (tool, option) in [("tg-wait", ""), ("tg-export", "--out x.json")] {
        refused(
            &lab,
            &format!("{tool} --db none.db {option}"),
            4,
            &["none.db: no such database"],
        );
        refused(
            &lab,
            &format!("{tool} --db text.db {option}"),
            4,
            &["text.db"],
        );
    }
    let before = fs::read(lab.path("text.db")).unwrap();
    refused(
        &lab,
        "tg-instantiate --template templates/tiny-feature.json --db text.db",
        4,
        &["text.db"],
    );
    assert_eq!(before, fs::read(lab.path("text.db")).unwrap());
    lab.sh("tg-instantiate --template templates/tiny-feature.json --db x.db")
        .ok();
    let before = fs::read(lab.path("x.db")).unwrap();
    refused(
        &lab,
        "tg-instantiate --template templates/tiny-feature.json --db x.db --parent absent",
        4,
        &["has no task `absent`"],
    );
    assert_eq!(before, fs::read(lab.path("x.db")).unwrap());
}

#[test]
fn databases_of_a_newer_host_or_in_use() {
    let lab = Lab::new();
    lab.sh("tg-instantiate --template templates/tiny-feature.json --db x.db")
        .ok();
    let again = "tg-instantiate --template templates/tiny-feature.json --db x.db";
    let holder = rusqlite::Connection::open(lab.path("x.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused(&lab, again, 4, &["x.db: database is locked"]);
    holder
        .execute_batch(
            "ROLLBACK; INSERT INTO refinery_schema_history (version, name) VALUES (99, 'later')",
        )
        .unwrap();
    drop(holder);
    let before = fs::read(lab.path("x.db")).unwrap();
    refused(
        &lab,
        again,
        4,
        &["x.db: was made by a newer host (schema V99"],
    );
    assert_eq!(before, fs::read(lab.path("x.db")).unwrap());
}

#[test]
fn a_task_graph_directory_above_the_results_is_refused() {
    let lab = Lab::new();
    fs::create_dir(lab.path("task-graph")).unwrap();
    refused(
        &lab,
        "tg-instantiate --arm swarm experiments/smoke.yaml",
        4,
        &["task-graph", "--results DIR"],
    );
    assert_eq!(lab.sh("ls -A results/smoke | grep -v .lock").out, "");
}

#[test]
fn a_reader_that_exits() {
    let lab = Lab::new();
    let done = lab.sh("set -o pipefail; tg-instantiate experiments/smoke.yaml | true");
    assert_eq!(done.status, 4, "{}", done.err);
    assert!(
        done.err.contains("run swarm-r1: its record was not read"),
        "{}",
        done.err
    );
    lab.sh("tg-instantiate --arm swarm experiments/smoke.yaml | tg-launch --manual | tg-wait --timeout 100ms | tg-export > out.jsonl").ok();
    for tool in ["tg-export", "tg-metrics", "tg-wait"] {
        let done = lab.sh(&format!("set -o pipefail; for i in $(seq 2000); do cat out.jsonl; done | {tool} | head -1 > /dev/null"));
        assert!(!done.err.contains(tool), "{tool}: {}", done.err);
    }
}
