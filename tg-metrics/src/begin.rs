//! Where a run's clocks start: at its start, where its tasks are older than that.
//!
//! Tasks are created when the run is launched, so the clocks start at creation. Two kinds of runs are different: behind a
//! start gate the tasks wait for the agents to connect, and in a shared database they are made before the first run
//! begins. There creation, and the first rows of the history, count as of the run's start.

use crate::view;
use std::collections::{BTreeMap, HashMap};
use tg_host::Snapshot;

/// Move creation to the run's start in the runs that say so.
pub fn at_the_start(snapshot: &mut Snapshot) {
    let tables = &mut snapshot.tables;
    let runs: BTreeMap<&str, i64> = tables
        .experiment_runs
        .iter()
        .filter(|row| is_late(row.run_json.as_deref()))
        .filter_map(|row| Some((row.id.as_str(), row.started_at?)))
        .collect();
    let starts: HashMap<&str, i64> = tables
        .experiment_tasks
        .iter()
        .filter_map(|origin| Some((origin.task_id.as_str(), *runs.get(origin.run_id.as_str())?)))
        .collect();
    for task in &mut tables.tasks {
        let start = starts.get(task.id.as_str()).copied();
        task.created_at = task.created_at.max(start);
    }
    for row in &mut tables.task_sequence {
        if let Some(start) = starts.get(row.task_id.as_str()) {
            row.timestamp = row.timestamp.map(|time| time.max(*start));
        }
    }
}

fn is_late(run: Option<&str>) -> bool {
    let run = run.and_then(|text| view::json(text).ok());
    let run = run.unwrap_or_default();
    [&run["start_gate"], &run["shared_db"]]
        .into_iter()
        .any(|flag| flag.as_bool() == Some(true))
}
