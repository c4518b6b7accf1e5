//! The packed rows of a ledger.

use super::edges::Edges;
use super::names::Names;
use super::tables::{self, History, Origins, Tasks};
use crate::snapshot::Tables;

/// The rows, with their texts by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    pub names: Names,
    pub tasks: Tasks,
    pub history: History,
    pub edges: Edges,
    pub origins: Origins,
}

impl Packed {
    /// Reserves room for the content of a large file of that many bytes. Room takes no memory before it is used; a vector
    /// that outgrows its room is moved, and takes the memory twice.
    pub fn reserve(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(0);
        self.history.reserve(bytes / 300);
        self.tasks.reserve(bytes / 1500);
        self.names.reserve(bytes / 1500);
    }

    /// Numbers the edges that wait, if the history has been read.
    pub fn end_table(&mut self) {
        if !self.history.tasks.is_empty() {
            self.edges.settle(&mut self.names);
        }
    }

    /// Moves a row that serde has read out of `rows`.
    pub fn push(&mut self, rows: &mut Tables) {
        let names = &mut self.names;
        if let Some(task) = rows.tasks.pop() {
            self.tasks.push(&tables::PackedTask::new(&task, names));
        }
        if let Some(change) = rows.task_sequence.pop() {
            self.history.push(tables::PackedChange::new(&change, names));
        }
        if let Some(edge) = rows.dependencies.pop() {
            self.edges.push(&edge, names);
        }
        if let Some(origin) = rows.experiment_tasks.pop() {
            self.origins.push(&origin, names);
        }
        rows.task_tags.clear();
        rows.task_needed_tags.clear();
        rows.task_wanted_tags.clear();
    }
}
