//! When each agent was registered at the host, as the host has it. A worker's row goes when it disconnects, so it is
//! looked at while the run lives.

use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use tg_host::{database, experiment};

/// The workers seen so far.
pub struct Connected {
    db: Option<Connection>,
    since: BTreeMap<String, i64>,
}

impl Connected {
    /// Look into `db`; where it cannot be opened, nobody is ever seen.
    pub fn new(db: &Path) -> Self {
        Self {
            db: database::open_read_only(db).ok(),
            since: BTreeMap::new(),
        }
    }

    /// Take up who is new.
    pub fn look(&mut self) {
        let rows = self
            .db
            .as_ref()
            .and_then(|db| experiment::registered(db).ok());
        for (worker, since) in rows.into_iter().flatten() {
            self.since.entry(worker).or_insert(since);
        }
    }

    /// Whether a worker was ever there.
    pub fn has(&self, worker: &str) -> bool {
        self.since.contains_key(worker)
    }

    /// When a worker was registered, in milliseconds since the epoch.
    pub fn since(&self, worker: &str) -> Option<i64> {
        self.since.get(worker).copied()
    }
}
