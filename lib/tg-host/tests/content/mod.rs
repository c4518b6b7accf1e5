//! The content of a snapshot as values that can be compared, from either of its two readers: [`Ledger`] reads most rows in
//! place, [`Snapshot`] reads all by serde. The fuzz targets use this file, too.

use std::collections::{BTreeMap, BTreeSet};
use tg_host::experiment_tables::AgentRow;
use tg_host::ledger::Reason;
use tg_host::snapshot::{ChangeRow, FileClaim, RunRow, TaskRow, Unread};
use tg_host::{Ledger, Snapshot};

/// The content of a snapshot.
#[derive(Debug, Default, PartialEq)]
pub struct Content {
    exported_by: String,
    resolution_ms: i64,
    has: BTreeSet<String>,
    unread: Vec<Unread>,
    runs: Vec<RunRow>,
    agents: Vec<AgentRow>,
    claims: Vec<FileClaim>,
    /// By id: the first row of each.
    tasks: BTreeMap<String, String>,
    repeated: usize,
    last_event: Option<i64>,
    /// By task, in the order of row ids.
    history: BTreeMap<String, Vec<String>>,
    edges: Vec<(String, String, bool, bool)>,
    /// By task: the last row of each.
    origins: BTreeMap<String, String>,
}

/// The common fields of the two types of tasks, as text.
macro_rules! task {
    ($task:expr, $needed:expr, $tags:expr, $slots:expr, $is_deleted:expr) => {
        format!(
            "{:?}",
            (
                (
                    &$task.status,
                    &$task.worker_id,
                    &$task.phase,
                    &$needed,
                    &$tags,
                    $slots,
                    $is_deleted
                ),
                (
                    $task.points,
                    $task.cost_usd,
                    $task.time_estimate_ms,
                    $task.time_actual_ms
                ),
                ($task.created_at, $task.updated_at, $task.completed_at),
            )
        )
    };
}

impl From<&Ledger> for Content {
    fn from(ledger: &Ledger) -> Self {
        let tasks = (0..ledger.len() as u32).map(|place| ledger.task(place));
        let history = ledger.names_with_history().map(|name| {
            let rows = ledger.history(name).map(|row| {
                let key = (row.id, row.worker_id, row.status, row.phase);
                format!("{key:?} {:?} {:?}", row.reason, row.timestamp)
            });
            (ledger.text(name).to_string(), rows.collect())
        });
        let edges = (0..ledger.edges()).map(|at| {
            let edge = ledger.edge(at);
            let text = |name| ledger.text(name).to_string();
            (
                text(edge.from),
                text(edge.to),
                edge.is_ordering,
                edge.is_containment,
            )
        });
        let origins = ledger.origins().map(|(task, origin)| {
            let origin = (origin.run_id, origin.template_task_id, origin.phase);
            (ledger.text(task).to_string(), format!("{origin:?}"))
        });
        Self {
            exported_by: ledger.exported_by.clone(),
            resolution_ms: ledger.resolution_ms,
            has: ledger.has.clone(),
            unread: ledger.unread.clone(),
            runs: ledger.runs.clone(),
            agents: ledger.agents.clone(),
            claims: ledger.claims.clone(),
            tasks: tasks
                .map(|task| {
                    let text = task!(
                        task,
                        task.needed_tags,
                        task.tags,
                        task.slots,
                        task.is_deleted
                    );
                    (task.id.to_string(), text)
                })
                .collect(),
            repeated: ledger.repeated().len(),
            last_event: ledger.last_event(),
            history: history.collect(),
            edges: edges.collect(),
            origins: origins.collect(),
        }
    }
}

impl From<&Snapshot> for Content {
    fn from(snapshot: &Snapshot) -> Self {
        let tables = &snapshot.tables;
        let mut tasks = BTreeMap::new();
        for task in tables.tasks.iter().rev() {
            tasks.insert(task.id.clone(), described(task));
        }
        let mut rows: Vec<&ChangeRow> = tables.task_sequence.iter().collect();
        rows.sort_by_key(|row| row.id);
        let mut history: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in &rows {
            let key = (row.id, &row.worker_id, &row.status, &row.phase);
            let text = format!("{key:?} {:?} {:?}", reason(row), row.timestamp);
            history.entry(row.task_id.clone()).or_default().push(text);
        }
        let edges = tables.dependencies.iter().map(|edge| {
            let (from, to) = (edge.from_task_id.clone(), edge.to_task_id.clone());
            (from, to, edge.is_ordering(), edge.is_containment())
        });
        let origins = tables.experiment_tasks.iter().map(|row| {
            let origin = (&row.run_id, &row.template_task_id, &row.phase);
            (row.task_id.clone(), format!("{origin:?}"))
        });
        let touched = tables
            .tasks
            .iter()
            .map(|task| task.created_at.max(task.updated_at));
        let times = rows.iter().map(|row| row.timestamp).chain(touched);
        Self {
            exported_by: snapshot.exported_by.clone(),
            resolution_ms: snapshot.resolution_ms,
            has: snapshot.has.clone(),
            unread: snapshot.unread.clone(),
            runs: tables.experiment_runs.clone(),
            agents: tables.experiment_agents.clone(),
            claims: tables.claim_sequence.clone(),
            repeated: tables.tasks.len() - tasks.len(),
            tasks,
            last_event: times.max().flatten(),
            history,
            edges: edges.collect(),
            origins: origins.collect(),
        }
    }
}

fn described(task: &TaskRow) -> String {
    let json = |tags: &Vec<String>| {
        let text = serde_json::to_string(tags).unwrap();
        if tags.is_empty() { String::new() } else { text }
    };
    let (needed, tags) = (json(&task.needed_tags), json(&task.tags));
    task!(task, needed, tags, task.slots(), task.deleted_at.is_some())
}

fn reason(row: &ChangeRow) -> Reason {
    match row.reason.as_deref() {
        Some("stale_release") => Reason::Stale,
        Some(reason) if reason.starts_with("auto-rollup:") => Reason::Rollup,
        _ => Reason::Other,
    }
}

/// Reads a text with both readers, which must agree; the ledger.
pub fn read_alike(text: &[u8]) -> Result<Ledger, String> {
    let ledger = Ledger::read(text);
    let in_place = ledger.as_ref().map(Content::from);
    let by_serde = Snapshot::read(text);
    let by_serde = by_serde.as_ref().map(Content::from);
    assert!(
        in_place == by_serde,
        "read in place, it differs:\n{}\n{in_place:?}\n{by_serde:?}",
        String::from_utf8_lossy(text),
    );
    ledger
}
