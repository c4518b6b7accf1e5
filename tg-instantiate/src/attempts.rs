//! Earlier attempts at a run: the end of each, and the number of failures of the machinery.
//!
//! The next attempt moves the one before aside and keeps it. The end of each becomes part of the new run's record, so that
//! its snapshot alone shows how often the run was tried. Only failures of the machinery are tried again by themselves: a
//! bad outcome is data, and repeating it until it is good would be fraud.

use crate::row::Row;
use tg_stage::{Record, Run, RunDir, RunState};

/// The end of an attempt, in the words of [`Run::earlier`].
fn end(dir: &RunDir) -> String {
    match dir.state() {
        RunState::New | RunState::Unreadable(_) => "unknown".into(),
        RunState::Ended(_, wait) => wait.end.outcome.to_string(),
        RunState::Failed(_, stage) => format!("{stage} error"),
        state => {
            let is_launched = state.record().is_some_and(|record| record.has("launch"));
            let end = if is_launched {
                "interrupted"
            } else {
                "unlaunched"
            };
            end.into()
        }
    }
}

/// The attempts at a run: those put aside, the oldest first, and the one in place.
fn all(dir: RunDir) -> Vec<RunDir> {
    let mut all = dir.attempts();
    all.extend(Some(dir).filter(RunDir::exists));
    all
}

/// The ends of all attempts before the next one.
pub fn earlier(row: &Row) -> Vec<String> {
    all(row.dir()).iter().map(end).collect()
}

/// True if the record is that of an attempt with today's inputs.
pub fn has_inputs(record: &Record, row: &Row) -> bool {
    let run = record.get::<Run>("run");
    run.is_ok_and(|run| run.inputs_sha256 == row.run.inputs_sha256)
}

/// Number of failures of the machinery with today's inputs, including the attempt in place.
pub fn failures(row: &Row) -> u32 {
    let is_failure = |dir: &&RunDir| {
        let state = dir.state();
        let is_same = state.record().is_some_and(|record| has_inputs(record, row));
        is_same && state.is_machinery_failure()
    };
    all(row.dir()).iter().filter(is_failure).count() as u32
}
