//! The history rows of a run, taken up as they come: pieces of work, how long each worker was busy, what was last.
//!
//! A row that has a state begins an interval, which the task's next such row ends; rows of the automatic completion of
//! containers are bookkeeping. Where a worker goes without a word the host writes no row: such a piece of work is ended
//! when the task is seen to be worked on no longer.

use super::text::{Cut, cut, of_length};
use crate::scope::Scope;
use rusqlite::{Connection, Result, Row};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many pieces of work are kept; when there are more, the oldest go.
const KEPT: usize = 4000;

/// A piece of work: one task in the hands of one worker. Times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Its number, from 0 in the order in which they began.
    pub n: u64,
    /// Who works, cut.
    pub worker: String,
    /// The task's id, cut.
    pub task: String,
    /// The task's title.
    pub title: Cut,
    /// The state it is in meanwhile, cut.
    pub state: String,
    /// When it began.
    pub from_ms: i64,
    /// When it ended; null while it goes on.
    pub to_ms: Option<i64>,
    /// The class of the state that ended it; null while it goes on, or where nobody said.
    pub ended: Option<&'static str>,
    #[serde(skip)]
    who: String,
    #[serde(skip)]
    stamp: u64,
}

/// A change of a task's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Who; null where it was nobody.
    pub worker: Option<String>,
    /// The task's id, cut.
    pub task: String,
    /// The task's title.
    pub title: Cut,
    /// The state it came to, cut.
    pub state: String,
}

#[derive(Debug, Default)]
struct Hands {
    busy: u32,
    since: i64,
    total: i64,
    heard: i64,
}

/// What was taken up so far.
#[derive(Debug, Default)]
pub struct History {
    last: i64,
    first: u64,
    segments: VecDeque<Segment>,
    open: BTreeMap<String, u64>,
    hands: BTreeMap<String, Hands>,
    entered: BTreeSet<(String, String)>,
    again: BTreeSet<String>,
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
        title: of_length(
            &title.unwrap_or_default(),
            length.unwrap_or_default() as u64,
        ),
    })
}

impl History {
    /// Whether there are rows that were not taken up.
    pub fn is_behind(&self, db: &Connection) -> Result<bool> {
        db.prepare_cached("SELECT coalesce(max(id), 0) > ?1 FROM task_sequence")?
            .query_row([self.last], |row| row.get(0))
    }

    /// Take up the rows that are new, but for those of `containers`.
    pub fn take_up(
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
        let class = super::class(&scope.states, &change.state);
        if let Some(worker) = &change.worker {
            let hands = self.hands.entry(worker.clone()).or_default();
            hands.heard = hands.heard.max(change.at);
        }
        if let Some(number) = self.open.remove(&change.task) {
            self.close(number, change.at, Some(class));
        }
        if let (true, Some(worker)) = (scope.states.timed.contains(&change.state), &change.worker) {
            self.begin(&change, worker);
            let entered = (change.task.clone(), change.state.clone());
            if !self.entered.insert(entered) {
                self.again.insert(change.task.clone());
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
        let hands = self.hands.entry(worker.into()).or_default();
        if hands.busy == 0 {
            hands.since = change.at;
        }
        hands.busy += 1;
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
            who: worker.into(),
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
        if let Some(hands) = self.hands.get_mut(&segment.who) {
            hands.busy = hands.busy.saturating_sub(1);
            if hands.busy == 0 {
                hands.total += (at - hands.since).max(0);
            }
        }
    }

    /// End the pieces of work whose task, by what `goes_on` says, is worked on no longer though no row tells.
    pub fn close_what_is_over(&mut self, goes_on: impl Fn(&str) -> bool) {
        let over = self.open.iter().filter(|(task, _)| !goes_on(task));
        let over: Vec<(String, u64)> = over.map(|(task, n)| (task.clone(), *n)).collect();
        let last = self.event.as_ref().map_or(0, |event| event.at_ms);
        for (task, number) in over {
            self.open.remove(&task);
            self.close(number, last, None);
        }
    }

    /// Tasks that entered a timed state more than once.
    pub fn reworked(&self) -> u64 {
        self.again.len() as u64
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

    /// Everybody who ever changed a task.
    pub fn workers(&self) -> impl Iterator<Item = &String> {
        self.hands.keys()
    }

    /// How long `worker` had something in work, in milliseconds, and since when it has again.
    pub fn busy(&self, worker: &str) -> (i64, Option<i64>) {
        self.hands.get(worker).map_or((0, None), |hands| {
            (hands.total, (hands.busy > 0).then_some(hands.since))
        })
    }

    /// When `worker` changed a task last.
    pub fn heard(&self, worker: &str) -> Option<i64> {
        self.hands.get(worker).map(|hands| hands.heard)
    }
}
