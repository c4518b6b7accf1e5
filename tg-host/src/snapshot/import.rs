//! The shape that the host's own `import` reads: that of a database of host 0.5.0, whatever wrote the row.
//!
//! The host cannot read its own export. Its import wants priorities as text, times as integers, tags as JSON text, slots as
//! columns, and takes a value of any other type for missing, without a word; so what cannot be made into that shape is an
//! error here. Tables and columns that the import does not know it passes over; they are kept for whoever else reads the
//! file. Rows of host 0.1 are changed as the host's own migrations change them.

use super::dialect::iso;
use super::kinds;
use serde_json::{Map, Value, json};

/// A row as JSON has it.
type Row = Map<String, Value>;

/// Columns that hold times, in any table.
const TIMES: [&str; 12] = [
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "claimed_at",
    "deleted_at",
    "timestamp",
    "end_timestamp",
    "registered_at",
    "last_heartbeat",
    "locked_at",
    "connected_at",
];

/// What a task has where a dialect leaves out its default.
const TAGS: [&str; 3] = ["needed_tags", "wanted_tags", "tags"];

/// The name a table has today.
pub fn table(name: &str) -> &str {
    match name {
        "task_state_sequence" => "task_sequence",
        name => name,
    }
}

/// A row of `table` (as it was called) in today's shape; `is_old` where host 0.1 wrote it. The error says which column
/// cannot be imported.
pub fn row(table: &str, mut row: Row, is_old: bool) -> Result<Row, String> {
    for column in TIMES {
        if let Some(value) = row.get_mut(column) {
            time(value).map_err(|cause| format!("{column}: {cause}"))?;
        }
    }
    match table {
        "tasks" => task(&mut row, is_old),
        "task_sequence" | "task_state_sequence" => {
            rename(&mut row, "event", "status");
            working(&mut row, is_old);
        }
        "attachments" => {
            // Migration V4: what was the name became the type.
            if row.contains_key("order_index") {
                rename(&mut row, "name", "attachment_type");
                rename(&mut row, "order_index", "sequence");
            }
            for (column, default) in [("name", ""), ("mime_type", "text/plain"), ("content", "")] {
                default_to(&mut row, column, default.into());
            }
        }
        _ => {}
    }
    kinds::check(table, &row)?;
    Ok(row)
}

/// Whether a row's times are cut to whole seconds.
pub fn is_coarse(row: &Row) -> bool {
    let mut times = TIMES.iter().filter_map(|column| row.get(*column)?.as_str());
    times.any(|time| !time.contains('.'))
}

fn task(row: &mut Row, is_old: bool) {
    working(row, is_old);
    let priority = match row.get("priority") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "5".into(),
    };
    row.insert("priority".into(), priority.into());
    for column in TAGS {
        let tags = match row.get(column) {
            Some(Value::String(text)) => text.clone(),
            Some(list @ Value::Array(_)) => list.to_string(),
            _ => "[]".into(),
        };
        row.insert(column.into(), tags.into());
    }
    if let Some(Value::Array(slots)) = row.shift_remove("metrics") {
        for (slot, value) in slots.into_iter().take(8).enumerate() {
            default_to(row, &format!("metric_{slot}"), value);
        }
    }
    for slot in 0..8 {
        default_to(row, &format!("metric_{slot}"), json!(0));
    }
    default_to(row, "cost_usd", json!(0.0));
    let created = row.get("created_at").cloned().unwrap_or_default();
    default_to(row, "updated_at", created);
}

/// Migration V3: the state of host 0.1 in which a task is worked on has another name since.
fn working(row: &mut Row, is_old: bool) {
    if is_old
        && row
            .get("status")
            .is_some_and(|status| status == "in_progress")
    {
        row.insert("status".into(), "working".into());
    }
}

fn rename(row: &mut Row, from: &str, to: &str) {
    if let Some(value) = row.shift_remove(from) {
        row.insert(to.into(), value);
    }
}

fn default_to(row: &mut Row, column: &str, value: Value) {
    if row.get(column).is_none_or(Value::is_null) {
        row.insert(column.into(), value);
    }
}

fn time(value: &mut Value) -> Result<(), String> {
    let ms = match &*value {
        Value::Null => return Ok(()),
        Value::String(text) => iso(text),
        number => number.as_i64(),
    };
    *value = ms
        .ok_or_else(|| format!("{} is no time", kinds::shown(value)))?
        .into();
    Ok(())
}
