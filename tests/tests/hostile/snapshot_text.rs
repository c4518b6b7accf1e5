//! The text of snapshots, made of tables and rows.

use std::fmt::Write;
use std::fs;
use tg_tests::Lab;

/// Long, as lists and histories go.
pub const MANY: usize = 100_000;

/// A snapshot of these tables, each `"name":[rows]`.
pub fn snapshot(tables: &[(&str, String)]) -> String {
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
pub fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for at in 0..count {
        let separator = if at == 0 { "" } else { ",\n" };
        write!(text, "{separator}{}", row(at)).unwrap();
    }
    text
}

/// A task in a state, with more columns.
pub fn task(id: &str, more: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"title\":\"T\",\"status\":\"completed\",\"created_at\":1000,\"updated_at\":1000{more}}}"
    )
}

/// A dependency of two numbered tasks.
pub fn edge(from: usize, kind: &str, to: usize) -> String {
    format!("{{\"from_task_id\":\"t{from}\",\"to_task_id\":\"t{to}\",\"dep_type\":\"{kind}\"}}")
}

/// The table of so many tasks.
pub fn tasks(count: usize) -> (&'static str, String) {
    ("tasks", rows(count, |at| task(&format!("t{at}"), "")))
}

/// Writes a file in the lab.
pub fn write(lab: &Lab, name: &str, text: &str) {
    fs::write(lab.path(name), text).unwrap();
}
