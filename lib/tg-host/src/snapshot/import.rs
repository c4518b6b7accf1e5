//! The form that the host's own `import` reads: that of a database of host 0.5.0, for rows of any writer.
//!
//! The host cannot read its own export. Its import expects priorities as text, times as integers, tags as JSON text, slots
//! as columns, and silently treats a value of any other type as missing: a metric of `1.0` is lost, and a task with an
//! empty id can never be named again. So a row that cannot be converted is an error here. The import ignores unknown tables
//! and columns; they are kept for other readers. Rows of host 0.1 are changed as the host's own migrations change them.

use super::dialect::iso;
use crate::states::{IN_PROGRESS, WORKING};
use serde_json::{Map, Value, json};

/// A row as JSON.
type Row = Map<String, Value>;

/// Columns with times, in all tables.
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

/// Columns with lists of tags, which some dialects leave out if they are empty.
const TAG_LISTS: [&str; 3] = ["needed_tags", "wanted_tags", "tags"];

/// The current name of a table.
pub fn table(name: &str) -> &str {
    match name {
        "task_state_sequence" => "task_sequence",
        name => name,
    }
}

/// Converts a row of `table` (by its old name); `is_old` if host 0.1 wrote it. The error names the column that cannot be
/// imported.
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
            // Migration V4: the name became the type.
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
    check(table, &row)?;
    Ok(row)
}

/// True if a row's times are cut to whole seconds.
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
    for column in TAG_LISTS {
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

/// Migration V3: renames the state of host 0.1 in which a task is worked on.
fn working(row: &mut Row, is_old: bool) {
    if is_old
        && row
            .get("status")
            .is_some_and(|status| status == IN_PROGRESS)
    {
        row.insert("status".into(), WORKING.into());
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
        .ok_or_else(|| format!("{} is not a time", shown(value)))?
        .into();
    Ok(())
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text that is not empty.
    Name,
    /// A text.
    Text,
    /// A whole number of 64 bits.
    Whole,
    /// A number.
    Number,
}

use Kind::{Name, Number, Text, Whole};

/// Columns of one type, separated by spaces, and true if a row must have them.
type Columns = (Kind, bool, &'static str);

const TASKS: &[Columns] = &[
    (Name, true, "id"),
    (Text, true, "title status"),
    (Whole, true, "created_at updated_at"),
    (
        Text,
        false,
        "description worker_id current_thought phase deleted_by deleted_reason",
    ),
    (Whole, false, "points time_estimate_ms time_actual_ms"),
    (Number, true, "cost_usd"),
    (
        Whole,
        true,
        "metric_0 metric_1 metric_2 metric_3 metric_4 metric_5 metric_6 metric_7",
    ),
];

const HISTORY: &[Columns] = &[
    (Name, true, "task_id"),
    (Whole, true, "id timestamp"),
    (Text, false, "status phase worker_id reason"),
];

const ATTACHMENTS: &[Columns] = &[
    (Name, true, "task_id"),
    (Text, true, "attachment_type name mime_type content"),
    (Whole, true, "sequence created_at"),
    (Text, false, "file_path"),
];

const DEPENDENCIES: &[Columns] = &[
    (Name, true, "from_task_id to_task_id"),
    (Text, true, "dep_type"),
];

const TAGS: &[Columns] = &[(Name, true, "task_id"), (Text, true, "tag")];

/// The columns of a table; none if the import ignores the table.
fn columns(table: &str) -> &'static [Columns] {
    match table {
        "tasks" => TASKS,
        "task_sequence" | "task_state_sequence" => HISTORY,
        "attachments" => ATTACHMENTS,
        "dependencies" => DEPENDENCIES,
        "task_tags" | "task_needed_tags" | "task_wanted_tags" => TAGS,
        _ => &[],
    }
}

/// Checks that a row of `table` can be imported; the error names the column.
fn check(table: &str, row: &Row) -> Result<(), String> {
    let columns = columns(table).iter();
    let columns = columns.flat_map(|(kind, is_needed, names)| {
        names
            .split(' ')
            .map(move |column| (column, *kind, *is_needed))
    });
    for (column, kind, is_needed) in columns {
        match row.get(column).filter(|value| !value.is_null()) {
            None if is_needed => {
                return Err(format!("has no {column}, and the host's import needs one"));
            }
            Some(value) if !kind.is_of(value) => {
                let why = match kind {
                    Whole if value.is_number() => "and the host keeps whole numbers only",
                    _ => "which the host's import does not read",
                };
                return Err(format!("{column} is {}, {why}", shown(value)));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Kind {
    fn is_of(self, value: &Value) -> bool {
        match self {
            Name => value.as_str().is_some_and(|text| !text.is_empty()),
            Text => value.is_string(),
            Whole => value.is_i64(),
            Number => value.is_number(),
        }
    }
}

/// A value in a message; for a long one its type.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.len() > 100 => "a long text".into(),
        value => value.to_string(),
    }
}
