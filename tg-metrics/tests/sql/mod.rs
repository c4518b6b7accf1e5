//! The metrics a second time, in plain SQL over the database: the values of tg-metrics are compared with them.
//!
//! `facts.sql` makes the tables that [`metrics`] reads: states, intervals, scope, waits, work. Both follow the definitions
//! of the metrics; where a definition is ambiguous, the statement documents its reading. Times must not go backwards with the
//! ids of history rows, as they never do at the host.

#![allow(dead_code, reason = "not every test needs everything")]

pub mod metrics;

use rusqlite::{Connection, OptionalExtension, types::ValueRef};
use serde_json::{Map, Value, json};
use tg_host::Ledger;
use tg_metrics::View;

/// The host's tables, as far as the metrics need them.
pub const SCHEMA: &str = include_str!("schema.sql");

const FACTS: &str = include_str!("facts.sql");

/// The tables of a snapshot.
const TABLES: [&str; 7] = [
    "tasks",
    "task_sequence",
    "dependencies",
    "claim_sequence",
    "experiment_runs",
    "experiment_tasks",
    "experiment_agents",
];

/// Makes the tables that the SQL of the metrics reads, for the run called `run`.
pub fn prepare(db: &Connection, run: Option<&str>) {
    db.execute_batch("PRAGMA temp_store = MEMORY").unwrap();
    let old = "SELECT group_concat('DROP TABLE temp.' || name, ';') FROM sqlite_temp_schema WHERE type = 'table'";
    let old: Option<String> = db.query_row(old, [], |row| row.get(0)).unwrap();
    db.execute_batch(&old.unwrap_or_default()).unwrap();
    db.execute_batch("CREATE TEMP TABLE chosen (id)").unwrap();
    db.execute("INSERT INTO chosen VALUES (?1)", [run]).unwrap();
    db.execute_batch(FACTS).unwrap();
}

/// The value of a statement; none for NULL and for no row.
pub fn number(db: &Connection, sql: &str) -> Option<f64> {
    let row = db.query_row(sql, [], |row| row.get(0)).optional();
    row.unwrap_or_else(|cause| panic!("{sql}: {cause}"))
        .flatten()
}

/// The metrics of a run of a database by tg-metrics; it does not use the same statements.
pub fn measured(snapshot: &Value, run: Option<&str>) -> Value {
    let mut snapshot = Ledger::read(snapshot.to_string().as_bytes()).unwrap();
    tg_metrics::set_clock_start(&mut snapshot);
    let runs = &snapshot.runs;
    let row = run.map(|id| runs.iter().find(|row| row.id == id).unwrap());
    let all: Vec<_> = tg_metrics::METRICS.iter().collect();
    tg_metrics::measure(&View::new(&snapshot, row), &all)
}

/// The differences between tg-metrics and the SQL beyond rounding, a line for each metric; needs `prepare` first.
pub fn differences(db: &Connection, product: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, sql) in metrics::METRICS {
        let ours = &product[*name];
        let expected = number(db, sql);
        if !is_about(ours.as_f64(), expected) {
            found.push(format!("{name}: {ours}, by SQL {expected:?}"));
        }
    }
    for (kind, sql) in metrics::WARNINGS {
        let warnings = product["warnings"].as_array().unwrap();
        let warning = warnings.iter().find(|warning| warning["kind"] == *kind);
        let ours = warning.map_or(0.0, |warning| warning["count"].as_f64().unwrap());
        let expected = number(db, sql);
        if !is_about(Some(ours), expected) {
            found.push(format!("warning {kind}: {ours}, by SQL {expected:?}"));
        }
    }
    let source: String = db
        .query_row(metrics::COST_SOURCE, [], |row| row.get(0))
        .unwrap();
    if product["cost_source"] != source {
        found.push(format!(
            "cost_source: {}, by SQL {source}",
            product["cost_source"]
        ));
    }
    found
}

/// A database as text: its history and the rows around it, a line for each row.
pub fn text_of(db: &Connection) -> String {
    let dumped = dump(db);
    let tables = dumped["tables"].as_object().unwrap();
    let mut lines = Vec::new();
    for (table, rows) in tables {
        for row in rows.as_array().unwrap() {
            let known = row.as_object().unwrap().iter().filter(|(name, value)| {
                !value.is_null()
                    && !name.starts_with("metric_")
                    && name.as_str() != "config_snapshot"
            });
            let known: Vec<_> = known
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            lines.push(format!("{table}: {}", known.join(" ")));
        }
    }
    lines.join("\n")
}

/// True if two values are equal up to the rounding of sums; unknown equals only unknown.
pub fn is_about(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()),
        (one, other) => one == other,
    }
}

/// Every existing table, row by row, with its columns unchanged: a snapshot as tg-export writes it.
pub fn dump(db: &Connection) -> Value {
    let mut tables = Map::new();
    for table in TABLES {
        let there = format!("SELECT count(*) FROM sqlite_schema WHERE name = '{table}'");
        if number(db, &there) == Some(1.0) {
            tables.insert(table.into(), rows(db, table));
        }
    }
    json!({"schema_version": 3, "exported_by": "test", "tables": tables})
}

fn rows(db: &Connection, table: &str) -> Value {
    let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<String> = statement.column_names().map(String::from).collect();
    let rows = statement.query_map([], |row| {
        let value = |at| match row.get_ref(at).unwrap() {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => json!(number),
            ValueRef::Real(number) => json!(number),
            ValueRef::Text(text) | ValueRef::Blob(text) => json!(String::from_utf8_lossy(text)),
        };
        let named = columns
            .iter()
            .enumerate()
            .map(|(at, name)| (name.clone(), value(at)));
        Ok(Value::Object(named.collect()))
    });
    rows.unwrap().map(Result::unwrap).collect()
}
