//! The worked example in `docs/metrics.md`: its figures, ours and the host's, are the computed ones.
//!
//! The host's are those of the queries quoted, run on a database made of the example's rows.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;
use tg_tests::document::{self, blocks, code, commands, tables};
use tg_tests::{Lab, records};

const EXAMPLE: &str = "docs/worked-example.json";

/// The output of a command line that prints records.
fn run(lab: &Lab, line: &str) -> Vec<Value> {
    records(&lab.sh(line).ok().out)
}

#[test]
fn the_worked_example_is_right_here_at_the_host_and_under_kanban() {
    let lab = Lab::new();
    let text = document::read("docs/metrics.md");
    let made = blocks(&text, "console");
    let made: Vec<_> = made.iter().flat_map(|block| commands(block)).collect();
    let made = made
        .iter()
        .find(|(command, _)| command.ends_with("> kanban.json"));
    lab.sh(&made.unwrap().0).ok();
    let hosts = [EXAMPLE, "kanban.json"].map(|file| database(&lab.path(file)));
    let ours = run(&lab, &format!("tg-metrics --per agent {EXAMPLE}"));
    let under_kanban = run(&lab, "tg-metrics kanban.json");
    assert_eq!(ours[0]["metrics"], under_kanban[0]["metrics"]);
    let rows = tables(&text, "quantity").concat();
    assert!(rows.len() > 15);
    for row in rows {
        for (db, documented) in hosts.iter().zip(&row[2..4]) {
            is(documented, ask(db, code(&row[1])), &row[0]);
        }
        for documented in row[4].split(", `") {
            let (name, documented) = documented.trim_start_matches('`').split_once("` ").unwrap();
            let real = match name {
                "--per agent" => Some((ours.len() - 1) as f64),
                name => ours[0]["metrics"].get(name).unwrap().as_f64(),
            };
            is(documented, real, name);
        }
    }
}

/// Check a number as it is written, to as many places as are written.
fn is(documented: &str, real: Option<f64>, what: &str) {
    if documented == "null" {
        return assert_eq!(real, None, "{what}");
    }
    let real = real.unwrap_or_else(|| panic!("{what} is null, not {documented}"));
    let places = documented
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let unit = 0.1_f64.powi(i32::try_from(places).unwrap());
    let written: f64 = documented.parse().unwrap();
    assert!(
        (written - real).abs() <= unit / 2.0 + 1e-9,
        "{what}: {real}, not {documented}"
    );
}

/// A database with the rows of a snapshot, its columns those of the rows.
fn database(path: &Path) -> Connection {
    let snapshot: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let db = Connection::open_in_memory().unwrap();
    for (table, rows) in snapshot["tables"].as_object().unwrap() {
        let rows: Vec<&Map<String, Value>> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_object().unwrap())
            .collect();
        let columns: Vec<&str> = rows[0].keys().map(String::as_str).collect();
        let columns = columns.join(", ");
        db.execute_batch(&format!("CREATE TABLE {table} ({columns})"))
            .unwrap();
        for row in rows {
            let marks = vec!["?"; row.len()].join(", ");
            let sql = format!("INSERT INTO {table} ({columns}) VALUES ({marks})");
            db.execute(&sql, params_from_iter(row.values().map(sql_value)))
                .unwrap();
        }
    }
    db
}

fn sql_value(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Sql::Integer(integer),
            None => Sql::Real(number.as_f64().unwrap()),
        },
        Value::String(text) => Sql::Text(text.clone()),
        other => panic!("no column holds {other}"),
    }
}

/// The one number a query gives, asked a minute after the run's end; `:year` is a year after it.
fn ask(db: &Connection, sql: &str) -> Option<f64> {
    let end: i64 = db
        .query_row("SELECT completed_at FROM experiment_runs", [], |row| {
            row.get(0)
        })
        .unwrap();
    let mut query = db.prepare(sql).unwrap();
    for (name, after) in [(":now", 60_000), (":year", 365 * 86_400_000)] {
        if let Some(at) = query.parameter_index(name).unwrap() {
            query.raw_bind_parameter(at, end + after).unwrap();
        }
    }
    let mut rows = query.raw_query();
    let row = rows.next().unwrap().expect("a query gives a row");
    row.get::<_, Option<f64>>(0).unwrap()
}
