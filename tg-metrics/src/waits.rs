//! Where the time before work goes: blocked by predecessors, ready but not given out, given out but not begun.
//!
//! For each task that was started, `first start - created_at = blocked + ready + assigned`, exactly. It became ready when
//! the last of its predecessors left its blocking states; who began before that had only blocked time, and counts as an
//! early start. What came before what is told by the ids of history rows, which order events within one millisecond.

use crate::intervals::{Class, Interval, Story};
use crate::view::View;
use tg_host::ledger::names::Name;
use tg_host::ledger::{Change, Reason};

/// Where the time before a task's first start went; in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wait {
    /// Waiting for predecessors.
    pub blocked: i64,
    /// Ready, and nobody's.
    pub ready: i64,
    /// Somebody's, and not begun.
    pub assigned: i64,
    /// From ready to given out, if it was given out and not started early; 0 if it was given out before.
    pub dispatch: Option<i64>,
    /// It was started while a predecessor was open.
    pub is_early: bool,
    /// It was started after a predecessor had failed or was cancelled.
    pub is_tainted: bool,
}

/// A task's predecessors at the moment it was started, taken together.
#[derive(Debug, Clone, Copy, Default)]
pub struct One {
    is_blocking: bool,
    is_failed: bool,
    /// The last exit of one from its blocking states.
    exit: Option<i64>,
}

/// The predecessors of all tasks that were started.
#[derive(Debug, Default)]
pub struct Before {
    /// What was before each task that has predecessors, by the task's place.
    of: Vec<Option<u32>>,
    all: Vec<One>,
}

impl Wait {
    /// Where the time before the `first` start of a task went.
    pub fn of(story: &Story, first: &Interval, before: One) -> Self {
        let start = first.start;
        let created = story.task.created_at.unwrap_or(start).min(start);
        let is_early = before.is_blocking;
        let ready_at = if is_early {
            start
        } else {
            before.exit.unwrap_or(created).clamp(created, start)
        };
        let assigned = story
            .intervals
            .iter()
            .filter(|interval| interval.class == Class::Assigned);
        let assigned = assigned.filter_map(|interval| interval.within((ready_at, start)));
        let assigned = crate::answer::sum(assigned.map(|(from, to)| to.saturating_sub(from)));
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

impl Before {
    /// What was before each of the tasks; the host's own rows for containers count here. Each predecessor's history is
    /// walked once, for all who wait for it in the order of their starts.
    pub fn of(view: &View) -> Self {
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

    /// What was before the task at this place.
    pub fn get(&self, place: usize) -> One {
        self.of[place].map_or_else(One::default, |at| self.all[at as usize])
    }

    /// The history row that first began work on a task, and where what was before it is kept.
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
            all.push(One::default());
            (all.len() - 1) as u32
        });
        Some((first.id, at))
    }

    /// Add the task `name`, as it was before each of the history rows of `starts`, to what was before those.
    fn walk(&mut self, view: &View, name: Name, starts: &[(i64, u32)]) {
        let is_blocking = |state: &str| view.classes.blocking.contains(state);
        let changes = view.ledger.history(name);
        let mut changes = changes
            .filter_map(|change| Some((change, change.status?)))
            .peekable();
        // Where nothing happened to it yet: it is new, or it has no history and has always been what it is, or the file
        // does not have it (the host can leave out deleted tasks) and it holds nobody back.
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
            let class = state.map(|state| Class::of(&view.classes, state));
            let one = &mut self.all[at as usize];
            one.is_blocking |= held_back;
            one.is_failed |= class == Some(Class::Failure);
            one.exit = one.exit.max(exit);
        }
    }
}
