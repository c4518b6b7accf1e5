//! The content of a snapshot, and that it is the same whenever the database is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{BEGIN, Bench, document};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::process::Command;
use tg_export::ExportOptions;
use tg_host::{Host, Snapshot};

const TABLES: [&str; 14] = [
    "attachments",
    "claim_sequence",
    "dependencies",
    "experiment_agents",
    "experiment_runs",
    "experiment_tasks",
    "file_locks",
    "refinery_schema_history",
    "task_needed_tags",
    "task_sequence",
    "task_tags",
    "task_wanted_tags",
    "tasks",
    "workers",
];

fn names(document: &Value) -> Vec<&str> {
    document["tables"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn rows<'a>(document: &'a Value, table: &str) -> &'a [Value] {
    document["tables"][table].as_array().unwrap()
}

fn count(db: &Connection, table: &str) -> usize {
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
        row.get::<_, i64>(0)
    })
    .unwrap() as usize
}

#[test]
fn has_every_table_row_and_column() {
    let bench = Bench::new();
    let document = bench.export("s.json");
    assert_eq!(names(&document), TABLES);
    let db = bench.open();
    for table in TABLES {
        let rows = rows(&document, table);
        assert_eq!(rows.len(), count(&db, table), "{table}");
        let columns = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        for row in rows {
            let keys: Vec<_> = row.as_object().unwrap().keys().collect();
            assert_eq!(keys, columns.column_names().collect::<Vec<_>>(), "{table}");
        }
    }
}

#[test]
fn keeps_values_as_they_are_stored() {
    let document = Bench::new().export("s.json");
    assert_eq!(document["schema_version"], json!(3));
    assert_eq!(document["export_version"], json!("1.0.0"));
    assert_eq!(
        document["exported_by"],
        json!(concat!("tg-export ", env!("CARGO_PKG_VERSION")))
    );
    let task = &rows(&document, "tasks")[1];
    assert_eq!(task["title"], json!("Zwei \"B\" \u{e4}"));
    assert_eq!(task["created_at"], json!(BEGIN));
    assert_eq!(task["priority"], json!("8"));
    assert_eq!(task["tags"], json!("[\"a\",\"b\"]"));
    assert_eq!(task["description"], Value::Null);
    assert_eq!(task["cost_usd"], json!(0.25));
    assert!(rows(&document, "tasks")[0]["cost_usd"].is_f64());
    assert_eq!(task["metric_0"], json!(1180));
    assert_eq!(
        rows(&document, "attachments")[1]["content"],
        json!("{\"k\":[1]}")
    );
}

#[test]
fn rows_come_in_order() {
    let document = Bench::new().export("s.json");
    let of = |table: &str, column: &str| -> Vec<Value> {
        rows(&document, table)
            .iter()
            .map(|row| row[column].clone())
            .collect()
    };
    assert_eq!(of("tasks", "id"), ["a", "b", "root"]);
    assert_eq!(of("task_sequence", "task_id"), ["a", "b", "b", "b", "root"]);
    assert_eq!(of("task_sequence", "id"), [3, 2, 4, 5, 1]);
    assert_eq!(of("attachments", "content"), ["", "{\"k\":[1]}", "second"]);
    assert_eq!(of("task_tags", "tag"), ["a", "b"]);
}

#[test]
fn one_row_a_line() {
    let bench = Bench::new();
    bench.export("s.json");
    let text = std::fs::read_to_string(bench.path("s.json")).unwrap();
    assert!(text.ends_with("\n}}\n"));
    for line in text.lines().filter(|line| line.starts_with("{\"id\"")) {
        let row: Value = serde_json::from_str(line.trim_end_matches(',')).unwrap();
        assert!(row.is_object());
    }
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("{\"id\":\""))
            .count(),
        3 + 1 + 1
    ); // tasks, run, worker
}

#[test]
fn what_json_has_no_form_for_is_kept_in_one_of_its_own() {
    let bench = Bench::new();
    let sql = "CREATE TABLE odd(a, \"b \"\" c\", d, e, f);
               INSERT INTO odd VALUES(x'00ff', CAST(x'61ff' AS TEXT), 9e999, -9e999, 1e300), (1, 'two', 3.0, NULL, -9223372036854775808);";
    bench.open().execute_batch(sql).unwrap();
    let document = bench.export("s.json.gz");
    assert_eq!(
        rows(&document, "odd"),
        [
            json!({"a": {"blob_hex": "00ff"}, "b \" c": {"text_hex": "61ff"}, "d": {"real": "inf"}, "e": {"real": "-inf"}, "f": 1e300}),
            json!({"a": 1, "b \" c": "two", "d": 3.0, "e": null, "f": i64::MIN}),
        ]
    );
}

#[test]
fn same_database_same_bytes_and_nothing_written_twice() {
    let bench = Bench::new();
    bench.end("completed", BEGIN + 2500);
    let (first, second) = (bench.path("a.json.gz"), bench.path("b.json.gz"));
    let before = std::fs::read(&bench.db).unwrap();
    let one = tg_export::export(&bench.db, &first, &ExportOptions::default()).unwrap();
    let two = tg_export::export(&bench.db, &second, &ExportOptions::default()).unwrap();
    assert_eq!((&one.sha256, one.bytes), (&two.sha256, two.bytes));
    let bytes = std::fs::read(&first).unwrap();
    assert_eq!(bytes, std::fs::read(&second).unwrap());
    assert_eq!(
        (tg_stage::file::sha256(&bytes), bytes.len() as u64),
        (one.sha256, one.bytes)
    );
    assert_eq!(bytes[4..8], [0; 4], "no time in the gzip header");

    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&path.metadata().unwrap());
    let there = inode(&first);
    tg_export::export(&bench.db, &first, &ExportOptions::default()).unwrap();
    assert_eq!(inode(&first), there, "the same file, not one like it");
    assert_eq!(
        std::fs::read(&bench.db).unwrap(),
        before,
        "the database is not changed"
    );
    bench
        .open()
        .execute_batch("UPDATE tasks SET title = 'new' WHERE id = 'a'")
        .unwrap();
    tg_export::export(&bench.db, &first, &ExportOptions::default()).unwrap();
    assert_ne!(inode(&first), there);
}

