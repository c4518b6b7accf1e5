//! One run, read again whenever it changes.
//!
//! Its files are read when one of them has changed. Its database is read only while its agents may be working: it is
//! opened, read and closed within a millisecond or two, when the head of its `wal-index` shows a commit. Once the end is
//! decided, `tg-wait` needs the database for itself: it is read once more while the launcher is still ending the agents,
//! and not again. A run that has ended is read from its record, once.

use crate::board::{BoardState, Key};
use crate::run_view::{RecordFacts, RunView, cut_texts};
use std::fs;
use std::time::{Duration, Instant, SystemTime};
use tg_host::database;
use tg_host::live::Live;
use tg_stage::{Instantiate, Phase, RunDir, RunStatus, time};

/// The shortest interval between two reads of one database.
const INTERVAL: Duration = Duration::from_millis(80);
/// Reads take at most one part in this many of the time, however large the database is.
const SHARE: u32 = 50;
/// The delays, in milliseconds, before further reads after a notification without a change: its commit is not visible yet.
const RETRIES: [u64; 6] = [1, 2, 4, 8, 20, 60];

/// A run is watched for this long after its end was seen.
const AFTERMATH: Duration = Duration::from_mins(1);

/// The times of the last changes of the files that show a run's state.
type FileTimes = [Option<SystemTime>; 4];

/// A run that is followed.
pub struct FollowedRun {
    pub dir: RunDir,
    /// The status, as its files showed it last.
    pub status: RunStatus,
    key: Key,
    facts: RecordFacts,
    live: Live,
    created_at_ms: Option<i64>,
    file_times: FileTimes,
    stamp: Option<Vec<u8>>,
    had_last_read: bool,
    read_at: Option<Instant>,
    cost: Duration,
    due: Option<Instant>,
    tries: usize,
    shown: u64,
    problem: Option<String>,
    ended: Option<Instant>,
}

impl FollowedRun {
    /// Begins to follow the run in `dir`, known as `key`.
    pub fn new(dir: RunDir, key: Key) -> Self {
        let mut run = Self {
            dir,
            status: RunStatus::default(),
            key,
            facts: RecordFacts::default(),
            live: Live::default(),
            created_at_ms: None,
            file_times: FileTimes::default(),
            stamp: None,
            had_last_read: false,
            read_at: None,
            cost: Duration::ZERO,
            due: None,
            tries: 0,
            shown: 0,
            problem: None,
            ended: None,
        };
        run.read_files();
        run
    }

    /// True if changes are expected soon; after the end of a run, later tools add to its record.
    pub fn is_alive(&self) -> bool {
        self.ended.is_some_and(|at| at.elapsed() < AFTERMATH)
            || matches!(
                self.status.phase,
                Phase::Running | Phase::Ending | Phase::Waiting | Phase::Unreadable
            )
    }

    /// The time of the next read, apart from heartbeats.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Notes that a file in its directory changed.
    pub fn note_change(&mut self) {
        self.tries = 0;
        self.due = Some(self.earliest_read());
    }

    fn earliest_read(&self) -> Instant {
        let pause = INTERVAL.max(self.cost * SHARE);
        let now = Instant::now();
        self.read_at.map_or(now, |at| now.max(at + pause))
    }

    /// True if one of its files changed since it was read.
    pub fn has_changed_files(&self) -> bool {
        self.file_times != file_times(&self.dir)
    }

    /// Reads the files if they changed or `all` is set, and the database if there is a new commit in it.
    pub fn refresh(&mut self, all: bool) {
        if all || self.has_changed_files() {
            self.read_files();
        }
        let may_read = match self.status.phase {
            Phase::Running => true,
            Phase::Ending => {
                self.status.is_launched && !std::mem::replace(&mut self.had_last_read, true)
            }
            _ => false,
        };
        self.due = None;
        if may_read && !self.status.db.exists() {
            let name = self.status.db.file_name().unwrap_or_default();
            self.problem = Some(format!("{} is gone", name.to_string_lossy()));
        }
        if may_read && database::is_open(&self.status.db) {
            self.read_database();
        }
    }

    fn read_database(&mut self) {
        let stamp = database::stamp(&self.status.db);
        if stamp.is_some() && stamp == self.stamp {
            if let Some(&pause) = RETRIES.get(self.tries) {
                self.tries += 1;
                self.due = Some(Instant::now() + Duration::from_millis(pause));
            }
            return;
        }
        let start = Instant::now();
        let read = self.live.update_from(&self.status.db);
        self.problem = read.err().map(|error| error.to_string());
        self.cost = start.elapsed();
        self.read_at = Some(Instant::now());
        self.stamp = stamp;
        // The notifications of commits during this read are already consumed.
        self.note_change();
    }

    fn read_files(&mut self) {
        self.file_times = file_times(&self.dir);
        let mut status = RunStatus::read(&self.dir);
        let made = status.record.as_ref();
        let made = made.and_then(|record| record.get::<Instantiate>("instantiate").ok());
        let created_at_ms = made.map(|made| made.created_at_ms);
        let is_other = self.status.id != status.id || self.status.db != status.db;
        if created_at_ms != self.created_at_ms || is_other {
            self.live = Live::new(&status.id); // made again, or never read
            (self.stamp, self.shown, self.had_last_read) = (None, 0, false);
            self.created_at_ms = created_at_ms;
        }
        if status.phase != Phase::Ending {
            self.had_last_read = false;
        }
        let was_running = matches!(self.status.phase, Phase::Running | Phase::Ending);
        if was_running && status.phase == Phase::Ended {
            self.ended = Some(Instant::now());
        }
        self.facts = RecordFacts::take(&mut status);
        cut_texts(&mut status);
        self.status = status;
    }

    /// Puts its current state on the board.
    pub fn show(&mut self, board: &mut BoardState) {
        if self.shown == 0 {
            board.drop_segments(&self.key, u64::MAX);
        }
        let now = time::now_ms();
        let called = self.status.agents.iter().map(|agent| agent.called_at_ms);
        let changed = called
            .max()
            .flatten()
            .max(database::written_at_ms(&self.status.db));
        let changed = changed.filter(|_| self.status.phase == Phase::Running);
        if self.status.problem.is_none() {
            self.status.problem.clone_from(&self.problem);
        }
        let view = RunView::new(&self.status, &self.facts, &self.live, changed, now);
        if let Ok(text) = serde_json::to_string(&view) {
            board.put_run(&self.key, text);
        }
        for segment in self.live.segments(self.shown) {
            if let Ok(text) = serde_json::to_string(segment) {
                board.put_segment(&self.key, segment.n, text);
            }
        }
        board.drop_segments(&self.key, self.live.dropped());
        self.shown = self.live.stamp();
    }
}

fn file_times(dir: &RunDir) -> FileTimes {
    [dir.record(), dir.end(), dir.spent(), dir.launch_lock()].map(|path| {
        let data = fs::metadata(path).ok()?;
        data.modified().ok()
    })
}
