//! The history rows of a run, read as they are written: segments of work, the busy time of each worker, the last event.
//!
//! A row that has a state begins an interval, which the task's next such row ends; rows of the automatic completion of
//! containers are bookkeeping. If a worker disappears, the host writes no row: such a segment is closed as soon as the
//! task is no longer in progress.

use super::text::{Cut, cut, cut_of};
use crate::scope::Scope;
use rusqlite::{Connection, Result, Row};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The number of segments that are kept; when there are more, the oldest are dropped.
const KEPT: usize = 4000;

/// A segment of work: one worker on one task. Times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Its number, from 0 in order of their starts.
    pub n: u64,
    /// Worker id, truncated for display.
    pub worker: String,
    /// The task's id, truncated.
    pub task: String,
    /// The task's title.
    pub title: Cut,
    /// The task's state meanwhile, truncated.
    pub state: String,
    /// Its start.
    pub from_ms: i64,
    /// Its end; null while it is open.
    pub to_ms: Option<i64>,
    /// The class of the state that ended it; null while it is open, or if no row ended it.
    pub ended: Option<&'static str>,
    #[serde(skip)]
    worker_id: String,
    #[serde(skip)]
    stamp: u64,
}

/// A change of a task's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its time, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The worker; null for a change without an owner.
    pub worker: Option<String>,
    /// The task's id, truncated.
    pub task: String,
    /// The task's title.
    pub title: Cut,
    /// The new state, truncated.
    pub state: String,
}

/// The work of one worker: open segments, since when it has any, the time before, its last change.
#[derive(Debug, Default)]
struct Busy {
    open: u32,
    since: i64,
    total: i64,
    last_change: i64,
}

/// The rows read so far.
#[derive(Debug, Default)]
pub struct History {
    last: i64,
    first: u64,
    segments: VecDeque<Segment>,
    open: BTreeMap<String, u64>,
    workers: BTreeMap<String, Busy>,
    entered: BTreeSet<(String, String)>,
    reworked: BTreeSet<String>,
    event: Option<Event>,
    stamp: u64,
}

struct Change {
    id: i64,
    task: String,
    worker: Option<String>,
    state: String,
    at: i64,
    title: Cut,
}

fn change(row: &Row) -> Result<Change> {
    let title: Option<String> = row.get(5)?;
    let length: Option<i64> = row.get(6)?;
    Ok(Change {
        id: row.get(0)?,
        task: row.get(1)?,
        worker: row.get(2)?,
        state: row.get(3)?,
        at: row.get(4)?,
        title: cut_of(
            &title.unwrap_or_default(),
            length.unwrap_or_default() as u64,
        ),
    })
}

impl History {
    /// True if there are rows that were not read.
    pub fn is_behind(&self, db: &Connection) -> Result<bool> {
        db.prepare_cached("SELECT coalesce(max(id), 0) > ?1 FROM task_sequence")?
            .query_row([self.last], |row| row.get(0))
    }

    /// Reads the new rows, except those of `containers`.
    pub fn read_new(
        &mut self,
        db: &Connection,
        scope: &Scope,
        containers: &BTreeSet<String>,
    ) -> Result<()> {
        let sql = format!(
            "SELECT s.id, s.task_id, s.worker_id, s.status, s.timestamp, substr(t.title, 1, 160), length(t.title)
             FROM task_sequence s LEFT JOIN tasks t ON t.id = s.task_id
             WHERE s.id > ?1 AND s.status IS NOT NULL AND (s.reason IS NULL OR s.reason NOT LIKE 'auto-rollup:%')
             AND s.task_id NOT LIKE '\\_lock:%' ESCAPE '\\' {} ORDER BY s.id",
            scope.rows
        );
        let mut query = db.prepare_cached(&sql)?;
        let mut rows = query.query([self.last])?;
        while let Some(row) = rows.next()? {
            let change = change(row)?;
            self.last = change.id;
            if !containers.contains(&change.task) {
                self.add(scope, change);
            }
        }
        Ok(())
    }