#[test]
fn plain_and_gzip_hold_the_same() {
    let bench = Bench::new();
    bench.export("s.json");
    bench.export("s.json.gz");
    let plain = std::fs::read(bench.path("s.json")).unwrap();
    assert!(plain.starts_with(b"{\"schema_version\":3,"));
    assert!(
        std::fs::read(bench.path("s.json.gz"))
            .unwrap()
            .starts_with(&[0x1f, 0x8b])
    );
    let mut unpacked = Vec::new();
    let mut text = tg_host::snapshot::text::open(&bench.path("s.json.gz")).unwrap();
    text.read_to_end(&mut unpacked).unwrap();
    assert_eq!(plain, unpacked);
}

#[test]
fn what_is_no_ordinary_file_is_left_alone() {
    let bench = Bench::new();
    let (pipe, link, real) = (bench.path("pipe"), bench.path("link"), bench.path("real"));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let refused = tg_export::export(&bench.db, &pipe, &ExportOptions::default()).unwrap_err();
    assert!(
        refused.to_string().contains("not an ordinary file"),
        "{refused}"
    );
    assert!(!pipe.is_file() && pipe.exists());
    std::fs::write(&real, "before").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    tg_export::export(&bench.db, &link, &ExportOptions::default()).unwrap();
    assert!(link.is_symlink() && std::fs::read(&real).unwrap().starts_with(b"{"));
}

#[test]
fn exported_at_is_a_time_of_the_data() {
    let bench = Bench::new();
    assert_eq!(
        bench.export("a.json")["exported_at"],
        json!("2026-11-22T14:13:01.471Z"),
        "the last change"
    );
    bench.end("timeout", BEGIN + 9_000);
    assert_eq!(
        bench.export("a.json")["exported_at"],
        json!("2026-11-22T14:13:07.971Z"),
        "the end"
    );
    bench.end("timeout", i64::MAX);
    assert_eq!(
        bench.export("a.json")["exported_at"],
        json!("9999-12-31T23:59:59.999Z")
    );
    bench.end("timeout", i64::MIN);
    assert_eq!(
        bench.export("a.json")["exported_at"],
        json!("1970-01-01T00:00:00.000Z")
    );
}

#[test]
fn the_host_imports_it() {
    let (bench, host) = (Bench::new(), Host::find().unwrap());
    for name in ["s.json", "s.json.gz"] {
        bench.export(name);
        let copy = bench.path(&format!("{name}.db"));
        tg_host::empty_database::create(&host, &copy).unwrap();
        let out = Command::new(&host.path)
            .args(["--log", "0", "--database"])
            .arg(&copy)
            .arg("import")
            .arg(bench.path(name))
            .current_dir(bench.dir.path())
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let (copy, original) = (Connection::open(&copy).unwrap(), bench.open());
        for table in [
            "tasks",
            "task_sequence",
            "dependencies",
            "attachments",
            "task_tags",
            "task_needed_tags",
        ] {
            assert_eq!(texts(&copy, table), texts(&original, table), "{table}");
        }
    }
}

/// The rows of a table but for `tasks.phase`, which the host's import forgets.
fn texts(db: &Connection, table: &str) -> Vec<String> {
    let statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = statement
        .column_names()
        .filter(|column| (table, *column) != ("tasks", "phase"));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let mut rows = db
        .prepare(&format!(
            "SELECT json_array({columns}) FROM {table} ORDER BY 1"
        ))
        .unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn databases_of_every_host_version() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    if !fixtures.is_dir() {
        eprintln!("skipped: no {}", fixtures.display());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "0.2.2/swarm",
        "0.3.0/kanban",
        "0.5.0/kanban",
        "0.5.0/push",
        "0.5.0/relay",
        "0.5.0/swarm",
    ] {
        let db = dir.path().join("tasks.db");
        let _ = std::fs::remove_file(&db);
        std::fs::write(
            &db,
            std::fs::read(fixtures.join(format!("{name}.db"))).unwrap(),
        )
        .unwrap();
        let out = dir.path().join("s.json.gz");
        tg_export::export(&db, &out, &ExportOptions::default()).unwrap();
        let (ours, theirs) = (
            document(&out),
            document(&fixtures.join(format!("{name}.json"))),
        );
        for table in theirs["tables"].as_object().unwrap().keys() {
            assert_eq!(
                rows(&ours, table).len(),
                rows(&theirs, table).len(),
                "{name}: {table}"
            );
        }
        assert!(
            names(&ours)
                .iter()
                .all(|table| !table.contains("fts") && !table.starts_with("sqlite")),
            "{name}"
        );
        let snapshot = Snapshot::load(&out).unwrap();
        let tasks = rows(&theirs, "tasks").len();
        assert_eq!(
            (snapshot.resolution_ms, snapshot.tables.tasks.len()),
            (1, tasks),
            "{name}"
        );
    }
}
