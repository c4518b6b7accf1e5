//! A snapshot of any bytes: it is read, or refused with a reason, and every row is counted.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;
use tg_host::Snapshot;
use tg_host::snapshot::text;

/// Tables that are read, and their columns.
const TABLES: [(&str, &[&str]); 8] = [
    (
        "tasks",
        &[
            "id",
            "title",
            "status",
            "priority",
            "tags",
            "needed_tags",
            "points",
            "metrics",
            "metric_0",
            "cost_usd",
            "created_at",
            "completed_at",
            "time_actual_ms",
            "phase",
        ],
    ),
    ("dependencies", &["from_task_id", "to_task_id", "dep_type"]),
    (
        "task_sequence",
        &["id", "task_id", "status", "event", "timestamp", "worker_id"],
    ),
    ("task_tags", &["task_id", "tag"]),
    (
        "claim_sequence",
        &[
            "id",
            "file_path",
            "worker_id",
            "event",
            "timestamp",
            "end_timestamp",
        ],
    ),
    (
        "experiment_runs",
        &[
            "id",
            "started_at",
            "completed_at",
            "run_json",
            "verify_score",
        ],
    ),
    (
        "experiment_tasks",
        &["run_id", "task_id", "template_task_id"],
    ),
    (
        "experiment_agents",
        &["run_id", "worker_id", "role", "cost_usd", "tokens_in"],
    ),
];

/// A snapshot as `tg-export` writes it, of a run of two tasks.
fn small() -> String {
    let tables = json!({
        "claim_sequence": [{"id": 1, "file_path": "/w/x", "worker_id": "r1-w1", "event": "claimed", "timestamp": 1_795_356_779_000_i64}],
        "dependencies": [{"from_task_id": "a", "to_task_id": "b", "dep_type": "follows"}],
        "experiment_agents": [{"run_id": "r1", "worker_id": "r1-w1", "role": "worker", "cost_usd": 0.25, "tokens_in": 12}],
        "experiment_runs": [{"id": "r1", "completed_at": 1_795_356_790_112_i64, "run_json": "{\"id\":\"r1\",\"arm\":\"x\"}"}],
        "experiment_tasks": [{"run_id": "r1", "task_id": "a", "template_task_id": "ta"}],
        "task_sequence": [
            {"id": 1, "task_id": "a", "status": "pending", "timestamp": 1_795_356_778_971_i64, "worker_id": null},
            {"id": 2, "task_id": "a", "status": "working", "timestamp": 1_795_356_779_971_i64, "worker_id": "r1-w1"},
        ],
        "task_tags": [],
        "tasks": [
            {"id": "a", "title": "Zwei \"A\" \u{e4}\\", "status": "working", "tags": "[\"x\",\"y\"]", "points": 3, "cost_usd": 0.5,
             "created_at": 1_795_356_778_971_i64, "metric_0": 7, "unknown": [{"deep": [[]]}, "]}", 1e9]},
            {"id": "b", "title": "", "status": "pending", "priority": 5, "metrics": [1, 2], "created_at": "2026-11-22T21:00:00Z"},
        ],
        "of_tomorrow": [{"x": [1, {"y": "}"}]}, 7],
    });
    let head = json!({"schema_version": 3, "exported_at": "2026-11-22T21:00:00.000Z", "exported_by": "tg-export 0.1.0"});
    let head = head.to_string();
    format!(
        "{},\"tables\":{tables},\"resolution_ms\":1}}\n",
        head.trim_end_matches('}')
    )
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Reads bytes like a file; an error must be short and printable.
fn read(bytes: &[u8]) -> Result<Snapshot, String> {
    let text = text::plain(bytes, Some(bytes.len() as u64)).map_err(|cause| cause.to_string());
    let read = text.and_then(Snapshot::read);
    if let Err(cause) = &read {
        assert!((10..500).contains(&cause.len()), "{cause}");
        assert!(!cause.contains(char::is_control), "{cause:?}");
    }
    read
}

/// The number of rows of a table that were read, and of those that could not be.
fn rows(snapshot: &Snapshot, table: &str) -> (usize, usize) {
    let tables = &snapshot.tables;
    let read = match table {
        "tasks" => tables.tasks.len(),
        "dependencies" => tables.dependencies.len(),
        "task_sequence" => tables.task_sequence.len(),
        "task_tags" => tables.task_tags.len(),
        "claim_sequence" => tables.claim_sequence.len(),
        "experiment_runs" => tables.experiment_runs.len(),
        "experiment_tasks" => tables.experiment_tasks.len(),
        _ => tables.experiment_agents.len(),
    };
    let unread = snapshot.unread.iter().find(|unread| unread.table == table);
    (read, unread.map_or(0, |unread| unread.rows as usize))
}

#[test]
fn a_snapshot_that_was_cut_anywhere_says_so() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/tiny-feature.json");
    for whole in [small().into_bytes(), std::fs::read(template).unwrap()] {
        let end = whole.trim_ascii_end().len();
        let zipped = gzip(&whole);
        let plain = (0..whole.len()).map(|at| (at, &whole[..at], at >= end));
        let gzip = (0..zipped.len()).map(|at| (at, &zipped[..at], false));
        for (at, cut, is_whole) in plain.chain(gzip) {
            match read(cut) {
                Ok(_) => assert!(is_whole, "at byte {at}"),
                Err(cause) if at == 0 => assert_eq!(cause, "is empty: not a snapshot"),
                Err(cause) => assert!(cause.ends_with("it was cut off"), "at byte {at}: {cause}"),
            }
        }
        assert_eq!(
            read(&whole).unwrap().tables.tasks.len(),
            read(&zipped).unwrap().tables.tasks.len()
        );
    }
}

