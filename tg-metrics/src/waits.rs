//! The time before work, in three parts: blocked by predecessors, ready but not assigned, assigned but not started.
//!
//! For each task that was started, `first start - created_at = blocked + ready + assigned`, exactly. The task became ready
//! when the last of its predecessors left its blocking states; a task started before that had only blocked time, and
//! counts as an early start. The ids of history rows order events within one millisecond.

use crate::class::Class;
use crate::intervals::{Interval, Story};
use crate::number::sum;
use crate::view::View;
use tg_host::ledger::names::Name;
use tg_host::ledger::{Change, Reason};

/// The time before a task's first start, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wait {
    /// Waiting for predecessors.
    pub blocked: i64,
    /// Ready and not assigned.
    pub ready: i64,
    /// Assigned and not started.
    pub assigned: i64,
    /// From ready to the first assignment, for a task that was assigned and not started early; 0 if it was assigned before.
    pub dispatch: Option<i64>,
    /// Started while a predecessor was open.
    pub is_early: bool,
    /// Started after a predecessor had failed or was cancelled.
    pub is_tainted: bool,
}

/// The predecessors of one task at the moment of its start, taken together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Predecessors {
    is_blocking: bool,
    is_failed: bool,
    /// The last exit of one from its blocking states.
    exit: Option<i64>,
}

/// The predecessors of all tasks that were started.
#[derive(Debug, Default)]
pub struct AllPredecessors {
    /// Indices into `all`, by the places of the tasks; `None` for tasks without predecessors.
    of: Vec<Option<u32>>,
    all: Vec<Predecessors>,
}

impl Wait {
    /// The time before the `first` start of a task.
    pub fn new(story: &Story, first: &Interval, before: Predecessors) -> Self {
        let start = first.start;
        let created = story.task.created_at.unwrap_or(start).min(start);
        let is_early = before.is_blocking;
        let ready_at = if is_early {
            start
        } else {
            before.exit.unwrap_or(created).clamp(created, start)
        };
        let assigned = story.assigned();
        let assigned = assigned.filter_map(|interval| interval.within((ready_at, start)));
        let assigned = sum(assigned.map(|(from, to)| to.saturating_sub(from)));
        let given = story.first_assigned().filter(|_| !is_early);
        Self {
            blocked: ready_at.saturating_sub(created),
            ready: start.saturating_sub(ready_at).saturating_sub(assigned),
            assigned,
            dispatch: given.map(|given| given.start.saturating_sub(ready_at).max(0)),
            is_early,
            is_tainted: before.is_failed,
        }
    }
}

impl AllPredecessors {
    /// The predecessors of each task; the host's own rows for containers count here. The history of each predecessor is
    /// walked once, for all its successors in the order of their starts.
    pub fn new(view: &View) -> Self {
        let edges = view.edges().filter(|edge| edge.is_ordering);
        let mut edges: Vec<(Name, Name)> = edges.map(|edge| (edge.from, edge.to)).collect();
        edges.sort_unstable();
        let mut before = Self {
            of: vec![None; view.len()],
            all: Vec::new(),
        };
        let mut starts = Vec::new();
        for group in edges.chunk_by(|one, other| one.0 == other.0) {
            starts.clear();
            starts.extend(group.iter().filter_map(|(_, to)| before.start(view, *to)));
            starts.sort_unstable();
            before.walk(view, group[0].0, &starts);
        }
        before
    }

    /// The predecessors of the task at this place.
    pub fn get(&self, place: usize) -> Predecessors {
        self.of[place].map_or_else(Predecessors::default, |at| self.all[at as usize])
    }

    /// The history row of a task's first start, and the index of its predecessors in `all`.
    fn start(&mut self, view: &View, task: Name) -> Option<(i64, u32)> {
        let place = view.place(task)?;
        let is_first = |row: &Change| {
            row.timestamp.is_some()
                && row.reason != Reason::Rollup
                && row.status.is_some()
                && view.class(row.state) == Class::Timed
        };
        let first = view.ledger.history(task).find(is_first)?;
        let all = &mut self.all;
        let at = *self.of[place].get_or_insert_with(|| {
            all.push(Predecessors::default());
            (all.len() - 1) as u32
        });
        Some((first.id, at))
    }

    /// Adds the task `name`, in its state before each of the history rows of `starts`, to the predecessors there.
    fn walk(&mut self, view: &View, name: Name, starts: &[(i64, u32)]) {
        let is_blocking = |state: &str| view.classes.blocking.contains(state);
        let changes = view.ledger.history(name);
        let mut changes = changes
            .filter_map(|change| Some((change, change.status?)))
            .peekable();
        // Before its first row, a task is new. A task without history has always been in its last state. A task that is
        // missing from the file (the host can leave out deleted ones) blocks no other.
        let has_history = view.ledger.has_history(name);
        let always = view.place(name).filter(|_| !has_history);
        let always = always.and_then(|_| view.ledger.place(name));
        let mut state = always.map(|always| view.ledger.task(always).status);
        let mut held_back = has_history || state.is_some_and(is_blocking);
        let mut exit = None;
        for &(row, at) in starts {
            while let Some((change, next)) = changes.next_if(|(change, _)| change.id < row) {
                let holds_back = is_blocking(next);
                if held_back && !holds_back {
                    exit = change.timestamp.or(exit);
                }
                (state, held_back) = (Some(next), holds_back);
            }
            let class = state.map(|state| Class::new(&view.classes, state));
            let before = &mut self.all[at as usize];
            before.is_blocking |= held_back;
            before.is_failed |= class == Some(Class::Failure);
            before.exit = before.exit.max(exit);
        }
    }
}
