//! Whether two ledgers tell the same, however their texts are numbered.

use super::{Change, Ledger, Task};

impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        let is_alike = self.exported_by == other.exported_by
            && self.has == other.has
            && self.resolution_ms == other.resolution_ms
            && self.unread == other.unread
            && self.runs == other.runs
            && self.agents == other.agents
            && self.claims == other.claims;
        is_alike
            && self.all_tasks().eq(other.all_tasks())
            && self.all_changes().eq(other.all_changes())
            && self.all_edges().eq(other.all_edges())
            && self.all_origins().eq(other.all_origins())
    }
}

impl Ledger {
    /// The tasks in the order of the file, without the numbers of their names.
    fn all_tasks(&self) -> impl Iterator<Item = Task<'_>> {
        (0..self.tasks.ids.len()).map(|at| Task {
            name: 0,
            state: 0,
            ..self.tasks.get(at, &self.names)
        })
    }

    fn all_changes(&self) -> impl Iterator<Item = (&str, Change<'_>)> {
        (0..self.history.tasks.len()).map(|at| {
            let change = Change {
                state: 0,
                ..self.history.get(at, &self.names)
            };
            (self.text(self.history.tasks[at]), change)
        })
    }

    fn all_edges(&self) -> impl Iterator<Item = (&str, &str, bool, bool)> {
        (0..self.edges()).map(|at| {
            let edge = self.edge(at);
            let (from, to) = (self.text(edge.from), self.text(edge.to));
            (from, to, edge.is_ordering, edge.is_containment)
        })
    }

    fn all_origins(&self) -> impl Iterator<Item = [&str; 4]> {
        let origins = self.origins.0.iter();
        origins.map(|origin| origin.map(|name| self.text(name)))
    }
}
