//! One run, followed from look to look.
//!
//! Its files are read again when one of them has changed. Its database is looked into only while its agents may be at
//! work: opened, read and closed within a millisecond or two, when the head of its `wal-index` says that something was
//! committed. Once `end.json` is there, `tg-wait` will want to have the database alone: one last look is made while the
//! launcher is still ending the agents, and none after. A run that is over is read from its record, once.

use crate::board::{Key, State};
use crate::view::{Kept, View, tame};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use tg_host::live::{self, Live};
use tg_stage::rundir::{Phase, RunDir};
use tg_stage::time;

/// Looks into one database come at most this often...
const SOONEST: Duration = Duration::from_millis(80);
/// ... and take at most one part in so many of the time, however large it is.
const SHARE: u32 = 50;
/// How soon to look again after a notice that brought nothing: the commit it tells of cannot be seen yet.
const AGAIN: [u64; 6] = [1, 2, 4, 8, 20, 60];

/// How long a run is watched after its end was seen.
const AFTERMATH: Duration = Duration::from_mins(1);

/// When files were last changed, by those that matter.
type Marks = [Option<SystemTime>; 4];

/// A run that is followed.
pub struct Follow {
    /// Its directory.
    pub dir: PathBuf,
    /// What its files said last.
    pub seen: RunDir,
    key: Key,
    kept: Kept,
    live: Live,
    born: Option<i64>,
    marks: Marks,
    stamp: Option<Vec<u8>>,
    had_last_look: bool,
    looked: Option<Instant>,
    cost: Duration,
    due: Option<Instant>,
    tries: usize,
    shown: u64,
    problem: Option<String>,
    ended: Option<Instant>,
}

impl Follow {
    /// Begin to follow the run in `dir`, known as `key`.
    pub fn new(dir: &Path, key: Key) -> Self {
        let mut run = Self {
            dir: dir.into(),
            seen: RunDir::default(),
            key,
            kept: Kept::default(),
            live: Live::default(),
            born: None,
            marks: Marks::default(),
            stamp: None,
            had_last_look: false,
            looked: None,
            cost: Duration::ZERO,
            due: None,
            tries: 0,
            shown: 0,
            problem: None,
            ended: None,
        };
        run.read();
        run
    }

    /// Whether something may happen here soon; when a run is over, later tools add to its record.
    pub fn is_alive(&self) -> bool {
        self.ended.is_some_and(|at| at.elapsed() < AFTERMATH)
            || matches!(
                self.seen.phase,
                Phase::Running | Phase::Ending | Phase::Waiting | Phase::Unreadable
            )
    }

    /// When it wants to be looked at again, heartbeats aside.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something in its directory changed.
    pub fn notice(&mut self) {
        self.tries = 0;
        self.due = Some(self.earliest());
    }

    fn earliest(&self) -> Instant {
        let pause = SOONEST.max(self.cost * SHARE);
        let after = self.looked.map(|looked| looked + pause);
        after.map_or_else(Instant::now, |after| after.max(Instant::now()))
    }

    /// Whether one of its files is not as it was read.
    pub fn has_changed_files(&self) -> bool {
        self.marks != marks(&self.dir)
    }

    /// Read its files if they changed or `all` is asked for, and look into its database if there is something new.
    pub fn refresh(&mut self, all: bool) {
        if all || self.has_changed_files() {
            self.read();
        }
        let may_look = match self.seen.phase {
            Phase::Running => true,
            Phase::Ending => {
                self.seen.is_launched && !std::mem::replace(&mut self.had_last_look, true)
            }
            _ => false,
        };
        self.due = None;
        if may_look && !self.seen.db.exists() {
            let name = self.seen.db.file_name().unwrap_or_default();
            self.problem = Some(format!("{} is gone", name.to_string_lossy()));
        }
        if !may_look || !live::is_open(&self.seen.db) {
            return;
        }
        let stamp = live::stamp(&self.seen.db);
        if stamp.is_some() && stamp == self.stamp {
            if let Some(&pause) = AGAIN.get(self.tries) {
                self.tries += 1;
                self.due = Some(Instant::now() + Duration::from_millis(pause));
            }
            return;
        }
        let begun = Instant::now();
        self.problem = self
            .live
            .look_into(&self.seen.db)
            .err()
            .map(|error| error.to_string());
        self.cost = begun.elapsed();
        self.looked = Some(Instant::now());
        self.stamp = stamp;
        // Commits may have come while we looked: the notices of them are before us.
        self.tries = 0;
        self.due = Some(self.earliest());
    }

    fn read(&mut self) {
        self.marks = marks(&self.dir);
        let mut seen = RunDir::read(&self.dir);
        let born = seen.record.as_ref().and_then(|record| {
            let made = &record.value("instantiate")?["created_at_ms"];
            made.as_i64()
        });
        if born != self.born || self.live_is_of_another(&seen) {
            self.live = Live::new(&seen.id); // made anew, or never looked at
            (self.stamp, self.shown, self.had_last_look) = (None, 0, false);
            self.born = born;
        }
        if seen.phase != Phase::Ending {
            self.had_last_look = false;
        }
        let was_going_on = matches!(self.seen.phase, Phase::Running | Phase::Ending);
        if was_going_on && seen.phase == Phase::Ended {
            self.ended = Some(Instant::now());
        }
        self.kept = Kept::of(&mut seen);
        tame(&mut seen);
        self.seen = seen;
    }

    fn live_is_of_another(&self, seen: &RunDir) -> bool {
        self.seen.id != seen.id || self.seen.db != seen.db
    }

    /// Show it as it is now.
    pub fn show(&mut self, state: &mut State) {
        if self.shown == 0 {
            state.drop_segments(&self.key, u64::MAX);
        }
        let now = time::now_ms();
        let called = self
            .seen
            .agents
            .iter()
            .filter_map(|agent| agent.called_at_ms);
        let changed = called.max().max(live::written_at_ms(&self.seen.db));
        let changed = changed.filter(|_| self.seen.phase == Phase::Running);
        if self.seen.problem.is_none() {
            self.seen.problem.clone_from(&self.problem);
        }
        let view = View::new(&self.seen, &self.kept, &self.live, changed, now);
        if let Ok(text) = serde_json::to_string(&view) {
            state.put_run(&self.key, text);
        }
        for segment in self.live.segments(self.shown) {
            if let Ok(text) = serde_json::to_string(segment) {
                state.put_segment(&self.key, segment.n, text);
            }
        }
        state.drop_segments(&self.key, self.live.dropped());
        self.shown = self.live.stamp();
    }
}

/// The files whose changes say that the run is another now.
fn marks(dir: &Path) -> Marks {
    ["run.json", "end.json", "spent.json", "launch.lock"].map(|name| {
        let data = fs::metadata(dir.join(name)).ok()?;
        data.modified().ok()
    })
}
