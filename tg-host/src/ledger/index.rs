//! Where the rows of each task are, and how they are found.
//!
//! Files hold the tasks by id and the history task by task; then nothing is sorted. Else the rows are sorted once, by number,
//! not moved.

use super::edges::Edge;
use super::names::{NONE, Name, Names};
use super::tables::{Change, Origin, Task};
use super::{Ledger, column::Column};

/// Who stands where.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// The tasks in the order of their ids, each id once: the first that has it.
    tasks: Vec<u32>,
    /// The ids of those that are left out.
    repeated: Vec<Name>,
    /// The place of each name in `tasks`.
    places: Vec<u32>,
    /// The rows in order, where they are not in order themselves.
    order: Option<Vec<u32>>,
    /// From where to where the history of each name goes.
    spans: Vec<(u32, u32)>,
    /// Where the tasks came from, by task; the last if there are several.
    origins: Vec<[Name; 4]>,
}

impl Index {
    pub fn of(ledger: &Ledger) -> Self {
        let names = &ledger.names;
        let ids = &ledger.tasks.ids;
        let mut tasks: Vec<u32> = (0..ids.len() as u32).collect();
        let id = |task: &u32| names.text(ids[*task as usize]);
        if !tasks.is_sorted_by(|a, b| id(a) < id(b)) {
            tasks.sort_by(|a, b| id(a).cmp(id(b)));
        }
        let mut repeated = Vec::new();
        tasks.dedup_by(|later, first| {
            let is_same = ids[*later as usize] == ids[*first as usize];
            if is_same {
                repeated.push(ids[*later as usize]);
            }
            is_same
        });
        let mut places = vec![NONE; names.len()];
        for (place, task) in tasks.iter().enumerate() {
            places[ids[*task as usize] as usize] = place as u32;
        }
        let (order, spans) = order(&ledger.history.tasks, &ledger.history.ids, names);
        let mut origins = ledger.origins.0.clone();
        origins.sort_by_key(|origin| origin[0]);
        origins.reverse();
        origins.dedup_by_key(|origin| origin[0]);
        origins.reverse();
        Self {
            tasks,
            repeated,
            places,
            order,
            spans,
            origins,
        }
    }
}

/// The rows by task and id, unless they are so already, and where each task's are.
fn order(tasks: &[Name], ids: &Column, names: &Names) -> (Option<Vec<u32>>, Vec<(u32, u32)>) {
    let in_place = spans(tasks.iter().copied(), names);
    let later = |at: &usize| tasks[at - 1] == tasks[*at] && ids.get(at - 1) > ids.get(*at);
    if let Some(spans) = in_place
        && !(1..tasks.len()).any(|at| later(&at))
    {
        return (None, spans);
    }
    let mut order: Vec<u32> = (0..tasks.len() as u32).collect();
    order.sort_by_key(|row| (tasks[*row as usize], ids.get(*row as usize)));
    let sorted = order.iter().map(|row| tasks[*row as usize]);
    let spans = spans(sorted, names).unwrap_or_default();
    (Some(order), spans)
}

/// Where each task's rows are; none if they do not stand together.
fn spans(tasks: impl Iterator<Item = Name>, names: &Names) -> Option<Vec<(u32, u32)>> {
    let mut spans = vec![(0, 0); names.len()];
    for (at, task) in (0_u32..).zip(tasks) {
        let span = &mut spans[task as usize];
        match *span {
            (0, 0) => *span = (at, at + 1),
            (from, to) if to == at => *span = (from, at + 1),
            _ => return None,
        }
    }
    Some(spans)
}

impl Ledger {
    /// How many tasks it has, each id once.
    pub fn len(&self) -> usize {
        self.index.tasks.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.index.tasks.is_empty()
    }

