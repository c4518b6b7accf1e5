//! Files that two workers wanted at once.

use super::log::Call;
use std::collections::BTreeSet;

/// Claims of a file begun while another worker's claim on it was open.
pub fn contention(calls: &[Call]) -> usize {
    let mut open: BTreeSet<(&str, &str, Option<&str>)> = BTreeSet::new(); // file, worker, task
    let mut contended = 0;
    for call in calls {
        let (worker, task) = (call.actor.as_str(), call.task.as_deref());
        match (call.kind.as_str(), call.file.as_deref()) {
            ("mark_file", Some(file)) => {
                contended += usize::from(
                    open.iter()
                        .any(|claim| claim.0 == file && claim.1 != worker),
                );
                open.insert((file, worker, task));
            }
            ("unmark_file", file) => open.retain(|claim| {
                claim.1 != worker
                    || file.is_some_and(|file| claim.0 != file)
                    || (file.is_none() && claim.2 != task)
            }),
            ("disconnect" | "reconnect", _) => open.retain(|claim| claim.1 != worker),
            ("expire" | "evicted", _) => {
                open.retain(|claim| Some(claim.1) != call.worker.as_deref());
            }
            _ => {}
        }
    }
    contended
}
