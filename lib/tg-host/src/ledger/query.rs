//! Queries on a ledger.

use super::Ledger;
use super::edges::Edge;
use super::names::{NONE, Name};
use super::tables::{Change, Origin, Task};

impl Ledger {
    /// The number of tasks, each id once.
    pub fn len(&self) -> usize {
        self.index.tasks.len()
    }

    /// True if there are no tasks.
    pub fn is_empty(&self) -> bool {
        self.index.tasks.is_empty()
    }

    /// The task at a place in the order of ids.
    pub fn task(&self, place: u32) -> Task<'_> {
        self.rows
            .tasks
            .get(self.index.tasks[place as usize] as usize, &self.rows.names)
    }

    /// The name of the task at a place.
    pub fn id(&self, place: u32) -> Name {
        self.rows.tasks.ids[self.index.tasks[place as usize] as usize]
    }

    /// The place of a task in the order of ids, if a task has this name.
    pub fn place(&self, name: Name) -> Option<u32> {
        let place = self.index.places.get(name as usize).copied();
        place.filter(|place| *place != NONE)
    }

    /// The ids of tasks whose id an earlier task has.
    pub fn repeated(&self) -> &[Name] {
        &self.index.repeated
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        self.rows.names.text(name)
    }

    /// The number of a text.
    pub fn name(&self, text: &str) -> Option<Name> {
        self.rows.names.find(text)
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
            self.rows.history.get(row as usize, &self.rows.names)
        })
    }

    /// True if a task has any history.
    pub fn has_history(&self, task: Name) -> bool {
        let span = self.index.spans.get(task as usize);
        span.is_some_and(|(from, to)| from < to)
    }

    /// The names that have a history, with or without a task.
    pub fn names_with_history(&self) -> impl Iterator<Item = Name> {
        let spans = (0..).zip(&self.index.spans);
        spans
            .filter(|(_, (from, to))| from < to)
            .map(|(name, _)| name)
    }

    /// The states in the history, some of them more than once.
    pub fn states(&self) -> impl Iterator<Item = Name> {
        self.rows.history.states()
    }

    /// The number of rows in the history, and the largest of their ids.
    pub fn rows(&self) -> (usize, i64) {
        let ids = &self.rows.history.ids;
        (ids.len(), ids.max().unwrap_or(0))
    }

    /// The time of the last event of any task.
    pub fn last_event(&self) -> Option<i64> {
        let of_tasks = self.rows.tasks.last_touched();
        self.rows.history.timestamps.max().max(of_tasks)
    }

    /// The values logged on the task at a place: the cost in USD, and the slots.
    pub fn logged(&self, place: u32) -> (Option<f64>, [i64; 8]) {
        self.rows
            .tasks
            .logged(self.index.tasks[place as usize] as usize)
    }

    /// The number of edges.
    pub fn edges(&self) -> usize {
        self.rows.edges.ends.len()
    }

    /// The number of edges that [`Ledger::load_without_order`] left out.
    pub fn left_out_edges(&self) -> usize {
        self.rows.edges.left_out
    }

    /// The edge at an index.
    pub fn edge(&self, at: usize) -> Edge {
        self.rows.edges.get(at)
    }

    /// The origin of a task.
    pub fn origin(&self, task: Name) -> Option<Origin<'_>> {
        let origins = &self.index.origins;
        let at = origins
            .binary_search_by_key(&task, |origin| origin[0])
            .ok()?;
        Some(self.as_origin(&origins[at]))
    }

    /// The tasks whose origin the file contains, and their origins.
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

    /// Moves the start of each task and its history to `start`, if it is earlier.
    pub fn begin_at(&mut self, start: impl Fn(Name) -> Option<i64>) {
        for (at, id) in self.rows.tasks.ids.clone().into_iter().enumerate() {
            if let Some(start) = start(id) {
                let created = self.rows.tasks.created_at();
                created.set(at, created.get(at).max(Some(start)));
            }
        }
        for (at, task) in self.rows.history.tasks.iter().enumerate() {
            let times = &mut self.rows.history.timestamps;
            if let (Some(start), Some(time)) = (start(*task), times.get(at)) {
                times.set(at, Some(time.max(start)));
            }
        }
    }
}
