//! A run while it lives: tasks by state, who works on what since when, what happened last.
//!
//! [`Live`] follows the host's history from the last row it has seen, so that a large database is read once and not at
//! every change; each look is one short read transaction. Whoever looks decides how long a connection is held: one that
//! stays open keeps others from having the database alone, so an observer opens, looks and closes ([`Live::look_into`]) and
//! learns from [`stamp`], which needs no connection, whether there is anything new.

mod history;
mod text;
mod worker;

pub use history::{Event, Segment};
pub use text::{Cut, cut};
pub use worker::{Known, Task, Worker};

use crate::error::{Result, sqlite};
use crate::scope::{self, Scope};
use crate::{StateClasses, database};
use history::History;
use rusqlite::Connection;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use worker::Doing;

/// How many tasks are in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The state's name, cut.
    pub state: String,
    /// `waiting`, `assigned`, `timed`, `parked`, `success` or `failure`.
    pub class: &'static str,
    /// Tasks in it, containers not counted.
    pub tasks: u64,
}

/// A run, followed from look to look.
#[derive(Debug, Default)]
pub struct Live {
    run: String,
    scope: Option<(Scope, BTreeSet<String>)>,
    history: History,
    tally: Vec<Tally>,
    doing: BTreeMap<String, Doing>,
    here: BTreeMap<String, i64>,
}

impl Live {
    /// Nothing seen yet of `run`.
    pub fn new(run: &str) -> Self {
        Self {
            run: run.into(),
            ..Self::default()
        }
    }

    /// Open the database, look once, and let go of it.
    pub fn look_into(&mut self, path: &Path) -> Result<()> {
        let db = database::open_read_only(path)?;
        self.look(&db).map_err(sqlite(path))
    }

    /// Take up what is new, as it stands at one moment.
    pub fn look(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let db = db.unchecked_transaction()?;
        if self.scope.is_none() {
            self.scope = Some((Scope::of(&db, &self.run)?, BTreeSet::new()));
        }
        let Some((scope, containers)) = &mut self.scope else {
            return Ok(());
        };
        if self.history.is_behind(&db)? {
            *containers = scope::containers(&db)?; // tasks may have been made since
        }
        self.history.take_up(&db, scope, containers)?;
        self.tally = tally(&db, scope)?;
        self.doing = worker::doing(&db, scope)?;
        self.here = worker::here(&db, scope)?;
        self.history
            .close_what_is_over(|task| self.doing.contains_key(task));
        Ok(())
    }

    /// Tasks by state, the most advanced first.
    pub fn tally(&self) -> &[Tally] {
        &self.tally
    }

    /// Tasks that somebody began to work on more than once.
    pub fn reworked(&self) -> u64 {
        self.history.reworked()
    }

    /// What happened last.
    pub fn last_event(&self) -> Option<&Event> {
        self.history.last_event()
    }

    /// Pieces of work that began or ended after `stamp`, as [`Live::stamp`] told it; 0 for all that are kept.
    pub fn segments(&self, stamp: u64) -> impl Iterator<Item = &Segment> {
        self.history.segments(stamp)
    }

    /// Grows with every piece of work that begins or ends.
    pub fn stamp(&self) -> u64 {
        self.history.stamp()
    }

    /// Pieces of work that are no longer kept: the oldest, where there were thousands.
    pub fn dropped(&self) -> u64 {
        self.history.dropped()
    }

    /// The agents: those `known` from elsewhere, in that order, then whoever else was seen.
    pub fn workers(&self, known: &[Known], moment: &Moment) -> Vec<Worker> {
        let names = known.iter().map(|one| one.worker.clone());
        let mut all: Vec<String> = names.collect();
        let seen = self.here.keys().chain(self.history.workers());
        let others: BTreeSet<&String> = seen.filter(|name| !all.contains(name)).collect();
        let others: Vec<String> = others.into_iter().cloned().collect();
        all.extend(others);
        let one = |name: &String| {
            let seen = worker::Seen {
                name,
                known: known.iter().find(|one| one.worker == *name),
                heartbeat: self.here.get(name).copied(),
                heard: self.history.heard(name),
                busy: self.scope.is_some().then(|| self.history.busy(name)),
            };
            let tasks = self.doing.values().filter(|doing| doing.worker == *name);
            seen.describe(tasks, moment)
        };
        all.iter().map(one).collect()
    }
}

/// When the agents are looked at. Times in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now, since the epoch.
    pub now: i64,
    /// How long an agent must not have been heard of to be silent.
    pub silent_ms: i64,
    /// When the run was over, since the epoch, if it is.
    pub over_at: Option<i64>,
}

fn tally(db: &Connection, scope: &Scope) -> rusqlite::Result<Vec<Tally>> {
    let sql = format!(
        "SELECT status, count(*) FROM tasks WHERE {} GROUP BY status",
        scope.leaves
    );
    let mut query = db.prepare_cached(&sql)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
    let states: BTreeMap<String, u64> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(tallied(&states, &scope.states))
}

/// The order in which classes are shown.
const CLASSES: [&str; 6] = [
    "success", "failure", "timed", "assigned", "parked", "waiting",
];

fn tallied(states: &BTreeMap<String, u64>, classes: &StateClasses) -> Vec<Tally> {
    let mut tally: Vec<Tally> = states
        .iter()
        .map(|(state, &tasks)| Tally {
            state: cut(state).text,
            class: class(classes, state),
            tasks,
        })
        .collect();
    tally.sort_by_key(|one| CLASSES.iter().position(|class| *class == one.class));
    tally
}

/// Tasks by state as a record keeps them, classed by the names of the shipped workflows' states.
pub fn tally_of(states: &BTreeMap<String, u64>) -> Vec<Tally> {
    tallied(states, &StateClasses::shipped())
}

fn class(classes: &StateClasses, state: &str) -> &'static str {
    match classes.class(state) {
        "terminal" if classes.is_success(state) => "success",
        "terminal" => "failure",
        "initial" => "waiting",
        other => other,
    }
}

/// Changes with every commit; `None` where nobody has the database open, or nobody ever had.
///
/// This is the head of the `wal-index`, read as a plain file, so it takes no lock and no connection. A process must not ask
/// while it has a connection to the same database: closing the file would drop the locks of that connection.
pub fn stamp(db: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let path = beside(db, "-shm");
    if !fs::metadata(&path).ok()?.is_file() {
        return None; // to open a pipe would be to wait for whoever writes into it
    }
    let index = File::open(path).ok()?;
    index.take(96).read_to_end(&mut head).ok()?;
    (head.len() == 96).then_some(head)
}

/// When something was last written to the database, in milliseconds since the epoch.
pub fn written_at_ms(db: &Path) -> Option<i64> {
    let when = |path: &Path| {
        let data = fs::metadata(path).ok()?;
        let since = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(since.as_millis() as i64)
    };
    when(&beside(db, "-wal")).max(when(db))
}

/// Whether somebody has the database open, as far as its files tell. Where nobody has, looking into it would leave files.
pub fn is_open(db: &Path) -> bool {
    beside(db, "-wal").exists()
}

fn beside(db: &Path, ending: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
