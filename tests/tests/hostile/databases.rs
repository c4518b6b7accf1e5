//! Databases that are broken, from a newer version, or have values of the wrong type in their columns.

use crate::{READERS, counted, measured, refused, run};
use rusqlite::Connection;
use std::fs;
use tg_tests::Lab;

/// A database of the host with one copy of a template in it, in one file as `tg-wait` leaves it, and its bytes.
fn database(lab: &Lab) -> Vec<u8> {
    lab.sh("tg-instantiate --template templates/medium-feature.json --db good.db")
        .ok();
    let db = Connection::open(lab.path("good.db")).unwrap();
    db.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(db);
    fs::read(lab.path("good.db")).unwrap()
}

/// A copy of it after running `sql`.
fn changed(lab: &Lab, sql: &str) {
    fs::copy(lab.path("good.db"), lab.path("x.db")).unwrap();
    let db = Connection::open(lab.path("x.db")).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    db.execute_batch(sql).unwrap();
}

#[test]
fn truncated_or_overwritten_anywhere() {
    let lab = Lab::new();
    let good = database(&lab);
    let mut refusals = 0;
    for part in 1..10 {
        let at = good.len() * part / 10;
        let cut = good[..at].to_vec();
        let noise = [
            &good[..at],
            &[0xa5; 2 << 12],
            &good[(at + (2 << 12)).min(good.len())..],
        ]
        .concat();
        for bytes in [cut, noise] {
            fs::write(lab.path("x.db"), &bytes).unwrap();
            for line in [
                "tg-metrics x.db",
                READERS[0],
                READERS[1],
                "tg-wait --db x.db --timeout 1s",
            ] {
                let done = run(&lab, &line.replace("FILE", "x.db"));
                assert!(
                    done.status == 0 || done.err.contains("x.db"),
                    "{line}: {}",
                    done.err
                );
                refusals += usize::from(done.status == 4);
                let is_writer = line.starts_with("tg-wait"); // it writes the end of the run into the database
                let now = fs::read(lab.path("x.db")).unwrap();
                assert!(is_writer || now == bytes, "{line} wrote into it");
            }
        }
    }
    assert!(refusals > 20, "{refusals}");
    fs::write(lab.path("head.db"), &good[..16]).unwrap();
    refused(&lab, "head.db", "file is not a database");
    let mut zeros = good.clone();
    zeros[16..].fill(0);
    fs::write(lab.path("zeros.db"), zeros).unwrap();
    refused(&lab, "zeros.db", "file is not a database");
}

#[test]
fn of_a_newer_host() {
    let lab = Lab::new();
    database(&lab);
    changed(
        &lab,
        "ALTER TABLE tasks ADD COLUMN mood BLOB; ALTER TABLE task_sequence ADD COLUMN \"a \"\" b\" TEXT;
         CREATE TABLE of_tomorrow(x, y PRIMARY KEY) WITHOUT ROWID; INSERT INTO of_tomorrow VALUES(1, x'00ff'), (1e999, 'y');
         CREATE TABLE \"select\"(\"from\"); INSERT INTO \"select\" VALUES(NULL);
         UPDATE tasks SET status = 'dreaming', mood = x'ff' WHERE id = (SELECT max(id) FROM tasks);
         INSERT INTO task_sequence(task_id, status, timestamp) SELECT max(id), 'dreaming', 1 FROM tasks;
         INSERT INTO refinery_schema_history(version, name) VALUES(99, 'later');",
    );
    let metrics = measured(&lab, "x.db", &READERS);
    assert!(counted(&metrics, "censored") > 0);
    let text = run(&lab, "tg-export --db x.db --out -").out;
    for kept in [
        "\"mood\":{\"blob_hex\":\"ff\"}",
        "\"x\":{\"real\":\"inf\"}",
        "\"from\":null",
        "\"a \\\" b\":null",
    ] {
        assert!(text.contains(kept), "{kept}");
    }
}

#[test]
fn values_of_other_types() {
    let lab = Lab::new();
    database(&lab);
    let id = "(SELECT id FROM tasks ORDER BY id LIMIT 1)";
    for (column, value) in [
        ("created_at", "'yesterday'"),
        ("created_at", "1e300"),
        ("created_at", "x'00'"),
        ("points", "'many'"),
        ("points", "1e999"),
        ("metric_0", "0.5"),
        ("cost_usd", "'free'"),
        ("title", "x'ff00'"),
        ("title", "cast(x'ff00' AS TEXT)"),
        ("status", "zeroblob(1000)"),
        ("needed_tags", "x'5b5d'"),
        ("id", "''"),
    ] {
        changed(
            &lab,
            &format!("UPDATE tasks SET {column} = {value} WHERE id = {id}"),
        );
        let metrics = measured(&lab, "x.db", &READERS[..2]);
        assert_eq!(counted(&metrics, "rows_unread"), 1, "{column} = {value}");
    }
    for (column, value) in [
        ("tags", "'no list'"),
        ("tags", "7"),
        ("phase", "7"),
        ("description", "char(0)"),
    ] {
        changed(
            &lab,
            &format!("UPDATE tasks SET {column} = {value} WHERE id = {id}"),
        );
        measured(&lab, "x.db", &READERS[..2]);
    }
}

#[test]
fn values_of_a_hundred_megabytes() {
    let lab = Lab::new();
    database(&lab);
    for value in ["zeroblob(100000000)", "printf('%.*c', 100000000, 'x')"] {
        changed(
            &lab,
            &format!(
                "UPDATE tasks SET description = {value} WHERE id = (SELECT max(id) FROM tasks)"
            ),
        );
        let metrics = measured(&lab, "x.db", &READERS[..1]);
        assert_eq!(counted(&metrics, "rows_unread"), 1, "{value}");
    }
}

#[test]
fn tables_that_are_something_else() {
    let lab = Lab::new();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    for (name, sql, says) in [
        (
            "empty",
            "CREATE TABLE x(y)".to_string(),
            "has no table `tasks`",
        ),
        (
            "view",
            format!("CREATE VIEW tasks AS {endless} SELECT i AS id, i AS updated_at FROM n"),
            "has no table `tasks`",
        ),
    ] {
        let file = format!("{name}.db");
        let db = Connection::open(lab.path(&file)).unwrap();
        db.execute_batch(&sql).unwrap();
        refused(&lab, &file, says);
    }
    let db = Connection::open(lab.path("other.db")).unwrap();
    db.execute_batch(&format!(
        "CREATE TABLE tasks(x); CREATE TABLE task_sequence(y); CREATE TABLE dependencies(z, from_task_id);
         CREATE VIEW experiment_runs AS {endless} SELECT i AS id, i AS completed_at FROM n;
         INSERT INTO tasks VALUES(1), (NULL), ('a'); INSERT INTO dependencies VALUES(1, 'a');",
    ))
    .unwrap();
    drop(db);
    let metrics = measured(&lab, "other.db", &READERS[..2]);
    // One of the edges, three of the tasks.
    let warnings = metrics["warnings"].as_array().unwrap();
    let unread = warnings.iter().filter(|one| one["kind"] == "rows_unread");
    assert_eq!(
        unread.filter_map(|one| one["count"].as_u64()).sum::<u64>(),
        4
    );
}
