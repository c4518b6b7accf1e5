//! One agent now: does it work, wait, or keep silent?

use super::Moment;
use super::text::{Cut, cut, of_length};
use crate::scope::{Scope, quote};
use rusqlite::{Connection, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is known of an agent from elsewhere than the host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// Its id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: String,
    /// It said something on its own output then, in milliseconds since the epoch.
    pub heard_at_ms: Option<i64>,
    /// Its process has ended.
    pub is_gone: bool,
    /// What it cost so far, in USD.
    pub cost_usd: Option<f64>,
    /// Tokens it used so far, in and out.
    pub tokens: Option<i64>,
}

/// An agent as it is now; times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worker {
    /// Its id at the host, cut.
    pub worker: String,
    /// `worker`, `coordinator`, ...; null where nobody says.
    pub role: Option<String>,
    /// `starting` (the host has not seen it), `working` (it has a task in work), `idle`, `silent` (nothing was heard of it
    /// for long, whatever it has in work), `gone`.
    pub state: &'static str,
    /// The tasks it has in work.
    pub tasks: Vec<Task>,
    /// When it was last heard of: a change at the host, a sign of life there, or a line of output.
    pub heard_at_ms: Option<i64>,
    /// How long it had something in work, the stretch that goes on now not counted; null where nobody followed it.
    pub worked_ms: Option<i64>,
    /// Since when it has something in work.
    pub working_since_ms: Option<i64>,
    /// What it cost so far, in USD.
    pub cost_usd: Option<f64>,
    /// Tokens it used so far, in and out.
    pub tokens: Option<i64>,
}

/// A task in work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Its id, cut.
    pub task: String,
    /// Its title.
    pub title: Cut,
    /// What the agent last said it was thinking.
    pub thought: Option<Cut>,
    /// Since when.
    pub since_ms: Option<i64>,
}

/// A task in work, and by whom.
#[derive(Debug)]
pub struct Doing {
    pub worker: String,
    pub task: Task,
}

/// The tasks in work, by id.
pub fn doing(db: &Connection, scope: &Scope) -> Result<BTreeMap<String, Doing>> {
    let timed: Vec<String> = scope
        .states
        .timed
        .iter()
        .map(|state| quote(state))
        .collect();
    let sql = format!(
        "SELECT id, worker_id, substr(title, 1, 160), length(title), substr(current_thought, 1, 160),
         length(current_thought), claimed_at FROM tasks WHERE status IN ({}) AND {}",
        timed.join(","),
        scope.leaves
    );
    let mut query = db.prepare_cached(&sql)?;
    let rows = query.query_map([], |row| {
        let id: String = row.get(0)?;
        let thought: Option<String> = row.get(4)?;
        let length: Option<i64> = row.get(5)?;
        let task = Task {
            task: cut(&id).text,
            title: of_length(&row.get::<_, String>(2)?, row.get::<_, i64>(3)? as u64),
            thought: thought.map(|text| of_length(&text, length.unwrap_or_default() as u64)),
            since_ms: row.get(6)?,
        };
        let worker: Option<String> = row.get(1)?;
        Ok((
            id,
            Doing {
                worker: worker.unwrap_or_default(),
                task,
            },
        ))
    })?;
    rows.collect()
}

/// The workers registered now, and when each was last heard of.
pub fn here(db: &Connection, scope: &Scope) -> Result<BTreeMap<String, i64>> {
    let sql = format!(
        "SELECT id, last_heartbeat FROM workers WHERE 1 {}",
        scope.workers
    );
    let mut query = db.prepare_cached(&sql)?;
    query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// All that was seen of one worker.
pub struct Seen<'a> {
    pub name: &'a str,
    pub known: Option<&'a Known>,
    pub heartbeat: Option<i64>,
    pub heard: Option<i64>,
    /// How long it had something in work, and since when it has; null where nobody followed it.
    pub busy: Option<(i64, Option<i64>)>,
}

impl Seen<'_> {
    pub fn describe<'a>(&self, doing: impl Iterator<Item = &'a Doing>, moment: &Moment) -> Worker {
        let tasks: Vec<Task> = match moment.over_at {
            None => doing.map(|doing| doing.task.clone()).collect(),
            Some(_) => Vec::new(),
        };
        let said = self.known.and_then(|known| known.heard_at_ms);
        let heard_at_ms = self.heartbeat.max(self.heard).max(said);
        let is_silent = heard_at_ms.is_some_and(|at| moment.now - at > moment.silent_ms);
        let was_here = self.heartbeat.is_some() || self.heard.is_some();
        let is_gone = moment.over_at.is_some() || self.known.is_some_and(|known| known.is_gone);
        let state = match () {
            () if is_gone => "gone",
            () if !was_here => "starting",
            () if self.heartbeat.is_none() => "gone",
            () if is_silent => "silent",
            () if tasks.is_empty() => "idle",
            () => "working",
        };
        let (worked_ms, working_since_ms) = match (self.busy, moment.over_at) {
            (None, _) => (None, None),
            (Some((worked, Some(since))), Some(end)) => (Some(worked + (end - since).max(0)), None),
            (Some((worked, since)), _) => (Some(worked), since),
        };
        Worker {
            worker: cut(self.name).text,
            role: self.known.map(|known| cut(&known.role).text),
            state,
            tasks,
            heard_at_ms,
            worked_ms,
            working_since_ms,
            cost_usd: self.known.and_then(|known| known.cost_usd),
            tokens: self.known.and_then(|known| known.tokens),
        }
    }
}
