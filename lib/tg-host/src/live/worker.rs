//! One agent at a moment: is it working, idle, silent or gone?

use super::text::{Cut, cut, cut_of};
use crate::scope::{Scope, quote};
use rusqlite::{Connection, Result, Row};
use serde::Serialize;
use std::collections::BTreeMap;

/// The moment at which the agents are described. Times in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now, since the epoch.
    pub now: i64,
    /// The time without a sign of life after which an agent counts as silent.
    pub silent_ms: i64,
    /// The end of the run, since the epoch, if it is over.
    pub over_at: Option<i64>,
}

/// Facts about an agent from other sources than the host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// Its id at the host.
    pub worker: String,
    /// `worker`, `coordinator`, ...
    pub role: String,
    /// Its last output, in milliseconds since the epoch.
    pub heard_at_ms: Option<i64>,
    /// True if its process has ended.
    pub is_gone: bool,
    /// Cost so far, in USD.
    pub cost_usd: Option<f64>,
    /// Tokens so far, in and out.
    pub tokens: Option<i64>,
}

/// The activity of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// The host has not seen it yet.
    Starting,
    /// It has a task in progress.
    Working,
    /// It has no task in progress.
    Idle,
    /// It has given no sign of life for long, with or without a task in progress.
    Silent,
    /// It has left, or the run is over.
    Gone,
}

/// An agent at a moment; times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worker {
    /// Its id at the host, truncated.
    pub worker: String,
    /// `worker`, `coordinator`, ...; null if unknown.
    pub role: Option<String>,
    /// Its activity.
    pub state: Activity,
    /// Its tasks in progress.
    pub tasks: Vec<TaskInWork>,
    /// Its last sign of life: a change at the host, a heartbeat there, or a line of output.
    pub heard_at_ms: Option<i64>,
    /// The time for which it had a task in progress, the current stretch not counted; null if the run was not followed.
    pub worked_ms: Option<i64>,
    /// The start of the current stretch of work.
    pub working_since_ms: Option<i64>,
    /// Cost so far, in USD.
    pub cost_usd: Option<f64>,
    /// Tokens so far, in and out.
    pub tokens: Option<i64>,
}

/// A task in progress, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskInWork {
    /// Its id, truncated.
    pub task: String,
    /// Its title.
    pub title: Cut,
    /// The last thought that the agent reported.
    pub thought: Option<Cut>,
    /// The time of the claim.
    pub since_ms: Option<i64>,
}

/// A task in progress, and the agent that works on it.
#[derive(Debug)]
pub struct InWork {
    pub worker: String,
    task: TaskInWork,
}

/// The tasks in progress, by id.
pub fn in_work(db: &Connection, scope: &Scope) -> Result<BTreeMap<String, InWork>> {
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
    query.query_map([], in_work_row)?.collect()
}

fn in_work_row(row: &Row) -> Result<(String, InWork)> {
    let id: String = row.get(0)?;
    let thought: Option<String> = row.get(4)?;
    let length: Option<i64> = row.get(5)?;
    let task = TaskInWork {
        task: cut(&id).text,
        title: cut_of(&row.get::<_, String>(2)?, row.get::<_, i64>(3)? as u64),
        thought: thought.map(|text| cut_of(&text, length.unwrap_or_default() as u64)),
        since_ms: row.get(6)?,
    };
    let worker = row.get::<_, Option<String>>(1)?.unwrap_or_default();
    Ok((id, InWork { worker, task }))
}

/// The registered workers, and the last heartbeat of each.
pub fn heartbeats(db: &Connection, scope: &Scope) -> Result<BTreeMap<String, i64>> {
    let sql = format!(
        "SELECT id, last_heartbeat FROM workers WHERE 1 {}",
        scope.workers
    );
    let mut query = db.prepare_cached(&sql)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// All facts about one worker.
pub struct Seen<'a> {
    pub name: &'a str,
    pub known: Option<&'a Known>,
    pub heartbeat: Option<i64>,
    /// The time of its last change of a task.
    pub changed: Option<i64>,
    /// The time for which it had a task in progress, and the start of the current stretch; null if the run was not followed.
    pub busy: Option<(i64, Option<i64>)>,
}

impl Seen<'_> {
    pub fn describe<'a>(
        &self,
        in_work: impl Iterator<Item = &'a InWork>,
        moment: &Moment,
    ) -> Worker {
        let tasks: Vec<TaskInWork> = match moment.over_at {
            None => in_work.map(|work| work.task.clone()).collect(),
            Some(_) => Vec::new(),
        };
        let output = self.known.and_then(|known| known.heard_at_ms);
        let heard_at_ms = self.heartbeat.max(self.changed).max(output);
        let is_silent = heard_at_ms.is_some_and(|at| moment.now - at > moment.silent_ms);
        let was_here = self.heartbeat.is_some() || self.changed.is_some();
        let is_gone = moment.over_at.is_some() || self.known.is_some_and(|known| known.is_gone);
        let state = match () {
            () if is_gone => Activity::Gone,
            () if !was_here => Activity::Starting,
            () if self.heartbeat.is_none() => Activity::Gone,
            () if is_silent => Activity::Silent,
            () if tasks.is_empty() => Activity::Idle,
            () => Activity::Working,
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
