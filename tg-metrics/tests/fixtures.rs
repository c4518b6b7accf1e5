//! Real databases of several host versions: the same numbers by plain SQL.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod sql;

use common::Metrics;
use rusqlite::Connection;
use serde_json::json;
use std::path::{Path, PathBuf};
use tg_host::Ledger;
use tg_metrics::{METRICS, View};

fn fixtures() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    if !dir.is_dir() {
        tg_stage::say(format_args!("skipped: no {}", dir.display()));
        return None;
    }
    Some(dir)
}

fn measure(text: &[u8]) -> Metrics {
    measured(&Ledger::read(text).unwrap())
}

fn measured(snapshot: &Ledger) -> Metrics {
    let view = View::new(snapshot, None);
    Metrics(tg_metrics::measure(
        &view,
        &METRICS.iter().collect::<Vec<_>>(),
    ))
}

#[test]
fn plain_sql_gives_the_same_numbers() {
    let Some(fixtures) = fixtures() else { return };
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "0.2.2/swarm",
        "0.3.0/swarm",
        "0.3.0/kanban",
        "0.5.0/swarm",
        "0.5.0/push",
        "0.5.0/relay",
        "0.5.0/kanban",
    ] {
        let copy = dir.path().join("copy.db");
        std::fs::write(
            &copy,
            std::fs::read(fixtures.join(format!("{name}.db"))).unwrap(),
        )
        .unwrap();
        let db = Connection::open(&copy).unwrap();
        db.execute_batch(tg_host::experiment_tables::CREATE)
            .unwrap();
        let metrics = sql::measured(&sql::dump(&db), None);
        assert_eq!(
            metrics["completion_rate_pct"]
                .as_f64()
                .map(|done| done > 50.0),
            Some(true),
            "{name}"
        );
        sql::prepare(&db, None);
        let differences = sql::differences(&db, &metrics);
        assert!(differences.is_empty(), "{name}: {}", differences.join("\n"));
        drop(db);
        std::fs::remove_file(copy).unwrap();
    }
}

#[test]
fn what_the_driver_did_is_seen() {
    let Some(fixtures) = fixtures() else { return };
    for name in ["0.5.0/swarm", "0.5.0/push"] {
        let db = Connection::open_with_flags(
            format!(
                "file:{}?immutable=1",
                fixtures.join(format!("{name}.db")).display()
            ),
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI,
        )
        .unwrap();
        let metrics = measure(sql::dump(&db).to_string().as_bytes());
        // flaky, rework and giveup were done again, ask was not; of 16 tasks in scope one is deleted.
        metrics.is_about("redo_rate", 3.0 / 15.0);
        metrics.are(json!({"early_starts": 0, "tainted_starts": 0}));
        assert_eq!(
            metrics.warning("censored").unwrap()["count"],
            json!(2),
            "{name}: never and hang"
        );
    }
}

#[test]
fn every_export_of_the_host_is_read() {
    let Some(fixtures) = fixtures() else { return };
    for version in ["0.2.2", "0.3.0", "0.5.0", "shipped"] {
        for entry in fixtures.join(version).read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let ending = path.extension().unwrap_or_default();
            if ending != "json" && ending != "gz" {
                continue;
            }
            let metrics = measured(&Ledger::load(&path).unwrap().0);
            assert!(
                metrics.get("completion_rate_pct").is_number(),
                "{version}/{name}"
            );
            assert_eq!(
                metrics.warning("coarse_times").is_some(),
                version == "0.5.0",
                "{version}/{name}"
            );
        }
    }
}

#[test]
fn our_rows_and_the_host_export_agree_where_both_know() {
    let Some(fixtures) = fixtures() else { return };
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let db = format!(
        "file:{}?immutable=1",
        fixtures.join("0.2.2/swarm.db").display()
    );
    let db = Connection::open_with_flags(db, flags).unwrap();
    db.execute_batch("PRAGMA query_only = 1").unwrap();
    let mut rows = sql::dump(&db);
    for task in rows["tables"]["tasks"].as_array_mut().unwrap() {
        task.as_object_mut().unwrap().remove("deleted_at"); // what the host's export hides
    }
    let (ours, host) = (
        measure(rows.to_string().as_bytes()),
        measure(&std::fs::read(fixtures.join("0.2.2/swarm.json")).unwrap()),
    );
    for (name, _, _) in METRICS {
        assert_eq!(ours.get(name), host.get(name), "{name}");
    }
}
