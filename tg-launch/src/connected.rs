//! When each agent was registered at the host, as the host has it. A worker's row goes when it disconnects, so it is
//! looked at while the run lives; looking costs microseconds while nothing has changed.

use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use tg_host::{database, experiment};

/// The workers seen so far.
pub struct Connected {
    db: Option<Connection>,
    version: Option<i64>,
    since: BTreeMap<String, i64>,
}

impl Connected {
    /// Look into `db`; where it cannot be opened, nobody is ever seen.
    pub fn new(db: &Path) -> Self {
        Self {
            db: database::open_read_only(db).ok(),
            version: None,
            since: BTreeMap::new(),
        }
    }

    /// Take up who is new.
    pub fn look(&mut self) {
        let Some(db) = &self.db else { return };
        let now = database::data_version(db).ok();
        if now.is_some() && now == self.version {
            return;
        }
        let Ok(rows) = experiment::registered(db) else {
            return; // locked: at the next look
        };
        self.version = now;
        for (worker, since) in rows {
            self.since.entry(worker).or_insert(since);
        }
    }

    /// Whether a worker was seen while it was there.
    pub fn has(&self, worker: &str) -> bool {
        self.since.contains_key(worker)
    }

    /// Whether a worker was ever there, if only between two looks.
    pub fn ever(&self, worker: &str) -> bool {
        let worked = |db: &Connection| experiment::has_worked(db, worker).unwrap_or(true);
        self.has(worker) || self.db.as_ref().is_none_or(worked)
    }

    /// Whether any worker was ever there.
    pub fn any(&self) -> bool {
        !self.since.is_empty()
    }

    /// Who is at the host now, and when it last heard of them; `None` where it cannot be asked.
    pub fn heard(&self) -> Option<Vec<(String, i64)>> {
        experiment::heard(self.db.as_ref()?).ok()
    }

    /// When a worker was registered, in milliseconds since the epoch.
    pub fn since(&self, worker: &str) -> Option<i64> {
        self.since.get(worker).copied()
    }
}
