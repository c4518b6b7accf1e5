//! Checks that the disk still has space for what a run writes. Without space no agent can make progress, which says
//! nothing about the agents, and waiting longer costs more. A disk that is full for a moment ends nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tg_stage::disk;

/// The pause between two checks.
const PERIOD: Duration = Duration::from_millis(500);

/// The space in one run's directory.
pub struct DiskSpace {
    dir: PathBuf,
    due: Instant,
    was_full: bool,
}

impl DiskSpace {
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.into(),
            due: Instant::now(),
            was_full: false,
        }
    }

    /// True if a check is due and found the disk full, and the check before did so as well.
    pub fn is_exhausted(&mut self) -> bool {
        if Instant::now() < self.due {
            return false;
        }
        let is_full = disk::is_full(&self.dir);
        self.due = Instant::now() + PERIOD;
        std::mem::replace(&mut self.was_full, is_full) && is_full
    }
}