#[test]
fn a_bit_that_fell_over_is_read_or_refused() {
    let whole = small().into_bytes();
    let rows_of = |snapshot: &Snapshot| TABLES.map(|(table, _)| rows(snapshot, table));
    let (mut refused, mut noticed) = (0, 0);
    let good = rows_of(&read(&whole).unwrap());
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            match read(&bytes) {
                Ok(snapshot) => noticed += usize::from(rows_of(&snapshot) != good),
                Err(_) => refused += 1,
            }
        }
    }
    let zipped = gzip(&whole);
    for at in 0..zipped.len() {
        let mut bytes = zipped.clone();
        bytes[at] ^= 0x10;
        // Times and flags in the header have no effect, nor has the last byte's padding; the text has a checksum.
        if let Ok(snapshot) = read(&bytes) {
            assert_eq!(rows_of(&snapshot), good, "at byte {at}");
        }
    }
    assert!(
        refused > whole.len() && noticed > whole.len() / 2,
        "{refused} {noticed}"
    );
}

/// A value that may be valid in a column, or not.
fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(9_223_372_036_854_775_808_u64)),
        Just(json!(1e300)),
    ];
    let text = prop_oneof![
        any::<String>().prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?(Z|\\+00:00)?"
            .prop_map(Value::from),
        "[abc]".prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let object = prop::collection::btree_map("[a-z]{0,3}", inner, 0..4);
        let object = object.prop_map(|object| object.into_iter().collect::<Map<_, _>>().into());
        prop_oneof![list, object]
    })
}

/// A row of a table: some of its columns, with any values.
fn row(columns: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let cells = prop::collection::vec(prop::option::of(value()), columns.len());
    cells.prop_map(|cells| {
        let cells = columns.iter().zip(cells);
        let cells = cells.filter_map(|(column, cell)| Some(((*column).to_string(), cell?)));
        Value::Object(cells.collect())
    })
}

proptest! {
    #[test]
    fn noise_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = read(&[b"{\"tables\":{\"tasks\":[".as_slice(), &bytes].concat());
        let _ = read(&[[0x1f, 0x8b, 8, 0].as_slice(), &bytes].concat());
    }

    #[test]
    fn every_row_is_read_or_counted(
        (name, mut given) in (0..TABLES.len()).prop_map(|at| TABLES[at]).prop_flat_map(|(name, columns)| {
            (Just(name), prop::collection::vec(row(columns), 0..6))
        }),
        odd in value(),
    ) {
        given.push(odd);
        let text = json!({"exported_by": "x", "tables": {name: given, "of_tomorrow": given}}).to_string();
        let snapshot = read(text.as_bytes()).unwrap();
        let (read, unread) = rows(&snapshot, name);
        prop_assert_eq!(read + unread, given.len());
        for unread in &snapshot.unread {
            prop_assert!(unread.first.len() < 1000 && unread.first.starts_with("row "), "{}", unread.first);
        }
    }

    #[test]
    fn a_part_that_was_replaced_is_read_or_refused(
        from in any::<prop::sample::Index>(),
        length in 0_usize..40,
        by in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20),
            "[\\[\\]{}\",:0-9\\\\ ]{0,12}".prop_map(String::into_bytes),
        ],
    ) {
        let mut bytes = small().into_bytes();
        let from = from.index(bytes.len());
        let to = (from + length).min(bytes.len());
        bytes.splice(from..to, by);
        let _ = read(&bytes);
    }
}
