//! Rows into the ledger without serde: what each column of each table may hold, as its serde type says.
//!
//! A value that its column may not hold, or that is not plain, makes the whole row one for serde, which knows what to say.

use super::Ledger;
use super::edges::Edges;
use super::names::{NONE, Name, Names, Recent};
use super::tables::{ChangeRow, Reason, TaskRow, list};
use crate::snapshot::cells::{self, Shape};
use crate::snapshot::dialect;
use crate::snapshot::value::{self, Cell, numbers};
use hashbrown::{DefaultHashBuilder, HashMap};

/// Reads rows in place.
#[derive(Debug, Default)]
pub(super) struct Quick {
    table: String,
    shape: Shape,
    recent: Recent,
    lists: HashMap<Vec<u8>, Name, DefaultHashBuilder>,
    /// The task of the last row, as rows of a task stand together.
    last: Option<Name>,
}

const TASKS: cells::Names = &[
    ("id", 0),
    ("title", 1),
    ("status", 2),
    ("description", 3),
    ("worker_id", 4),
    ("phase", 5),
    ("priority", 6),
    ("needed_tags", 7),
    ("wanted_tags", 8),
    ("tags", 9),
    ("points", 10),
    ("cost_usd", 11),
    ("created_at", 12),
    ("updated_at", 13),
    ("completed_at", 14),
    ("started_at", 15),
    ("deleted_at", 16),
    ("time_actual_ms", 17),
    ("time_estimate_ms", 18),
    ("metrics", 19),
    ("metric_0", 20),
    ("metric_1", 21),
    ("metric_2", 22),
    ("metric_3", 23),
    ("metric_4", 24),
    ("metric_5", 25),
    ("metric_6", 26),
    ("metric_7", 27),
];

const HISTORY: cells::Names = &[
    ("id", 0),
    ("task_id", 1),
    ("worker_id", 2),
    ("status", 3),
    ("event", 3),
    ("phase", 4),
    ("reason", 5),
    ("timestamp", 6),
    ("end_timestamp", 7),
];

const EDGES: cells::Names = &[("from_task_id", 0), ("to_task_id", 1), ("dep_type", 2)];

const TAGS: cells::Names = &[("task_id", 0), ("tag", 1)];

const ORIGINS: cells::Names = &[
    ("run_id", 0),
    ("task_id", 1),
    ("template_task_id", 2),
    ("phase", 3),
];

impl Quick {
    /// Take the row of `table` at the beginning of `bytes`; its length, or none if it is one for serde.
    pub fn row(&mut self, ledger: &mut Ledger, table: &str, bytes: &[u8]) -> Option<usize> {
        if self.table != table {
            (self.table, self.shape, self.last) = (table.into(), Shape::default(), Some(0));
        }
        match table {
            "tasks" => self.task(ledger, bytes),
            "task_sequence" | "task_state_sequence" => self.change(ledger, bytes),
            "dependencies" => self.edge(ledger, bytes),
            "experiment_tasks" => self.origin(ledger, bytes),
            "task_tags" | "task_needed_tags" | "task_wanted_tags" => {
                let mut cells = [Cell::Absent; 2];
                let length = self.shape.read(TAGS, bytes, &mut cells)?;
                id(cells[0])?;
                word(cells[1])?;
                Some(length)
            }
            _ => None,
        }
    }

