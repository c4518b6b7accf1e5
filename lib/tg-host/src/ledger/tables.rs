//! The tables of a ledger, column by column.

use super::column::Column;
use super::names::{NONE, Name, Names};
use crate::snapshot;

/// A task, with the columns of [`snapshot::TaskRow`]. Times are milliseconds since the epoch, durations milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the host's column names")]
pub struct Task<'a> {
    /// The name of its id.
    pub name: Name,
    pub id: &'a str,
    pub status: &'a str,
    /// The name of its status.
    pub state: Name,
    pub worker_id: Option<&'a str>,
    pub phase: Option<&'a str>,
    /// As JSON; empty if there are none.
    pub needed_tags: &'a str,
    /// As JSON; empty if there are none.
    pub tags: &'a str,
    pub points: Option<f64>,
    pub time_estimate_ms: Option<i64>,
    pub time_actual_ms: Option<i64>,
    pub completed_at: Option<i64>,
    pub cost_usd: Option<f64>,
    pub slots: [i64; 8],
    pub is_deleted: bool,
    pub created_at: Option<i64>,
    pub updated_at: Option<i64>,
}

/// True if a list of tags, as JSON, contains `tag`.
pub fn has_tag(list: &str, tag: &str) -> bool {
    !list.is_empty()
        && serde_json::from_str::<Vec<String>>(list)
            .is_ok_and(|list| list.iter().any(|one| one == tag))
}

/// A task with its texts by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedTask {
    pub id: Name,
    pub status: Name,
    pub worker: Name,
    pub phase: Name,
    pub needed_tags: Name,
    pub tags: Name,
    pub points: Option<f64>,
    pub cost_usd: Option<f64>,
    pub is_deleted: bool,
    /// In the order of [`Tasks::numbers`].
    pub numbers: [Option<i64>; 5],
    pub slots: [i64; 8],
}

/// The name of a list of tags as JSON.
pub(super) fn list(tags: &[String], names: &mut Names) -> Name {
    if tags.is_empty() {
        return NONE;
    }
    let text = serde_json::to_vec(tags).unwrap_or_default();
    names.add(&text).unwrap_or(NONE)
}

impl PackedTask {
    pub fn new(task: &snapshot::TaskRow, names: &mut Names) -> Self {
        Self {
            id: names.add(task.id.as_bytes()).unwrap_or(NONE),
            status: names.add(task.status.as_bytes()).unwrap_or(NONE),
            worker: names.add_some(task.worker_id.as_deref()),
            phase: names.add_some(task.phase.as_deref()),
            needed_tags: list(&task.needed_tags, names),
            tags: list(&task.tags, names),
            points: task.points,
            cost_usd: task.cost_usd,
            is_deleted: task.deleted_at.is_some(),
            numbers: [
                task.created_at,
                task.updated_at,
                task.completed_at,
                task.time_actual_ms,
                task.time_estimate_ms,
            ],
            slots: task.slots(),
        }
    }
}

/// All tasks, containers and deleted ones included.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tasks {
    pub ids: Vec<Name>,
    texts: Vec<[Name; 5]>,
    /// NaN if there is none, which JSON cannot contain.
    reals: Vec<[f64; 2]>,
    is_deleted: Vec<bool>,
    numbers: [Column; 5],
    slots: [Column; 8],
}

const CREATED: usize = 0;
const UPDATED: usize = 1;

impl Tasks {
    pub fn reserve(&mut self, many: usize) {
        self.ids.reserve(many);
        self.texts.reserve(many);
        self.reals.reserve(many);
        self.is_deleted.reserve(many);
        for column in self.numbers.iter_mut().chain(&mut self.slots) {
            column.reserve(many);
        }
    }

    pub fn push(&mut self, row: &PackedTask) {
        self.ids.push(row.id);
        self.texts
            .push([row.status, row.worker, row.phase, row.needed_tags, row.tags]);
        let real = |value: Option<f64>| value.unwrap_or(f64::NAN);
        self.reals.push([real(row.points), real(row.cost_usd)]);
        self.is_deleted.push(row.is_deleted);
        for (column, number) in self.numbers.iter_mut().zip(row.numbers) {
            column.push(number);
        }
        for (column, slot) in self.slots.iter_mut().zip(row.slots) {
            column.push(Some(slot));
        }
    }

    pub fn get<'a>(&self, at: usize, names: &'a Names) -> Task<'a> {
        let [status, worker, phase, needed_tags, tags] = self.texts[at];
        let some = |name: Name| (name != NONE).then(|| names.text(name));
        let real = |value: f64| Some(value).filter(|value| !value.is_nan());
        let number = |column: usize| self.numbers[column].get(at);
        Task {
            name: self.ids[at],
            id: names.text(self.ids[at]),
            status: names.text(status),
            state: status,
            worker_id: some(worker),
            phase: some(phase),
            needed_tags: names.text(needed_tags),
            tags: names.text(tags),
            points: real(self.reals[at][0]),
            cost_usd: real(self.reals[at][1]),
            is_deleted: self.is_deleted[at],
            created_at: number(CREATED),
            updated_at: number(UPDATED),
            completed_at: number(2),
            time_actual_ms: number(3),
            time_estimate_ms: number(4),
            slots: std::array::from_fn(|slot| self.slots[slot].get(at).unwrap_or(0)),
        }
    }

    /// The last creation or change, including repeated rows.
    pub fn last_touched(&self) -> Option<i64> {
        self.numbers[CREATED].max().max(self.numbers[UPDATED].max())
    }

    pub fn logged(&self, at: usize) -> (Option<f64>, [i64; 8]) {
        let cost = Some(self.reals[at][1]).filter(|value| !value.is_nan());
        let slot = |slot: usize| self.slots[slot].get(at).unwrap_or(0);
        (cost, std::array::from_fn(slot))
    }

    pub fn created_at(&mut self) -> &mut Column {
        &mut self.numbers[CREATED]
    }
}

