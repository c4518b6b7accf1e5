//! JSON that is a snapshot by its form.

use crate::{READERS, counted, measured, refused, run, why};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use tg_tests::Lab;

/// Long, as lists and histories go.
const MANY: usize = 100_000;

/// A snapshot of these tables, each `"name":[rows]`.
fn snapshot(tables: &[(&str, String)]) -> String {
    let tables: Vec<_> = tables
        .iter()
        .map(|(name, rows)| format!("\"{name}\":[{rows}]"))
        .collect();
    format!(
        "{{\"exported_by\":\"x\",\"tables\":{{{}}}}}",
        tables.join(",")
    )
}

/// Rows made of their numbers.
fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for at in 0..count {
        let separator = if at == 0 { "" } else { ",\n" };
        write!(text, "{separator}{}", row(at)).unwrap();
    }
    text
}

/// A task in a state, with more columns.
fn task(id: &str, more: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"title\":\"T\",\"status\":\"completed\",\"created_at\":1000,\"updated_at\":1000{more}}}"
    )
}

fn edge(from: usize, kind: &str, to: usize) -> String {
    format!("{{\"from_task_id\":\"t{from}\",\"to_task_id\":\"t{to}\",\"dep_type\":\"{kind}\"}}")
}

fn tasks(count: usize) -> (&'static str, String) {
    ("tasks", rows(count, |at| task(&format!("t{at}"), "")))
}

fn write(lab: &Lab, name: &str, text: &str) {
    fs::write(lab.path(name), text).unwrap();
}

#[test]
fn lists_of_ten_million() {
    let lab = Lab::new();
    let ones = "1,".repeat(10_000_000) + "1";
    let texts = "\"a\",".repeat(10_000_000) + "\"a\"";
    let says =
        "holds more than a million values: not a row of the host (table \"tasks\", row 1, byte ";
    write(
        &lab,
        "tags.json",
        &snapshot(&[("tasks", task("a", &format!(",\"tags\":[{texts}]")))]),
    );
    refused(&lab, "tags.json", says);
    write(
        &lab,
        "slots.json",
        &snapshot(&[("tasks", task("a", &format!(",\"metrics\":[{ones}]")))]),
    );
    refused(&lab, "slots.json", says);
    let text = task("a", &format!(",\"tags\":{}", json!(format!("[{ones}]"))));
    write(&lab, "text.json", &snapshot(&[("tasks", text)]));
    assert_eq!(
        counted(&measured(&lab, "text.json", &READERS), "rows_unread"),
        1
    );
    let runs =
        json!({"id": "r", "run_json": format!("[{ones}]"), "config_snapshot": format!("[{ones}]")});
    write(
        &lab,
        "run.json",
        &snapshot(&[tasks(1), ("experiment_runs", runs.to_string())]),
    );
    let metrics = measured(&lab, "run.json", &READERS);
    assert!(
        metrics["warnings"]
            .to_string()
            .contains("run_json is not JSON: it is longer than 4 MiB")
    );
    write(
        &lab,
        "rows.json",
        &snapshot(&[("tasks", "{},".repeat(10_000_000) + "{}")]),
    );
    assert_eq!(
        counted(
            &measured(&lab, "rows.json", &[READERS[0], READERS[3]]),
            "rows_unread"
        ),
        10_000_001
    );
    write(
        &lab,
        "table.json",
        &snapshot(&[tasks(1), ("of_tomorrow", ones.clone())]),
    );
    assert_eq!(
        measured(&lab, "table.json", &READERS[..3])["completion_rate_pct"],
        100.0
    );
    let top = snapshot(&[tasks(1)]).replacen('{', &format!("{{\"of_tomorrow\":[{ones}],"), 1);
    write(&lab, "top.json", &top);
    assert_eq!(
        measured(&lab, "top.json", &READERS[..3])["completion_rate_pct"],
        100.0
    );
    let names = rows(20_000, |at| format!("\"{at}\":null"));
    write(&lab, "tables.json", &format!("{{\"tables\":{{{names}}}}}"));
    refused(
        &lab,
        "tables.json",
        "there are more than 10,000 tables (table \"10000\", byte ",
    );
}

#[test]
fn a_row_of_a_hundred_megabytes() {
    let lab = Lab::new();
    let long = "x".repeat(100_000_000);
    write(
        &lab,
        "row.json",
        &snapshot(&[("tasks", task("a", &format!(",\"description\":\"{long}\"")))]),
    );
    refused(
        &lab,
        "row.json",
        "is longer than 64 MiB: not a row of the host (table \"tasks\", row 1, byte ",
    );
    write(
        &lab,
        "name.json",
        &format!("{{\"tables\":{{\"{}\":[]}}}}", &long[..1_000_000]),
    );
    refused(&lab, "name.json", "a name is longer than 1 KiB");
    write(
        &lab,
        "other.json",
        &snapshot(&[
            tasks(1),
            ("attachments", format!("{{\"content\":\"{long}\"}}")),
        ]),
    );
    assert_eq!(
        measured(&lab, "other.json", &READERS)["completion_rate_pct"],
        100.0
    );
    let time = format!(",\"completed_at\":\"{}\"", &long[..1_000_000]);
    write(&lab, "time.json", &snapshot(&[("tasks", task("a", &time))]));
    assert_eq!(
        counted(&measured(&lab, "time.json", &READERS), "rows_unread"),
        1
    );
}

