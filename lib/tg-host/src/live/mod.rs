//! A run while it is running: tasks by state, the work of each agent, the last event.
//!
//! [`Live`] follows the host's history from the last row it has read, so that a large database is read once and not at
//! every change; each update is one short read transaction. The caller decides how long a connection is held: one that
//! stays open keeps other processes from opening the database alone, so an observer opens, updates and closes
//! ([`Live::update_from`]) and learns from [`crate::database::stamp`], which needs no connection, if there is a change.

mod history;
mod tally;
mod text;
mod worker;

pub use history::{Event, Segment};
pub use tally::{Tally, tally_of};
pub use text::{Cut, cut};
pub use worker::{Activity, Known, Moment, TaskInWork, Worker};

use crate::database;
use crate::error::{Result, sqlite};
use crate::scope::{self, Scope};
use history::History;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use worker::{InWork, Seen};

/// A run, followed from update to update.
#[derive(Debug, Default)]
pub struct Live {
    run: String,
    scope: Option<(Scope, BTreeSet<String>)>,
    history: History,
    tally: Vec<Tally>,
    in_work: BTreeMap<String, InWork>,
    heartbeats: BTreeMap<String, i64>,
}

impl Live {
    /// The run called `run`, nothing read yet.
    pub fn new(run: &str) -> Self {
        Self {
            run: run.into(),
            ..Self::default()
        }
    }

    /// Opens the database, updates once, and closes it.
    pub fn update_from(&mut self, path: &Path) -> Result<()> {
        let db = database::open_read_only(path)?;
        self.update(&db).map_err(sqlite(path))
    }

    /// Reads everything new in one read transaction.
    pub fn update(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let db = db.unchecked_transaction()?;
        if self.scope.is_none() {
            self.scope = Some((Scope::read(&db, &self.run)?, BTreeSet::new()));
        }
        let Some((scope, containers)) = &mut self.scope else {
            return Ok(());
        };
        if self.history.is_behind(&db)? {
            *containers = scope::containers(&db)?; // tasks may have been created since
        }
        self.history.read_new(&db, scope, containers)?;
        self.tally = tally::read(&db, scope)?;
        self.in_work = worker::in_work(&db, scope)?;
        self.heartbeats = worker::heartbeats(&db, scope)?;
        self.history
            .close_ended(|task| self.in_work.contains_key(task));
        Ok(())
    }

    /// Tasks by state, the most advanced first.
    pub fn tally(&self) -> &[Tally] {
        &self.tally
    }

    /// The number of tasks that entered a timed state more than once.
    pub fn reworked(&self) -> u64 {
        self.history.reworked()
    }

    /// The last change of a task's state.
    pub fn last_event(&self) -> Option<&Event> {
        self.history.last_event()
    }

    /// Segments that began or ended after `stamp`, a value of [`Live::stamp`]; 0 for all that are kept.
    pub fn segments(&self, stamp: u64) -> impl Iterator<Item = &Segment> {
        self.history.segments(stamp)
    }

    /// A number that grows with every segment that begins or ends.
    pub fn stamp(&self) -> u64 {
        self.history.stamp()
    }

    /// The number of old segments that are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.history.dropped()
    }

    /// The agents: those in `known`, in that order, then all others that the database names.
    pub fn workers(&self, known: &[Known], moment: &Moment) -> Vec<Worker> {
        let mut names: Vec<&String> = known.iter().map(|agent| &agent.worker).collect();
        let seen = self.heartbeats.keys().chain(self.history.workers());
        let others: BTreeSet<&String> = seen.filter(|name| !names.contains(name)).collect();
        names.extend(others);
        let worker = |name: &String| {
            let seen = Seen {
                name,
                known: known.iter().find(|agent| agent.worker == *name),
                heartbeat: self.heartbeats.get(name).copied(),
                changed: self.history.last_change_by(name),
                busy: self.scope.is_some().then(|| self.history.busy(name)),
            };
            let tasks = self.in_work.values().filter(|work| work.worker == *name);
            seen.describe(tasks, moment)
        };
        names.into_iter().map(worker).collect()
    }
}
