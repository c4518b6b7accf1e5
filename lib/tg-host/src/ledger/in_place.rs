//! Reading rows into the ledger without serde, with the same rules for each column as its serde type.
//!
//! If a value breaks these rules or is not plain, the whole row is left to serde, which returns the error.

use super::edges::Edges;
use super::names::{NONE, Name, Names, Recent};
use super::packed::Packed;
use super::tables::{PackedChange, PackedTask, Reason, list};
use crate::snapshot::dialect;
use crate::snapshot::shape::{self, Shape};
use crate::snapshot::value::{self, Cell, numbers};
use hashbrown::{DefaultHashBuilder, HashMap};

/// Reads rows in place.
#[derive(Debug, Default)]
pub(super) struct RowReader {
    table: String,
    shape: Shape,
    recent: Recent,
    lists: HashMap<Vec<u8>, Name, DefaultHashBuilder>,
    /// The task of the last row: the rows of a task are mostly contiguous.
    last: Option<Name>,
}

const TASKS: shape::Columns = "id title status description worker_id phase priority needed_tags wanted_tags tags points \
    cost_usd created_at updated_at completed_at started_at deleted_at time_actual_ms time_estimate_ms metrics \
    metric_0 metric_1 metric_2 metric_3 metric_4 metric_5 metric_6 metric_7";

const HISTORY: shape::Columns =
    "id task_id worker_id status|event phase reason timestamp end_timestamp";

const EDGES: shape::Columns = "from_task_id to_task_id dep_type";

const TAGS: shape::Columns = "task_id tag";

const ORIGINS: shape::Columns = "run_id task_id template_task_id phase";

impl RowReader {
    /// Reads the row of `table` at the beginning of `bytes`; returns its length, or none if serde must read it.
    pub fn row(&mut self, rows: &mut Packed, table: &str, bytes: &[u8]) -> Option<usize> {
        if self.table != table {
            (self.table, self.shape, self.last) = (table.into(), Shape::default(), Some(0));
        }
        match table {
            "tasks" => self.task(rows, bytes),
            "task_sequence" | "task_state_sequence" => self.change(rows, bytes),
            "dependencies" => self.edge(rows, bytes),
            "experiment_tasks" => self.origin(rows, bytes),
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

    fn task(&mut self, rows: &mut Packed, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 28];
        let length = self.shape.read(TASKS, bytes, &mut cells)?;
        let names = &mut rows.names;
        // Texts whose content is not needed.
        check_text(cells[1], false)?;
        check_text(cells[3], true)?;
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
        let row = PackedTask {
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
        rows.tasks.push(&row);
        Some(length)
    }

    fn change(&mut self, rows: &mut Packed, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 8];
        let length = self.shape.read(HISTORY, bytes, &mut cells)?;
        let names = &mut rows.names;
        time(cells[7])?;
        let reason = match cells[5] {
            Cell::Absent | Cell::Null => Reason::Other,
            text => Reason::parse(Some(&value::string(text)?)),
        };
        let row = PackedChange {
            id: match cells[0] {
                Cell::Absent => 0,
                Cell::Whole(id) => id,
                _ => return None,
            },
            timestamp: time(cells[6])?,
            task: self.name_of_task(names, id(cells[1])?)?,
            content: (
                self.some(names, cells[3])?,
                self.some(names, cells[2])?,
                self.some(names, cells[4])?,
                reason,
            ),
        };
        note_seconds(&cells[6..=7]);
        rows.history.push(row);
        Some(length)
    }

    fn edge(&mut self, rows: &mut Packed, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 3];
        let length = self.shape.read(EDGES, bytes, &mut cells)?;
        let (from, to, kind) = (id(cells[0])?, id(cells[1])?, word(cells[2])?);
        let kind = Edges::kind(kind);
        if !rows.edges.wants(kind) {
            return Some(length);
        }
        if rows.history.tasks.is_empty() {
            rows.edges.wait(from, to, kind);
        } else {
            let to = self.name_of_task(&mut rows.names, to)?;
            let from = rows.names.add(from)?;
            rows.edges.add((from, to), kind);
        }
        Some(length)
    }

    fn origin(&mut self, rows: &mut Packed, bytes: &[u8]) -> Option<usize> {
        let mut cells = [Cell::Absent; 4];
        let length = self.shape.read(ORIGINS, bytes, &mut cells)?;
        let names = &mut rows.names;
        let (run, task, template) = (word(cells[0])?, id(cells[1])?, word(cells[2])?);
        let row = [
            names.add(task)?,
            self.recent.add(names, run)?,
            names.add(template)?,
            self.some(names, cells[3])?,
        ];
        rows.origins.0.push(row);
        Some(length)
    }

    fn name_of_task(&mut self, names: &mut Names, id: &[u8]) -> Option<Name> {
        let is_same = |name: &Name| names.text(*name).as_bytes() == id;
        // All tables have the tasks in the same order.
        let near = self.last.filter(is_same);
        let near = near.or_else(|| Some(self.last? + 1).filter(is_same));
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

/// The most lists of tags that are cached.
const MOST_LISTS: usize = 10_000;

/// Notes that a row with times cut to whole seconds was read: only after the row, because serde may refuse a row before it
/// reaches its times.
fn note_seconds(times: &[Cell]) {
    if times.iter().any(|time| matches!(time, Cell::Text(_))) {
        dialect::note_seconds();
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

/// Checks that this is a text, or absent.
fn check_text(cell: Cell, may_be_null: bool) -> Option<()> {
    match cell {
        Cell::Absent | Cell::Text(_) | Cell::Escaped(_) => Some(()),
        Cell::Null if may_be_null => Some(()),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "outer: refused; inner: null")]
fn whole(cell: Cell) -> Option<Option<i64>> {
    match cell {
        Cell::Absent | Cell::Null => Some(None),
        Cell::Whole(number) => Some(Some(number)),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "outer: refused; inner: null")]
fn real(cell: Cell) -> Option<Option<f64>> {
    match cell {
        Cell::Absent | Cell::Null => Some(None),
        Cell::Whole(number) => Some(Some(number as f64)),
        Cell::Real(number) => Some(Some(number)),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "outer: refused; inner: null")]
fn time(cell: Cell) -> Option<Option<i64>> {
    match cell {
        Cell::Text(text) => dialect::seconds(text).map(Some),
        cell => whole(cell),
    }
}