    fn task(&mut self, ledger: &mut Ledger, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 28];
        let length = self.shape.read(TASKS, bytes, &mut cells)?;
        let names = &mut ledger.names;
        // Texts of which only their kind matters.
        shown(cells[1], false)?;
        shown(cells[3], true)?;
        if let Cell::Real(_) | Cell::List(_) = cells[6] {
            return None;
        }
        self.list(cells[8], names)?;
        time(cells[15])?;
        let listed = match cells[19] {
            Cell::Absent | Cell::Null => Vec::new(),
            Cell::List(list) => numbers(list)?,
            _ => return None,
        };
        let mut slots = [0; 8];
        for (at, slot) in slots.iter_mut().enumerate() {
            let column = whole(cells[20 + at])?;
            *slot = column.unwrap_or(listed.get(at).copied().unwrap_or(0));
        }
        let row = TaskRow {
            needed_tags: self.list(cells[7], names)?,
            tags: self.list(cells[9], names)?,
            points: real(cells[10])?,
            cost_usd: real(cells[11])?,
            is_deleted: time(cells[16])?.is_some(),
            numbers: [
                time(cells[12])?,
                time(cells[13])?,
                time(cells[14])?,
                whole(cells[17])?,
                whole(cells[18])?,
            ],
            slots,
            id: self.name_of_task(names, id(cells[0])?)?,
            status: self.recent.add(names, word(cells[2])?)?,
            worker: self.some(names, cells[4])?,
            phase: self.some(names, cells[5])?,
        };
        note_seconds(&cells[12..=16]);
        ledger.tasks.push(&row);
        Some(length)
    }

    fn change(&mut self, ledger: &mut Ledger, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 8];
        let length = self.shape.read(HISTORY, bytes, &mut cells)?;
        let names = &mut ledger.names;
        time(cells[7])?;
        let reason = match cells[5] {
            Cell::Absent | Cell::Null => Reason::Other,
            text => Reason::of(Some(&value::string(text)?)),
        };
        let row = ChangeRow {
            id: match cells[0] {
                Cell::Absent => 0,
                Cell::Whole(id) => id,
                _ => return None,
            },
            timestamp: time(cells[6])?,
            task: self.name_of_task(names, id(cells[1])?)?,
            what: (
                self.some(names, cells[3])?,
                self.some(names, cells[2])?,
                self.some(names, cells[4])?,
                reason,
            ),
        };
        note_seconds(&cells[6..=7]);
        ledger.history.push(row);
        Some(length)
    }

    fn edge(&mut self, ledger: &mut Ledger, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 3];
        let length = self.shape.read(EDGES, bytes, &mut cells)?;
        let (from, to, kind) = (id(cells[0])?, id(cells[1])?, word(cells[2])?);
        let kind = Edges::kind(kind);
        if !ledger.edges.wants(kind) {
            return Some(length);
        }
        if ledger.history.tasks.is_empty() {
            ledger.edges.wait(from, to, kind);
        } else {
            let to = self.name_of_task(&mut ledger.names, to)?;
            let from = ledger.names.add(from)?;
            ledger.edges.add((from, to), kind);
        }
        Some(length)
    }

    fn origin(&mut self, ledger: &mut Ledger, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 4];
        let length = self.shape.read(ORIGINS, bytes, &mut cells)?;
        let names = &mut ledger.names;
        let (run, task, template) = (word(cells[0])?, id(cells[1])?, word(cells[2])?);
        let row = [
            names.add(task)?,
            self.recent.add(names, run)?,
            names.add(template)?,
            self.some(names, cells[3])?,
        ];
        ledger.origins.0.push(row);
        Some(length)
    }

    fn name_of_task(&mut self, names: &mut Names, id: &[u8]) -> Option<Name> {
        let is_it = |name: &Name| names.text(*name).as_bytes() == id;
        // Tables go through the tasks in the same order.
        let near = self.last.filter(is_it);
        let near = near.or_else(|| Some(self.last? + 1).filter(is_it));
        self.last = near.or_else(|| names.add(id));
        self.last
    }

    /// A text that may be missing.
    fn some(&mut self, names: &mut Names, cell: Cell) -> Option<Name> {
        match cell {
            Cell::Absent | Cell::Null => Some(NONE),
            Cell::Text(text) => self.recent.add(names, text),
            _ => None,
        }
    }

    /// A list of tags, or the JSON text of one.
    fn list(&mut self, cell: Cell, names: &mut Names) -> Option<Name> {
        let raw = match cell {
            Cell::Absent | Cell::Null | Cell::List(b"[]") | Cell::Text(b"[]") => return Some(NONE),
            Cell::List(raw) | Cell::Escaped(raw) => raw,
            _ => return None,
        };
        if let Some(name) = self.lists.get(raw) {
            return Some(*name);
        }
        let tags: Vec<String> = match cell {
            Cell::Escaped(_) => serde_json::from_str(&value::string(cell)?).unwrap_or_default(),
            _ => serde_json::from_slice(raw).ok()?,
        };
        let name = list(&tags, names);
        if self.lists.len() < MOST_LISTS {
            self.lists.insert(raw.into(), name);
        }
        Some(name)
    }
}

/// The most lists of tags that are remembered.
const MOST_LISTS: usize = 10_000;

/// Note that a row is taken some of whose times are cut to whole seconds: only now, for serde may refuse a row before it
/// comes to its times.
fn note_seconds(times: &[Cell]) {
    if times.iter().any(|time| matches!(time, Cell::Text(_))) {
        dialect::are_seconds();
    }
}

/// An id, which every row must have.
fn id(cell: Cell<'_>) -> Option<&[u8]> {
    word(cell).filter(|id| !id.is_empty())
}

/// A text; missing is empty.
fn word(cell: Cell<'_>) -> Option<&[u8]> {
    match cell {
        Cell::Absent => Some(b""),
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

/// That this is a text, or nothing.
fn shown(cell: Cell, may_be_null: bool) -> Option<()> {
    match cell {
        Cell::Absent | Cell::Text(_) | Cell::Escaped(_) => Some(()),
        Cell::Null if may_be_null => Some(()),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "none: not for us; nothing: no number")]
fn whole(cell: Cell) -> Option<Option<i64>> {
    match cell {
        Cell::Absent | Cell::Null => Some(None),
        Cell::Whole(number) => Some(Some(number)),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "none: not for us; nothing: no number")]
fn real(cell: Cell) -> Option<Option<f64>> {
    match cell {
        Cell::Absent | Cell::Null => Some(None),
        Cell::Whole(number) => Some(Some(number as f64)),
        Cell::Real(number) => Some(Some(number)),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "none: not for us; nothing: no time")]
fn time(cell: Cell) -> Option<Option<i64>> {
    match cell {
        Cell::Text(text) => dialect::seconds(text).map(Some),
        cell => whole(cell),
    }
}
