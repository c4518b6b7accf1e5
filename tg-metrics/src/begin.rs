//! Where a run's clocks start: at its start, where its tasks are older than that.
//!
//! Tasks are created when the run is launched, so the clocks start at creation. Two kinds of runs are different: behind a
//! start gate the tasks wait for the agents to connect, and in a shared database they are made before the first run
//! begins. There creation, and the first rows of the history, count as of the run's start.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tg_host::Snapshot;

/// Move creation to the run's start in the runs that say so.
pub fn at_the_start(snapshot: &mut Snapshot) {
    let starts: BTreeMap<String, i64> = snapshot
        .tables
        .experiment_runs
        .iter()
        .filter(|row| is_late(row.run_json.as_deref()))
        .filter_map(|row| Some((row.id.clone(), row.started_at?)))
        .collect();
    for (run, start) in starts {
        let origins = snapshot
            .tables
            .experiment_tasks
            .iter()
            .filter(|origin| origin.run_id == run);
        let ours: BTreeSet<String> = origins.map(|origin| origin.task_id.clone()).collect();
        let tables = &mut snapshot.tables;
        for task in tables
            .tasks
            .iter_mut()
            .filter(|task| ours.contains(&task.id))
        {
            task.created_at = task.created_at.max(Some(start));
        }
        for row in tables
            .task_sequence
            .iter_mut()
            .filter(|row| ours.contains(&row.task_id))
        {
            row.timestamp = row.timestamp.map(|time| time.max(start));
        }
    }
}

fn is_late(run: Option<&str>) -> bool {
    let run: Value = run
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    [&run["start_gate"], &run["shared_db"]]
        .into_iter()
        .any(|flag| flag.as_bool() == Some(true))
}
