//! tg-metrics against plain SQL, over generated histories of everything the host can do.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod histories;
mod sql;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use tg_metrics::METRICS;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000.max(ProptestConfig::default().cases), ..histories::config() })]

    #[test]
    fn sql_gives_the_same_numbers(plans in histories::plan::runs()) {
        let db = histories::database(&plans);
        let snapshot = sql::dump(&db);
        for run in 1..=plans.len() {
            let run = format!("r{run}");
            sql::prepare(&db, Some(&run));
            let differences = sql::differences(&db, &sql::measured(&snapshot, Some(&run)));
            prop_assert!(differences.is_empty(), "{run}:\n{}\n{}", differences.join("\n"), sql::text_of(&db));
        }
    }
}

#[test]
fn every_metric_has_its_sql_or_a_reason() {
    let sql: BTreeSet<&str> = sql::metrics::METRICS
        .iter()
        .map(|metric| metric.0)
        .collect();
    let exempt: BTreeSet<&str> = sql::metrics::EXEMPT.iter().map(|metric| metric.0).collect();
    let all: BTreeSet<&str> = METRICS.iter().map(|metric| metric.0).collect();
    assert_eq!(sql.intersection(&exempt).count(), 0);
    let ours: BTreeSet<&str> = sql.union(&exempt).copied().collect();
    assert_eq!(
        all.difference(&ours).collect::<Vec<_>>(),
        [&""; 0],
        "neither SQL nor a reason"
    );
    assert_eq!(
        ours.difference(&all).collect::<Vec<_>>(),
        [&""; 0],
        "no such metrics"
    );
}

/// No compared metric is always unknown or always 0.
#[test]
fn the_histories_show_everything() {
    let all = sql::metrics::METRICS
        .iter()
        .chain(sql::metrics::WARNINGS)
        .copied();
    let mut unseen: BTreeMap<&str, &str> = all.collect();
    // No row tells of contention, and a generated host tells no more than the real one.
    unseen.remove("file_contention");
    unseen.insert("a circle", "SELECT n FROM circle");
    unseen.insert(
        "a task ended by a disconnect",
        "SELECT count(*) FROM scope JOIN span ON task = scope.id WHERE scope.class = 'terminal' AND span.last AND span.open",
    );
    unseen.insert(
        "a task back in the queue because its worker went",
        "SELECT count(*) FROM span WHERE id <> CAST(id AS INTEGER)",
    );
    unseen.insert("an end with open tasks", "SELECT censored FROM clock");
    unseen.insert(
        "work beyond the clock",
        "SELECT count(*) FROM timed, clock WHERE t1 > ended",
    );
    unseen.insert(
        "a container in scope",
        "SELECT count(*) FROM scope WHERE id IN (SELECT before FROM edge WHERE contains)",
    );
    unseen.insert("a rollup", "SELECT total(rollup) FROM event");
    unseen.insert("an eviction", "SELECT total(evicted) FROM event");
    unseen.insert("a phase", "SELECT count(phase) FROM timed");
    unseen.insert("a deleted task", "SELECT count(deleted_at) FROM task");
    unseen.insert("a start gate", "SELECT opened FROM run");
    unseen.insert("another run", "SELECT count(*) - 1 FROM experiment_runs");
    let mut runner = TestRunner::deterministic();
    for _ in 0..400 {
        let plans = histories::plan::runs()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let db = histories::database(&plans);
        sql::prepare(&db, Some("r1"));
        unseen.retain(|_, sql| sql::number(&db, sql).is_none_or(|number| number == 0.0));
    }
    assert_eq!(
        unseen.keys().collect::<Vec<_>>(),
        [&""; 0],
        "never happened"
    );
}

#[test]
fn the_schema_is_the_hosts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("empty.db");
    tg_host::empty_database::create(&tg_host::Host::find().unwrap(), &path).unwrap();
    let theirs = columns(&Connection::open(&path).unwrap());
    let ours = Connection::open_in_memory().unwrap();
    ours.execute_batch(sql::SCHEMA).unwrap();
    let ours = columns(&ours);
    let unknown: Vec<_> = ours.difference(&theirs).collect();
    assert!(
        unknown.is_empty(),
        "the host has no such columns: {unknown:?}"
    );
}

/// Every column of every table, with its type and its NOT NULL.
fn columns(db: &Connection) -> BTreeSet<String> {
    let sql = "SELECT concat_ws(' ', t.name, c.name, c.type, iif(c.\"notnull\", 'not null', '')) FROM sqlite_schema t,
               pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name IN
               ('tasks', 'dependencies', 'task_sequence', 'claim_sequence')";
    let mut query = db.prepare(sql).unwrap();
    let columns = query.query_map([], |row| row.get(0)).unwrap();
    columns.map(Result::unwrap).collect()
}