/// The reason of a change, as far as metrics need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The host itself completed a container (`auto-rollup: ...`).
    Rollup,
    /// The host released a task because its worker fell silent (`stale_release`).
    Stale,
    /// Anything else, or nothing.
    Other,
}

impl Reason {
    pub(super) fn parse(reason: Option<&str>) -> Self {
        match reason {
            Some("stale_release") => Self::Stale,
            Some(reason) if reason.starts_with("auto-rollup:") => Self::Rollup,
            _ => Self::Other,
        }
    }
}

/// A row of the history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<'a> {
    /// Grows with time over the whole database.
    pub id: i64,
    /// The worker that caused the change; none for a state without an owner.
    pub worker_id: Option<&'a str>,
    /// The new state; none for a change of phase.
    pub status: Option<&'a str>,
    /// The name of the new state.
    pub state: Name,
    /// The new phase, in a row without a state.
    pub phase: Option<&'a str>,
    /// The reason that the host gives.
    pub reason: Reason,
    /// Milliseconds since the epoch.
    pub timestamp: Option<i64>,
}

/// A row of the history with its texts by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedChange {
    pub id: i64,
    pub task: Name,
    pub content: Content,
    pub timestamp: Option<i64>,
}

/// The part that many rows of the history share: state, worker, phase and reason.
pub(super) type Content = (Name, Name, Name, Reason);

impl PackedChange {
    pub fn new(row: &snapshot::ChangeRow, names: &mut Names) -> Self {
        Self {
            id: row.id,
            task: names.add(row.task_id.as_bytes()).unwrap_or(NONE),
            content: (
                names.add_some(row.status.as_deref()),
                names.add_some(row.worker_id.as_deref()),
                names.add_some(row.phase.as_deref()),
                Reason::parse(row.reason.as_deref()),
            ),
            timestamp: row.timestamp,
        }
    }
}

/// The history of states and phases.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub ids: Column,
    pub tasks: Vec<Name>,
    pub timestamps: Column,
    /// The index of each row's content.
    content: Vec<u32>,
    contents: Vec<Content>,
    places: std::collections::HashMap<Content, u32>,
    recent: [u32; 32],
}

impl History {
    pub fn reserve(&mut self, many: usize) {
        self.ids.reserve(many);
        self.tasks.reserve(many);
        self.timestamps.reserve(many);
        self.content.reserve(many);
    }

    pub fn push(&mut self, row: PackedChange) {
        let place = self.place(row.content);
        self.ids.push(Some(row.id));
        self.tasks.push(row.task);
        self.timestamps.push(row.timestamp);
        self.content.push(place);
    }

    fn place(&mut self, content: Content) -> u32 {
        let slot = (content.0 ^ content.1.rotate_left(2) ^ content.2) as usize % self.recent.len();
        let recent = self.recent[slot];
        if self.contents.get(recent as usize) == Some(&content) {
            return recent;
        }
        let place = *self.places.entry(content).or_insert_with(|| {
            self.contents.push(content);
            (self.contents.len() - 1) as u32
        });
        self.recent[slot] = place;
        place
    }

    /// Its states, some of them more than once.
    pub fn states(&self) -> impl Iterator<Item = Name> {
        self.contents.iter().map(|content| content.0)
    }

    pub fn get<'a>(&self, at: usize, names: &'a Names) -> Change<'a> {
        let some = |name: Name| (name != NONE).then(|| names.text(name));
        let (status, worker, phase, reason) = self.contents[self.content[at] as usize];
        Change {
            id: self.ids.get(at).unwrap_or(0),
            worker_id: some(worker),
            status: some(status),
            state: status,
            phase: some(phase),
            reason,
            timestamp: self.timestamps.get(at),
        }
    }
}

/// The origin of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The run.
    pub run_id: &'a str,
    /// Its id in the template.
    pub template_task_id: &'a str,
    /// The phase it was created in, of which the host writes no row.
    pub phase: Option<&'a str>,
}

/// The origins of the tasks: task, run, id in the template, phase.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Origins(pub Vec<[Name; 4]>);

impl Origins {
    pub fn push(&mut self, row: &snapshot::OriginRow, names: &mut Names) {
        let mut name = |text: &str| names.add(text.as_bytes()).unwrap_or(NONE);
        let (task, run) = (name(&row.task_id), name(&row.run_id));
        let template = name(&row.template_task_id);
        let phase = names.add_some(row.phase.as_deref());
        self.0.push([task, run, template, phase]);
    }
}
