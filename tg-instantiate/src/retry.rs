//! `--retry`: the rows on which the machinery failed and that have retries left.
//!
//! The chain is a pipe and sees each row once, so its caller calls it again for these rows until none are left. After a
//! spent budget, or an open circuit breaker, none are: more starts would fail in the same way.

use crate::attempts::{failures, has_inputs};
use crate::row::Row;
use serde_json::Value;
use tg_stage::{Experiment, Fault, RunDir, RunState, directories, file, say};

/// True if some run of the experiment may be one to try again. Without one, the matrix need not be spanned.
pub fn has_candidates(experiment: &Experiment) -> bool {
    experiment.runs().iter().any(|run| {
        let state = run.state();
        state.is_machinery_failure() || is_stopped(&state) || has_fault(run)
    })
}

/// The rows of `rows` to be tried again, and the number of those that were given up.
pub fn due(rows: Vec<Row>, retries: u32) -> (Vec<Row>, usize) {
    let mut due = Vec::new();
    let mut given_up = 0;
    for row in rows {
        let dir = row.dir();
        let state = dir.state();
        if is_stopped(&state) || has_fault(&dir) {
            return (Vec::new(), given_up + 1);
        }
        let is_same = state
            .record()
            .is_some_and(|record| has_inputs(record, &row));
        if !is_same || !state.is_machinery_failure() || dir.held_lock().is_some() {
            continue;
        }
        if failures(&row) <= retries {
            due.push(row);
        } else {
            given_up += 1;
        }
    }
    (due, given_up)
}

/// True if a budget was spent or the circuit breaker was open.
fn is_stopped(state: &RunState) -> bool {
    matches!(state, RunState::Refused(_, kind) if kind.stops_experiment())
}

/// True if the login or the quota of an agent was refused: the next agent's would be as well.
fn has_fault(dir: &RunDir) -> bool {
    let agents = directories(&dir.agents()).into_iter();
    let mut agents = agents.filter_map(|agent| Some(dir.agent(agent.file_name()?.to_str()?)));
    agents.any(|agent| {
        let text = file::read_kept(&agent.end()).unwrap_or_default();
        let end: Value = serde_json::from_slice(&text).unwrap_or_default();
        end["fault"].as_str().and_then(Fault::named).is_some()
    })
}

/// Reports on stderr that a row is tried again, and why.
pub fn report(row: &Row, why: &str, retries: u32) {
    let (run, failures) = (&row.run.id, failures(row));
    say(format_args!(
        "tg-instantiate: run {run}: {why}; retry {failures} of {retries}"
    ));
}
