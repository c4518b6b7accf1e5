//! JSON with the structure of a snapshot, too long, too deep or too dense.

use crate::snapshot_text::{MANY, edge, rows, snapshot, task, tasks, write};
use crate::{READERS, counted, measured, refused, run};
use serde_json::{Value, json};
use tg_tests::Lab;

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
    let says = "the edge `t99999` blocks `t0` joins a container and a task in it";
    assert!(done.err.contains(says), "{}", done.err);
}

#[test]
fn many_claims_and_waits_at_one_point() {
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
    // All wait for a task that changed its state as often.
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
