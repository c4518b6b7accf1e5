//! The number of tasks in each state.

use super::text::cut;
use crate::scope::Scope;
use crate::states::{SHOWN_CLASSES, StateClasses};
use rusqlite::{Connection, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// The number of tasks in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The state's name, truncated.
    pub state: String,
    /// `waiting`, `assigned`, `timed`, `parked`, `success` or `failure`.
    pub class: &'static str,
    /// Tasks in it, containers not counted.
    pub tasks: u64,
}

/// Counts the run's tasks by state.
pub(super) fn read(db: &Connection, scope: &Scope) -> Result<Vec<Tally>> {
    let leaves = &scope.leaves;
    let sql = format!("SELECT status, count(*) FROM tasks WHERE {leaves} GROUP BY status");
    let mut query = db.prepare_cached(&sql)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
    let states: BTreeMap<String, u64> = rows.collect::<Result<_>>()?;
    Ok(classified(&states, &scope.states))
}

/// Tasks by state as a record stores them, classified by the names of the shipped workflows' states.
pub fn tally_of(states: &BTreeMap<String, u64>) -> Vec<Tally> {
    classified(states, &StateClasses::shipped())
}

fn classified(states: &BTreeMap<String, u64>, classes: &StateClasses) -> Vec<Tally> {
    let tally = states.iter().map(|(state, &tasks)| Tally {
        state: cut(state).text,
        class: classes.shown_class(state),
        tasks,
    });
    let mut tally: Vec<Tally> = tally.collect();
    tally.sort_by_key(|one| SHOWN_CLASSES.iter().position(|class| *class == one.class));
    tally
}
