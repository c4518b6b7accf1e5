//! The template library, read and counted.

use crate::root;
use std::collections::{BTreeMap, BTreeSet};
use tg_host::Snapshot;

/// Their names.
pub const NAMES: [&str; 6] = [
    "tiny-feature",
    "medium-feature",
    "medium-coarse",
    "large-refactor",
    "independent-batch",
    "pipeline",
];

/// One of them.
///
/// # Panics
/// If it cannot be read.
pub fn template(name: &str) -> Snapshot {
    Snapshot::load(&root().join("templates").join(format!("{name}.json"))).expect("a template")
}

/// The figures of one in the README's table: tasks, leaves, ordering deps, containers, points, estimate and critical path in minutes.
///
/// # Panics
/// If an edge names no task.
pub fn figures(snapshot: &Snapshot) -> [i64; 7] {
    let tables = &snapshot.tables;
    let containers: BTreeSet<&str> = tables
        .dependencies
        .iter()
        .filter(|edge| edge.is_containment())
        .map(|edge| edge.from_task_id.as_str())
        .collect();
    let leaves: Vec<_> = tables
        .tasks
        .iter()
        .filter(|task| !containers.contains(task.id.as_str()))
        .collect();
    let minutes: BTreeMap<&str, i64> = leaves
        .iter()
        .map(|task| {
            (
                task.id.as_str(),
                task.time_estimate_ms.unwrap_or(0) / 60_000,
            )
        })
        .collect();
    let edges: Vec<_> = tables
        .dependencies
        .iter()
        .filter(|edge| edge.is_ordering())
        .collect();
    let mut finish = minutes.clone();
    for _ in 0..leaves.len() {
        for edge in &edges {
            let until = finish[edge.from_task_id.as_str()] + minutes[edge.to_task_id.as_str()];
            let entry = finish
                .get_mut(edge.to_task_id.as_str())
                .expect("a template");
            *entry = until.max(*entry);
        }
    }
    [
        tables.tasks.len() as i64,
        leaves.len() as i64,
        edges.len() as i64,
        containers.len() as i64,
        leaves.iter().filter_map(|task| task.points).sum::<f64>() as i64,
        minutes.values().sum(),
        finish.values().copied().max().unwrap_or(0),
    ]
}
