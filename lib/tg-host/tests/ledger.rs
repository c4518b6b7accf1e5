//! Rows read in place, and rows read by serde: the same for any content.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod content;

use content::{Content, read_alike};
use proptest::prelude::*;
use std::io::Read;
use tg_host::Ledger;

/// A snapshot with these tables, as `"name":[...]` each.
fn snapshot(tables: &[String]) -> String {
    format!(
        "{{\"exported_by\": \"x\", \"tables\": {{{}}}}}        ",
        tables.join(",")
    )
}

/// Names of columns in some table, and an unknown one.
const NAMES: [&str; 24] = [
    "id",
    "task_id",
    "status",
    "event",
    "worker_id",
    "phase",
    "reason",
    "timestamp",
    "end_timestamp",
    "created_at",
    "completed_at",
    "deleted_at",
    "title",
    "description",
    "priority",
    "tags",
    "points",
    "cost_usd",
    "time_actual_ms",
    "metrics",
    "metric_1",
    "from_task_id",
    "to_task_id",
    "unheard_of",
];

/// Values of all kinds, good and bad, as JSON.
const VALUES: [&str; 44] = [
    "null",
    "true",
    "0",
    "-0",
    "01",
    "-7",
    "1795356000123",
    "999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1.5",
    "1.0",
    "1e3",
    "1e999",
    "1.",
    "0.1000000000000000055511151231257827",
    "\"\"",
    "\"a\"",
    "\"working\"",
    "\"completed\"",
    "\"stale_release\"",
    "\"auto-rollup: x\"",
    "\"auto-rollup: \\\"x\\\"\"",
    "\"naïve 日本 text that is longer than a word\"",
    "\"q\\\"uote\"",
    "\"line\\nend\"",
    "\"\\u0041\"",
    "\"\\ud800\"",
    "\"\\x\"",
    "\"tab\tinside\"",
    "\"[\\\"a\\\",\\\"b\\\"]\"",
    "\"[]\"",
    "\"2026-11-22T14:27:13Z\"",
    "\"2026-02-30T14:27:13Z\"",
    "\"2024-02-29T23:59:59Z\"",
    "\"2026-11-22T14:27:13.123456789+00:00\"",
    "\"2026-11-22T25:27:13Z\"",
    "[]",
    "[\"a\", \"b\"]",
    "[1, 2,3 ]",
    "[1,]",
    "[[1]]",
    "{\"a\": [1]}",
];

