//! JSON with the structure of a snapshot and wrong contents: bytes, numbers, duplicates, edges, or a missing end.

use crate::snapshot_text::{MANY, edge, rows, snapshot, task, tasks, write};
use crate::{READERS, counted, measured, refused, run, why};
use std::fs;
use tg_tests::Lab;

#[test]
fn bytes_that_are_not_text() {
    let lab = Lab::new();
    let good = snapshot(&[("tasks", [task("a", ""), task("b", "")].join(","))]);
    let broken = |by: &[u8]| {
        let at = good.find("\"b\"").unwrap() + 1;
        [&good.as_bytes()[..at], by, &good.as_bytes()[at..]].concat()
    };
    for (name, by) in [
        ("utf8", b"\xff\xc3".as_slice()),
        ("nul", b"\0"),
        ("surrogate", b"\\ud800"),
        ("escape", b"\\x"),
    ] {
        let file = format!("{name}.json");
        fs::write(lab.path(&file), broken(by)).unwrap();
        assert_eq!(
            counted(&measured(&lab, &file, &READERS), "rows_unread"),
            1,
            "{name}"
        );
    }
    for (name, from, to, says) in [
        (
            "key",
            "\"tasks\"",
            b"\"ta\xffsks\"".as_slice(),
            "a broken name",
        ),
        ("between", "},{", b"},\0{", "rows_unread"),
        (
            "terminal",
            "\"tasks\":[",
            b"\"\\u001b[31m\":7,\"x\":[",
            "the table is not a list (table \"\\u{1b}[31m\"",
        ),
    ] {
        let at = good.find(from).unwrap();
        let text = [
            &good.as_bytes()[..at],
            to,
            &good.as_bytes()[at + from.len()..],
        ]
        .concat();
        fs::write(lab.path("x.json"), text).unwrap();
        if says == "rows_unread" {
            assert_eq!(
                counted(&measured(&lab, "x.json", &READERS), says),
                1,
                "{name}"
            );
        } else {
            refused(&lab, "x.json", says);
        }
    }
}

#[test]
fn numbers_beyond_all_numbers() {
    let lab = Lab::new();
    for time in [
        "9223372036854775808",
        "1e300",
        "0.5",
        "\"yesterday\"",
        "true",
        "[]",
    ] {
        let bad = task("b", &format!(",\"completed_at\":{time}"));
        write(
            &lab,
            "x.json",
            &snapshot(&[("tasks", [task("a", ""), bad].join(","))]),
        );
        assert_eq!(
            counted(&measured(&lab, "x.json", &READERS), "rows_unread"),
            1,
            "{time}"
        );
    }
    let change = |id: usize, state: &str, time: &str| {
        format!(
            "{{\"id\":{id},\"task_id\":\"a\",\"worker_id\":\"w\",\"status\":\"{state}\",\"timestamp\":{time}}}"
        )
    };
    let (first, last) = (i64::MIN.to_string(), i64::MAX.to_string());
    let history = [change(1, "working", &first), change(2, "completed", &last)].join(",");
    let large = format!(
        ",\"metric_0\":{last},\"cost_usd\":1e308,\"points\":1e308,\"time_actual_ms\":{last}"
    );
    let tasks = [task("a", &large), task("b", &large)].join(",");
    write(
        &lab,
        "x.json",
        &snapshot(&[("tasks", tasks), ("task_sequence", history)]),
    );
    let metrics = measured(&lab, "x.json", &READERS);
    for name in [
        "metric_0",
        "total_cost_usd",
        "active_work_time_ms",
        "tokens_total",
        "cost_per_task",
    ] {
        assert_eq!(
            why(&metrics, name),
            "the value is beyond all numbers",
            "{name}"
        );
    }
    let negative = [
        change(1, "working", "-5000"),
        change(2, "completed", "-1000"),
    ]
    .join(",");
    write(
        &lab,
        "x.json",
        &snapshot(&[("tasks", task("a", "")), ("task_sequence", negative)]),
    );
    assert_eq!(
        why(&measured(&lab, "x.json", &READERS), "wall_clock_time_ms"),
        "the run ends before its tasks were created"
    );
}

#[test]
fn a_snapshot_that_was_cut() {
    let lab = Lab::new();
    let text = fs::read(lab.path("templates/medium-feature.json")).unwrap();
    for at in (1..text.len()).step_by(text.len() / 12) {
        fs::write(lab.path("x.json"), &text[..at]).unwrap();
        let done = run(&lab, "tg-metrics x.json");
        assert_eq!(done.status, 4, "{at}: {}", done.err);
        assert!(
            done.err
                .contains(&format!(", after {at} bytes: it was cut off")),
            "{at}: {}",
            done.err
        );
        for reader in &READERS[..3] {
            let done = run(&lab, &reader.replace("FILE", "x.json"));
            assert!(
                done.status > 0 && done.err.contains("it was cut off"),
                "{reader} {at}: {}",
                done.err
            );
        }
    }
}

#[test]
fn duplicates() {
    let lab = Lab::new();
    let one = tasks(1);
    write(&lab, "tables.json", &snapshot(&[one.clone(), one]));
    refused(
        &lab,
        "tables.json",
        "the table is there twice (table \"tasks\", byte ",
    );
    write(&lab, "tables.json", "{\"tables\":{},\"tables\":{}}");
    refused(&lab, "tables.json", "\"tables\" is there twice");
    let twice = [task("a", ""), task("a", ""), task("b", "")].join(",");
    write(&lab, "ids.json", &snapshot(&[("tasks", twice)]));
    let metrics = measured(&lab, "ids.json", &READERS);
    assert_eq!(counted(&metrics, "repeated_tasks"), 1);
    let twice = "{\"id\":\"a\",\"id\":\"b\"}".to_string();
    write(&lab, "keys.json", &snapshot(&[("tasks", twice)]));
    assert_eq!(
        counted(&measured(&lab, "keys.json", &READERS), "rows_unread"),
        1
    );
    let runs = "{\"id\":\"r\"},{\"id\":\"r\"}".to_string();
    write(
        &lab,
        "runs.json",
        &snapshot(&[tasks(1), ("experiment_runs", runs)]),
    );
    assert_eq!(run(&lab, "tg-metrics runs.json").out.lines().count(), 1);
}

#[test]
fn edges_to_nowhere_and_round_in_a_circle() {
    let lab = Lab::new();
    let edges = [
        edge(0, "follows", 7),
        edge(8, "contains", 0),
        edge(0, "follows", 1),
    ]
    .join(",");
    write(
        &lab,
        "dangling.json",
        &snapshot(&[tasks(2), ("dependencies", edges)]),
    );
    assert_eq!(
        counted(&measured(&lab, "dangling.json", &READERS), "dangling_edges"),
        2
    );
    for kind in ["follows", "contains"] {
        let circle = rows(MANY, |at| edge(at, kind, (at + 1) % MANY));
        write(
            &lab,
            "circle.json",
            &snapshot(&[tasks(MANY), ("dependencies", circle)]),
        );
        let metrics = measured(&lab, "circle.json", &READERS);
        let circle = "the dependencies go round in a circle";
        assert_eq!(why(&metrics, "critical_path_ms"), circle);
        let done = run(&lab, "tg-instantiate --template circle.json --db out.db");
        assert_eq!(done.status, 2);
        assert!(
            done.err
                .contains(" each other, and would never be ready: t0 -> "),
            "{}",
            done.err
        );
    }
}