    /// The task at a place in the order of ids.
    pub fn task(&self, place: u32) -> Task<'_> {
        self.tasks
            .get(self.index.tasks[place as usize] as usize, &self.names)
    }

    /// The number of the id of the task at a place.
    pub fn id(&self, place: u32) -> Name {
        self.tasks.ids[self.index.tasks[place as usize] as usize]
    }

    /// The place of a task in the order of ids, if there is one of this name.
    pub fn place(&self, name: Name) -> Option<u32> {
        let place = self.index.places.get(name as usize).copied();
        place.filter(|place| *place != NONE)
    }

    /// The ids of tasks that have the id of one before them.
    pub fn repeated(&self) -> &[Name] {
        &self.index.repeated
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    /// The number of a text.
    pub fn name(&self, text: &str) -> Option<Name> {
        self.names.find(text)
    }

    /// The history of a task, by row id.
    pub fn history(&self, task: Name) -> impl Iterator<Item = Change<'_>> {
        let (from, to) = self
            .index
            .spans
            .get(task as usize)
            .copied()
            .unwrap_or((0, 0));
        (from..to).map(move |at| {
            let row = self
                .index
                .order
                .as_ref()
                .map_or(at, |order| order[at as usize]);
            self.history.get(row as usize, &self.names)
        })
    }

    /// Whether a task has any history.
    pub fn has_history(&self, task: Name) -> bool {
        let span = self.index.spans.get(task as usize);
        span.is_some_and(|(from, to)| from < to)
    }

    /// Those that have a history, whether they are there or not.
    pub fn told(&self) -> impl Iterator<Item = Name> {
        let spans = (0..).zip(&self.index.spans);
        spans
            .filter(|(_, (from, to))| from < to)
            .map(|(name, _)| name)
    }

    /// The states the history knows, some of them more than once.
    pub fn states(&self) -> impl Iterator<Item = Name> {
        self.history.states()
    }

    /// How many rows the history has, and the largest of their ids.
    pub fn rows(&self) -> (usize, i64) {
        let ids = &self.history.ids;
        (ids.len(), ids.max().unwrap_or(0))
    }

    /// The last time at which anything is said to have happened to any task.
    pub fn last_event(&self) -> Option<i64> {
        let of_tasks = self.tasks.last_touched();
        self.history.timestamps.max().max(of_tasks)
    }

    /// What was logged on the task at a place: the cost in USD, and the slots.
    pub fn logged(&self, place: u32) -> (Option<f64>, [i64; 8]) {
        self.tasks.logged(self.index.tasks[place as usize] as usize)
    }

    /// How many edges it has.
    pub fn edges(&self) -> usize {
        self.edges.ends.len()
    }

    /// How many that order tasks were left out ([`Ledger::load_without_order`]).
    pub fn left_out_edges(&self) -> usize {
        self.edges.left_out
    }

    /// An edge.
    pub fn edge(&self, at: usize) -> Edge {
        self.edges.get(at)
    }

    /// Where a task came from.
    pub fn origin(&self, task: Name) -> Option<Origin<'_>> {
        let origins = &self.index.origins;
        let at = origins
            .binary_search_by_key(&task, |origin| origin[0])
            .ok()?;
        Some(self.as_origin(&origins[at]))
    }

    /// Each task of whose origin the file tells, and where it came from.
    pub fn origins(&self) -> impl Iterator<Item = (Name, Origin<'_>)> {
        let origins = self.index.origins.iter();
        origins.map(|origin| (origin[0], self.as_origin(origin)))
    }

    fn as_origin(&self, [_, run, template, phase]: &[Name; 4]) -> Origin<'_> {
        Origin {
            run_id: self.text(*run),
            template_task_id: self.text(*template),
            phase: (*phase != NONE).then(|| self.text(*phase)),
        }
    }

    /// Let tasks and their history begin no earlier than `start` says.
    pub fn begin_at(&mut self, start: impl Fn(Name) -> Option<i64>) {
        for (at, id) in self.tasks.ids.clone().into_iter().enumerate() {
            if let Some(start) = start(id) {
                let created = self.tasks.created_at();
                created.set(at, created.get(at).max(Some(start)));
            }
        }
        for (at, task) in self.history.tasks.iter().enumerate() {
            let times = &mut self.history.timestamps;
            if let (Some(start), Some(time)) = (start(*task), times.get(at)) {
                times.set(at, Some(time.max(start)));
            }
        }
    }
}
