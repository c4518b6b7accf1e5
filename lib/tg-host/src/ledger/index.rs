//! Lookup tables from names to rows.
//!
//! Files contain the tasks by id and the history task by task; then nothing is sorted. Else the row numbers are sorted once,
//! and the rows stay in place.

use super::column::Column;
use super::names::{NONE, Name, Names};
use super::packed::Packed;

/// Lookup tables from names to row numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// The tasks in the order of their ids, each id once: its first row.
    pub tasks: Vec<u32>,
    /// The ids of the rows that are left out.
    pub repeated: Vec<Name>,
    /// The place of each name in `tasks`.
    pub places: Vec<u32>,
    /// The history's rows in order, if they are not in order themselves.
    pub order: Option<Vec<u32>>,
    /// The range of each name's history.
    pub spans: Vec<(u32, u32)>,
    /// The origins of the tasks, by task; the last if there are several.
    pub origins: Vec<[Name; 4]>,
}

impl Index {
    pub fn new(rows: &Packed) -> Self {
        let (names, ids) = (&rows.names, &rows.tasks.ids);
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
        let (order, spans) = order(&rows.history.tasks, &rows.history.ids, names);
        let mut origins = rows.origins.0.clone();
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

/// The rows by task and id, unless they are in this order already, and the range of each task.
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

/// The range of each task's rows; none if they are not contiguous.
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
