//! A run as a snapshot: with integer milliseconds and all columns, like a database, or in the form of the host's export of
//! 0.5.0, with whole seconds as text and without null columns. Both are indented like the host's.

use crate::database::Result;
use crate::plan::{BEGIN_MS, Plan, Task};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

/// The form of the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Integer milliseconds, every column.
    Milliseconds,
    /// Host 0.5.0.
    Host,
    /// A template: tasks in their initial state, and edges.
    Template,
}

/// Writes the snapshot of a run.
pub fn write(plan: &Plan, dialect: Dialect, out: impl Write) -> Result<()> {
    let by = match dialect {
        Dialect::Milliseconds | Dialect::Template => "tg-bench",
        Dialect::Host => "task-graph-mcp v0.5.0",
    };
    let mut writer = Writer {
        out,
        dialect,
        is_later: false,
    };
    write!(
        writer.out,
        "{{\n  \"schema_version\": 3,\n  \"export_version\": \"1.0.0\",\n  \"exported_at\": {},\n  \"exported_by\": \"{by}\",\n  \"tables\": {{",
        iso(BEGIN_MS)
    )?;
    let tables: [(&str, Rows<_>); 5] = [
        ("attachments", attachments),
        ("dependencies", edges),
        ("task_sequence", history),
        ("task_tags", tags),
        ("tasks", task),
    ];
    let is_template = dialect == Dialect::Template;
    let is_needed = |table: &str| !is_template || matches!(table, "dependencies" | "tasks");
    let tables = tables.into_iter().filter(|table| is_needed(table.0));
    for (at, (name, rows)) in tables.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(writer.out, "{comma}\n    \"{name}\": [")?;
        writer.is_later = false;
        for &at in &plan.by_id {
            rows(&mut writer, &plan.task(at as usize))?;
        }
        write!(writer.out, "\n    ]")?;
    }
    writer.out.write_all(b"\n  }\n}\n")?;
    writer.out.flush()?;
    Ok(())
}

/// Writes the rows of a table that belong to a task.
type Rows<W> = fn(&mut Writer<W>, &Task) -> io::Result<()>;

struct Writer<W> {
    out: W,
    dialect: Dialect,
    is_later: bool,
}

/// The value of a column.
enum Cell<'a> {
    Text(&'a str),
    Whole(i64),
    Real(f64),
    Time(i64),
    Json(Value),
    Null,
}

impl<'a> Cell<'a> {
    fn text(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }
}

fn iso(ms: i64) -> Value {
    let since = Duration::from_secs((ms / 1000) as u64);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since)
        .to_string()
        .into()
}

impl<W: Write> Writer<W> {
    /// Writes a row; the host leaves out null columns.
    fn row(&mut self, cells: &[(&str, Cell)]) -> io::Result<()> {
        self.out.write_all(if self.is_later {
            b",\n      {"
        } else {
            b"\n      {"
        })?;
        self.is_later = true;
        let mut comma = "";
        for (name, cell) in cells {
            if matches!(cell, Cell::Null) && self.dialect != Dialect::Milliseconds {
                continue;
            }
            write!(self.out, "{comma}\n        \"{name}\": ")?;
            comma = ",";
            match cell {
                Cell::Text(text) => serde_json::to_writer(&mut self.out, text)?,
                Cell::Whole(number) => write!(self.out, "{number}")?,
                Cell::Real(number) => serde_json::to_writer(&mut self.out, number)?,
                Cell::Time(ms) if self.dialect == Dialect::Host => {
                    write!(self.out, "{}", iso(*ms))?;
                }
                Cell::Time(ms) => write!(self.out, "{ms}")?,
                Cell::Json(value) => {
                    let text = serde_json::to_string_pretty(value)?;
                    self.out
                        .write_all(text.replace('\n', "\n        ").as_bytes())?;
                }
                Cell::Null => self.out.write_all(b"null")?,
            }
        }
        self.out.write_all(b"\n      }")
    }
}