    fn add(&mut self, scope: &Scope, change: Change) {
        let class = scope.states.shown_class(&change.state);
        if let Some(worker) = &change.worker {
            let busy = self.workers.entry(worker.clone()).or_default();
            busy.last_change = busy.last_change.max(change.at);
        }
        if let Some(number) = self.open.remove(&change.task) {
            self.close(number, change.at, Some(class));
        }
        if let (true, Some(worker)) = (scope.states.timed.contains(&change.state), &change.worker) {
            self.begin(&change, worker);
            let entered = (change.task.clone(), change.state.clone());
            if !self.entered.insert(entered) {
                self.reworked.insert(change.task.clone());
            }
        }
        self.event = Some(Event {
            at_ms: change.at,
            worker: change.worker.as_deref().map(|worker| cut(worker).text),
            task: cut(&change.task).text,
            title: change.title,
            state: cut(&change.state).text,
        });
    }

    fn begin(&mut self, change: &Change, worker: &str) {
        let busy = self.workers.entry(worker.into()).or_default();
        if busy.open == 0 {
            busy.since = change.at;
        }
        busy.open += 1;
        self.stamp += 1;
        let n = self.first + self.segments.len() as u64;
        self.open.insert(change.task.clone(), n);
        self.segments.push_back(Segment {
            n,
            worker: cut(worker).text,
            task: cut(&change.task).text,
            title: change.title.clone(),
            state: cut(&change.state).text,
            from_ms: change.at,
            to_ms: None,
            ended: None,
            worker_id: worker.into(),
            stamp: self.stamp,
        });
        if self.segments.len() > KEPT {
            self.segments.pop_front();
            self.first += 1;
        }
    }

    fn close(&mut self, number: u64, at: i64, class: Option<&'static str>) {
        let place = number.checked_sub(self.first);
        let Some(segment) = place.and_then(|place| self.segments.get_mut(place as usize)) else {
            return; // too old to be kept
        };
        self.stamp += 1;
        segment.stamp = self.stamp;
        segment.to_ms = Some(at.max(segment.from_ms));
        segment.ended = class;
        if let Some(busy) = self.workers.get_mut(&segment.worker_id) {
            busy.open = busy.open.saturating_sub(1);
            if busy.open == 0 {
                busy.total += (at - busy.since).max(0);
            }
        }
    }

    /// Closes the segments that no row ended although their task is no longer in progress.
    pub fn close_ended(&mut self, is_in_work: impl Fn(&str) -> bool) {
        let over = self.open.iter().filter(|(task, _)| !is_in_work(task));
        let over: Vec<(String, u64)> = over.map(|(task, n)| (task.clone(), *n)).collect();
        let last = self.event.as_ref().map_or(0, |event| event.at_ms);
        for (task, number) in over {
            self.open.remove(&task);
            self.close(number, last, None);
        }
    }

    /// The number of tasks that entered a timed state more than once.
    pub fn reworked(&self) -> u64 {
        self.reworked.len() as u64
    }

    pub fn last_event(&self) -> Option<&Event> {
        self.event.as_ref()
    }

    pub fn segments(&self, stamp: u64) -> impl Iterator<Item = &Segment> {
        self.segments
            .iter()
            .filter(move |segment| segment.stamp > stamp)
    }

    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    pub fn dropped(&self) -> u64 {
        self.first
    }

    /// All workers that ever changed a task.
    pub fn workers(&self) -> impl Iterator<Item = &String> {
        self.workers.keys()
    }

    /// The time for which `worker` had a task in progress, in milliseconds, and the start of the current stretch.
    pub fn busy(&self, worker: &str) -> (i64, Option<i64>) {
        self.workers.get(worker).map_or((0, None), |busy| {
            (busy.total, (busy.open > 0).then_some(busy.since))
        })
    }

    /// The time of the last change by `worker`.
    pub fn last_change_by(&self, worker: &str) -> Option<i64> {
        self.workers.get(worker).map(|busy| busy.last_change)
    }
}
