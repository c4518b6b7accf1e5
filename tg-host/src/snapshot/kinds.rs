//! What the host's `import` wants in each column of the tables it knows (host 0.5.0).
//!
//! It takes a value of another type for missing, without a word: a metric of `1.0` is lost, and a task with an empty id can
//! never be named again. So each is an error here.

use serde_json::{Map, Value};

/// What a column holds.
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

/// A column, what it holds, and whether a row must have it.
type Column = (&'static str, Kind, bool);

const TASKS: &[Column] = &[
    ("id", Name, true),
    ("title", Text, true),
    ("status", Text, true),
    ("created_at", Whole, true),
    ("updated_at", Whole, true),
    ("description", Text, false),
    ("worker_id", Text, false),
    ("current_thought", Text, false),
    ("phase", Text, false),
    ("deleted_by", Text, false),
    ("deleted_reason", Text, false),
    ("points", Whole, false),
    ("time_estimate_ms", Whole, false),
    ("time_actual_ms", Whole, false),
    ("cost_usd", Number, true),
    ("metric_0", Whole, true),
    ("metric_1", Whole, true),
    ("metric_2", Whole, true),
    ("metric_3", Whole, true),
    ("metric_4", Whole, true),
    ("metric_5", Whole, true),
    ("metric_6", Whole, true),
    ("metric_7", Whole, true),
];

const HISTORY: &[Column] = &[
    ("task_id", Name, true),
    ("id", Whole, true),
    ("timestamp", Whole, true),
    ("status", Text, false),
    ("phase", Text, false),
    ("worker_id", Text, false),
    ("reason", Text, false),
];

const ATTACHMENTS: &[Column] = &[
    ("task_id", Name, true),
    ("attachment_type", Text, true),
    ("name", Text, true),
    ("mime_type", Text, true),
    ("content", Text, true),
    ("sequence", Whole, true),
    ("created_at", Whole, true),
    ("file_path", Text, false),
];

const DEPENDENCIES: &[Column] = &[
    ("from_task_id", Name, true),
    ("to_task_id", Name, true),
    ("dep_type", Text, true),
];

const TAGS: &[Column] = &[("task_id", Name, true), ("tag", Text, true)];

/// The columns of a table; none of one that the import passes over.
fn columns(table: &str) -> &'static [Column] {
    match table {
        "tasks" => TASKS,
        "task_sequence" | "task_state_sequence" => HISTORY,
        "attachments" => ATTACHMENTS,
        "dependencies" => DEPENDENCIES,
        "task_tags" | "task_needed_tags" | "task_wanted_tags" => TAGS,
        _ => &[],
    }
}

/// That a row of `table` can be imported; the error names the column.
pub fn check(table: &str, row: &Map<String, Value>) -> Result<(), String> {
    for (column, kind, is_needed) in columns(table) {
        match row.get(*column).filter(|value| !value.is_null()) {
            None if *is_needed => {
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

/// A value in a message; of a long one its kind.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.len() > 100 => "a long text".into(),
        value => value.to_string(),
    }
}