fn attachments<W: Write>(out: &mut Writer<W>, task: &Task) -> io::Result<()> {
    let Some(content) = &task.attachment else {
        return Ok(());
    };
    out.row(&[
        ("attachment_type", Cell::Text("note")),
        ("content", Cell::Text(content)),
        ("created_at", Cell::Time(task.completed_at)),
        ("file_path", Cell::Null),
        ("mime_type", Cell::Text("text/plain")),
        ("name", Cell::Text("")),
        ("sequence", Cell::Whole(0)),
        ("task_id", Cell::Text(&task.id)),
    ])
}

fn edges<W: Write>(out: &mut Writer<W>, task: &Task) -> io::Result<()> {
    for (from, kind) in &task.edges {
        out.row(&[
            ("dep_type", Cell::Text(kind)),
            ("from_task_id", Cell::Text(from)),
            ("to_task_id", Cell::Text(&task.id)),
        ])?;
    }
    Ok(())
}

fn history<W: Write>(out: &mut Writer<W>, task: &Task) -> io::Result<()> {
    for row in &task.rows {
        out.row(&[
            ("concurrency", Cell::Whole(1)),
            ("end_timestamp", row.end.map_or(Cell::Null, Cell::Time)),
            ("id", Cell::Whole(row.id)),
            ("phase", Cell::text(row.phase)),
            ("reason", Cell::Null),
            ("status", Cell::text(row.status)),
            ("task_id", Cell::Text(&task.id)),
            ("timestamp", Cell::Time(row.begin)),
            ("worker_id", Cell::text(row.worker.as_deref())),
        ])?;
    }
    Ok(())
}

fn tags<W: Write>(out: &mut Writer<W>, task: &Task) -> io::Result<()> {
    for tag in &task.tags {
        out.row(&[("tag", Cell::Text(tag)), ("task_id", Cell::Text(&task.id))])?;
    }
    Ok(())
}

const SLOTS: [&str; 8] = [
    "metric_0", "metric_1", "metric_2", "metric_3", "metric_4", "metric_5", "metric_6", "metric_7",
];

fn task<W: Write>(out: &mut Writer<W>, task: &Task) -> io::Result<()> {
    if out.dialect == Dialect::Template {
        return out.row(&[
            ("description", Cell::Text(&task.description)),
            ("id", Cell::Text(&task.id)),
            ("points", task.points.map_or(Cell::Null, Cell::Whole)),
            ("status", Cell::Text("pending")),
            ("tags", Cell::Json(json!(task.tags))),
            ("time_estimate_ms", Cell::Whole(task.estimate_ms)),
            ("title", Cell::Text(&task.title)),
        ]);
    }
    let is_host = out.dialect == Dialect::Host;
    let tags = json!(task.tags);
    let mut cells = vec![
        ("claimed_at", Cell::Null),
        ("completed_at", Cell::Time(task.completed_at)),
        ("cost_usd", Cell::Real(task.cost_usd)),
        ("created_at", Cell::Time(task.created_at)),
        ("current_thought", Cell::Null),
        ("deleted_at", Cell::Null),
        ("deleted_by", Cell::Null),
        ("deleted_reason", Cell::Null),
        ("description", Cell::Text(&task.description)),
        ("id", Cell::Text(&task.id)),
    ];
    if is_host {
        cells.push(("metrics", Cell::Json(json!(task.slots))));
    } else {
        cells.extend(
            SLOTS
                .iter()
                .zip(task.slots)
                .map(|(name, slot)| (*name, Cell::Whole(slot))),
        );
    }
    let text;
    let tags = if is_host {
        Cell::Json(tags)
    } else {
        text = tags.to_string();
        Cell::Text(&text)
    };
    cells.extend([
        ("needed_tags", Cell::Null),
        ("phase", Cell::Null),
        ("points", task.points.map_or(Cell::Null, Cell::Whole)),
        (
            "priority",
            if is_host {
                Cell::Whole(5)
            } else {
                Cell::Text("5")
            },
        ),
        ("started_at", Cell::Time(task.started_at)),
        ("status", Cell::Text(task.status)),
        ("tags", tags),
        ("time_actual_ms", Cell::Whole(task.actual_ms)),
        ("time_estimate_ms", Cell::Whole(task.estimate_ms)),
        ("title", Cell::Text(&task.title)),
        ("updated_at", Cell::Time(task.completed_at)),
        ("wanted_tags", Cell::Null),
        ("worker_id", Cell::Null),
    ]);
    out.row(&cells)
}
