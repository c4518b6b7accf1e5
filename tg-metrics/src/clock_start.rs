//! The start of a run's clocks, for runs whose tasks are older than the run.
//!
//! `tg-launch` sets the creation of the tasks to the launch, so the clocks start there. Two kinds of runs are different:
//! behind a start barrier the tasks wait until all agents are connected, and in a shared database they are made before
//! the first run begins. There, creation and the first history rows count as of the run's start.

use crate::run_info::RunInfo;
use std::collections::{BTreeMap, HashMap};
use tg_host::Ledger;

/// Moves the creation of tasks to the start of their run, for the runs that need it.
pub fn set_clock_start(ledger: &mut Ledger) {
    let starts_late = |run: &str| RunInfo::parse(run).is_ok_and(|run| run.starts_late());
    let rows = ledger.runs.iter();
    let late = rows.filter(|row| row.run_json.as_deref().is_some_and(starts_late));
    let runs: BTreeMap<&str, i64> = late
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
