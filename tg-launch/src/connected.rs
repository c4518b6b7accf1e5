//! The workers that the host has registered. A worker's row disappears when it disconnects, so the database is read
//! while the run is active; a read costs microseconds while nothing has changed.

use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use tg_host::{database, schema::workers};

/// The workers seen so far, with the time of their registration.
pub struct Connected {
    db: Option<Connection>,
    version: Option<i64>,
    since: BTreeMap<String, i64>,
}

impl Connected {
    /// Opens `db`; if that fails, no worker is ever seen.
    pub fn new(db: &Path) -> Self {
        Self {
            db: database::open_read_only(db).ok(),
            version: None,
            since: BTreeMap::new(),
        }
    }

    pub fn update(&mut self) {
        let Some(db) = &self.db else { return };
        let now = database::data_version(db).ok();
        if now.is_some() && now == self.version {
            return;
        }
        let Ok(rows) = workers::registered(db) else {
            return; // locked: the next update reads it
        };
        self.version = now;
        for (worker, since) in rows {
            self.since.entry(worker).or_insert(since);
        }
    }

    /// True if an update saw the worker.
    pub fn has(&self, worker: &str) -> bool {
        self.since.contains_key(worker)
    }

    /// True if the worker was ever registered, if only between two updates.
    pub fn was_ever(&self, worker: &str) -> bool {
        let worked = |db: &Connection| workers::has_worked(db, worker).unwrap_or(true);
        self.has(worker) || self.db.as_ref().is_none_or(worked)
    }

    pub fn any(&self) -> bool {
        !self.since.is_empty()
    }

    /// The workers registered now and the times of their last heartbeats; `None` if the database cannot be read.
    pub fn heartbeats(&self) -> Option<Vec<(String, i64)>> {
        workers::heartbeats(self.db.as_ref()?).ok()
    }

    /// The time of a worker's registration, in milliseconds since the epoch.
    pub fn since(&self, worker: &str) -> Option<i64> {
        self.since.get(worker).copied()
    }
}
