//! Where a run's clocks start: at its start, where its tasks are older than that.
//!
//! Tasks are created when the run is launched, so the clocks start at creation. Two kinds of runs are different: behind a
//! start gate the tasks wait for the agents to connect, and in a shared database they are made before the first run
//! begins. There creation, and the first rows of the history, count as of the run's start.

use crate::view;
use std::collections::{BTreeMap, HashMap};
use tg_host::Ledger;

/// Move creation to the run's start in the runs that say so.
pub fn at_the_start(ledger: &mut Ledger) {
    let runs: BTreeMap<&str, i64> = ledger
        .runs
        .iter()
        .filter(|row| is_late(row.run_json.as_deref()))
        .filter_map(|row| Some((row.id.as_str(), row.started_at?)))
        .collect();
    if runs.is_empty() {
        return;
    }
    let origins = ledger.origins();
    let starts = origins.filter_map(|(task, origin)| Some((task, *runs.get(origin.run_id)?)));
    let starts: HashMap<_, _> = starts.collect();
    ledger.begin_at(|task| starts.get(&task).copied());
}

fn is_late(run: Option<&str>) -> bool {
    let run = run.and_then(|text| view::json(text).ok());
    let run = run.unwrap_or_default();
    [&run["start_gate"], &run["shared_db"]]
        .into_iter()
        .any(|flag| flag.as_bool() == Some(true))
}