#[test]
fn nested_a_hundred_thousand_deep() {
    let lab = Lab::new();
    let deep = "[".repeat(MANY) + &"]".repeat(MANY);
    let object = "{\"a\":".repeat(MANY) + "1" + &"}".repeat(MANY);
    for (name, deep) in [("list", &deep), ("object", &object)] {
        let row = snapshot(&[("tasks", format!("{},{deep}", task("a", "")))]);
        let known = snapshot(&[(
            "tasks",
            format!(
                "{},{}",
                task("a", ""),
                task("b", &format!(",\"tags\":{deep}"))
            ),
        )]);
        let column = snapshot(&[("tasks", task("a", &format!(",\"of_tomorrow\":{deep}")))]);
        let top = snapshot(&[tasks(1)]).replacen('{', &format!("{{\"of_tomorrow\":{deep},"), 1);
        for (place, text, unread) in [
            ("row", row, 1),
            ("known", known, 1),
            ("column", column, 0),
            ("top", top, 0),
        ] {
            let file = format!("{name}-{place}.json");
            write(&lab, &file, &text);
            let metrics = measured(&lab, &file, &READERS);
            assert_eq!(metrics["completion_rate_pct"], 100.0, "{file}");
            if unread > 0 {
                assert_eq!(counted(&metrics, "rows_unread"), unread, "{file}");
            }
        }
    }
    write(
        &lab,
        "open.json",
        &format!("{{\"tables\":{{\"tasks\":[{}", "[".repeat(MANY)),
    );
    refused(&lab, "open.json", "it was cut off");
}

#[test]
fn bytes_that_are_no_text() {
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
            "the table is no list (table \"\\u{1b}[31m\"",
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
fn what_stands_twice() {
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

#[test]
fn containers_a_hundred_thousand_deep() {
    let lab = Lab::new();
    let contains = |at| edge(at, "contains", at + 1);
    let follows = |at: usize| edge(at, "follows", MANY + at);
    let edges = [
        rows(MANY - 1, contains),
        rows(MANY - 1, follows),
        edge(MANY - 1, "blocks", 0),
    ]
    .join(",");
    write(
        &lab,
        "deep.json",
        &snapshot(&[tasks(2 * MANY), ("dependencies", edges)]),
    );
    measured(&lab, "deep.json", &READERS[..2]);
    let done = run(&lab, "tg-instantiate --template deep.json --db out.db");
    assert_eq!(done.status, 2);
    let says = "the edge `t99999` blocks `t0` joins a container and what is in it";
    assert!(done.err.contains(says), "{}", done.err);
}

#[test]
fn many_who_meet_at_one_thing() {
    let lab = Lab::new();
    // Each worker gives the file back as the next takes it, but for the last.
    let claims = rows(MANY, |at| {
        let (from, to) = (at.min(MANY - 2), at + 1);
        format!(
            "{{\"id\":{at},\"file_path\":\"/x\",\"worker_id\":\"w{at}\",\"event\":\"claimed\",\"timestamp\":{from},\"end_timestamp\":{to}}}"
        )
    });
    write(
        &lab,
        "claims.json",
        &snapshot(&[tasks(1), ("claim_sequence", claims)]),
    );
    assert_eq!(
        measured(&lab, "claims.json", &READERS)["file_contention"],
        1
    );
    // All wait for a task that changed its mind as often.
    let states = ["pending", "completed"];
    let history = rows(2 * MANY, |at| {
        let (id, state) = if at < MANY {
            (0, states[at % 2])
        } else {
            (at - MANY + 1, "working")
        };
        format!(
            "{{\"id\":{at},\"task_id\":\"t{id}\",\"worker_id\":\"w\",\"status\":\"{state}\",\"timestamp\":{}}}",
            1000 + at
        )
    });
    let edges = rows(MANY, |at| edge(0, "follows", at + 1));
    write(
        &lab,
        "star.json",
        &snapshot(&[
            tasks(MANY + 1),
            ("dependencies", edges),
            ("task_sequence", history),
        ]),
    );
    let metrics = measured(&lab, "star.json", &READERS[..2]);
    assert_eq!(metrics["early_starts"], 0);
    assert_eq!(metrics["blocked_time_ms"], (MANY - 1) * MANY);
}

#[test]
fn a_database_shared_by_thousands() {
    let lab = Lab::new();
    let runs = 3000;
    let tasks = rows(MANY, |at| task(&format!("t{at:06}"), ""));
    let origins = rows(MANY, |at| {
        format!(
            "{{\"run_id\":\"r{}\",\"task_id\":\"t{at:06}\",\"template_task_id\":\"t\"}}",
            at % runs
        )
    });
    let runs = rows(runs, |at| {
        format!("{{\"id\":\"r{at}\",\"started_at\":5,\"run_json\":\"{{\\\"shared_db\\\":true}}\"}}")
    });
    write(
        &lab,
        "shared.json",
        &snapshot(&[
            ("experiment_runs", runs),
            ("experiment_tasks", origins),
            ("tasks", tasks),
        ]),
    );
    let done = run(&lab, "tg-metrics --only completion_rate_pct shared.json");
    assert_eq!(done.status, 0, "{}", done.err);
    let lines: Vec<Value> = tg_tests::records(&done.out);
    assert_eq!(lines.len(), 3000);
    assert!(
        lines
            .iter()
            .all(|line| line["metrics"]["completion_rate_pct"] == 100.0)
    );
    assert_eq!(
        lines
            .iter()
            .map(|line| line["instantiate"]["tasks"].as_u64().unwrap())
            .sum::<u64>(),
        MANY as u64
    );
}