fn row() -> impl Strategy<Value = String> {
    let member = (0..NAMES.len(), 0..VALUES.len(), 0..8_u8);
    let members = prop::collection::vec(member, 0..9);
    members.prop_map(|members| {
        let member = |(name, value, space): &(usize, usize, u8)| {
            let (before, after) = (
                ["", " ", "\n  "][usize::from(space % 3)],
                ["", " "][usize::from(space / 4)],
            );
            format!("{before}\"{}\":{after}{}", NAMES[*name], VALUES[*value])
        };
        let members: Vec<_> = members.iter().map(member).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn table() -> impl Strategy<Value = Vec<String>> {
    // Each row several times in succession: only then it is read in place.
    let rows = prop::collection::vec((row(), 1..4_usize), 0..8);
    rows.prop_map(|rows| {
        let rows = rows.into_iter();
        rows.flat_map(|(row, times)| vec![row; times]).collect()
    })
}

const TABLES: [&str; 6] = [
    "tasks",
    "task_sequence",
    "dependencies",
    "task_tags",
    "experiment_tasks",
    "attachments",
];

proptest! {
    #[test]
    fn any_rows_are_read_alike(tables in prop::collection::vec(table(), TABLES.len())) {
        let tables: Vec<_> = TABLES
            .iter()
            .zip(tables)
            .map(|(name, rows)| format!("\"{name}\": [{}]", rows.join(",\n")))
            .collect();
        let _ = read_alike(snapshot(&tables).as_bytes());
    }

    #[test]
    fn any_bytes_in_a_good_row_are_read_alike(at in 0..120_usize, byte: u8) {
        let good = "{\"id\": 1, \"task_id\": \"a\", \"status\": \"working\", \"timestamp\": 1795356000123, \"x\": \"é\"}";
        let mut bad = good.as_bytes().to_vec();
        let at = at % bad.len();
        bad[at] = byte;
        let mut text = format!("{{\"tables\": {{\"task_sequence\": [{good},\n{good},\n").into_bytes();
        text.extend(&bad);
        text.extend(format!(",\n{good}]}}}}").bytes());
        let _ = read_alike(&text);
    }
}

#[test]
fn times_of_rows_that_are_refused_tell_nothing() {
    let good = "{\"task_id\":\"a\",\"timestamp\":1}";
    let bad = "{\"task_id\":-7,\"timestamp\":\"2026-11-22T14:27:13Z\"}";
    let text = snapshot(&[format!("\"task_sequence\":[{good},{good},{bad},{bad}]")]);
    let ledger = read_alike(text.as_bytes()).expect("a snapshot");
    assert_eq!((ledger.resolution_ms, ledger.unread[0].rows), (1, 2));
}

/// A text that arrives in pieces of any size.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn where_the_text_is_cut_into_pieces_does_not_matter() {
    let rows: Vec<_> = (0..50)
        .map(|at| format!("{{\n  \"id\": {at},\n  \"task_id\": \"t{}\",\n  \"status\": \"working\",\n  \"timestamp\": {at}\n}}", at / 3))
        .collect();
    let text = snapshot(&[format!("\"task_sequence\": [\n{}\n]", rows.join(",\n"))]);
    let whole = read_alike(text.as_bytes()).expect("a snapshot");
    assert_eq!(whole.rows(), (50, 49));
    for size in 1..200 {
        let dropped = Ledger::read(Drops(text.as_bytes(), size)).expect("a snapshot");
        let dropped = Content::from(&dropped);
        assert!(
            dropped == Content::from(&whole),
            "in pieces of {size} bytes"
        );
    }
}

#[test]
fn rows_in_any_order_are_found() {
    let row = |id: i64, task: &str| {
        format!("{{\"id\":{id},\"task_id\":\"{task}\",\"status\":\"s{id}\",\"timestamp\":1}}")
    };
    let rows = [
        row(5, "b"),
        row(2, "a"),
        row(4, "b"),
        row(1, "a"),
        row(3, "c"),
    ];
    let tasks = ["c", "a", "b", "a"].map(|id| format!("{{\"id\":\"{id}\",\"status\":\"x\"}}"));
    let text = snapshot(&[
        format!("\"task_sequence\":[{}]", rows.join(",")),
        format!("\"tasks\":[{}]", tasks.join(",")),
    ]);
    let ledger = read_alike(text.as_bytes()).expect("a snapshot");
    let ids: Vec<_> = (0..ledger.len() as u32)
        .map(|place| ledger.task(place).id)
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(ledger.repeated().len(), 1);
    let history = |task: &str| {
        let name = ledger.name(task).expect("a task");
        ledger.history(name).map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(
        [history("a"), history("b"), history("c")],
        [vec![1, 2], vec![4, 5], vec![3]]
    );
}

#[test]
fn rows_with_ever_new_names_are_read_alike() {
    // More names than are numbered: in one row, over all rows, and before a plain row.
    let names: Vec<String> = (0..100).map(|at| format!("\"n{at}\": {at}")).collect();
    let wide = format!(
        "{{\"id\": \"w\", {}, \"status\": \"working\"}}",
        names.join(", ")
    );
    let each =
        (0..300).map(|at| format!("{{\"id\": \"t{at}\", \"m{at}\": 1, \"status\": \"pending\"}}"));
    let mut rows: Vec<String> = each.collect();
    rows.insert(10, wide);
    let text = format!("{{\"tables\": {{\"tasks\": [{}]}}}}", rows.join(",\n"));
    let ledger = read_alike(text.as_bytes()).unwrap();
    assert_eq!(ledger.len(), 301);
}
