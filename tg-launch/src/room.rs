//! Whether there is still room for what a run writes. Without it no agent can get on: that says nothing of the agents, and the
//! longer they try, the more it costs. A disk that is full for a moment ends nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tg_stage::disk;

/// Between two looks.
const OFTEN: Duration = Duration::from_millis(500);

/// The room in one run's directory.
pub struct Room {
    dir: PathBuf,
    due: Instant,
    was_full: bool,
}

impl Room {
    /// The room in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.into(),
            due: Instant::now(),
            was_full: false,
        }
    }

    /// Whether the disk was full at this look, if it is time for one, and at the one before.
    pub fn is_gone(&mut self) -> bool {
        if Instant::now() < self.due {
            return false;
        }
        let is_full = disk::is_full(&self.dir);
        self.due = Instant::now() + OFTEN;
        std::mem::replace(&mut self.was_full, is_full) && is_full
    }
}
