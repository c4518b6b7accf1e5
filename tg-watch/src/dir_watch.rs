//! Notifications of changes in directories, instead of repeated reads.
//!
//! The kernel reports writes to a database's `-wal` as they are made, a moment before the commit is visible: a
//! notification is a reason to read, and to read again shortly after if nothing is new, but not a proof of a commit.
//! Commits that come close together cause a burst of notifications: the caller reads at once after a quiet period, else
//! at most every few milliseconds. Without notifications (some network file systems, no watches left) [`DirWatch::wait`]
//! only waits, so every caller needs a heartbeat as well; [`DirWatch::is_incomplete`] reports that case.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// A set of watched directories. Changes below their subdirectories are not reported.
#[derive(Debug, Default)]
pub struct DirWatch {
    kernel: Option<OwnedFd>,
    dirs: BTreeMap<i32, PathBuf>,
    numbers: BTreeMap<PathBuf, i32>,
    unwatched: BTreeSet<PathBuf>,
}

impl DirWatch {
    pub fn new() -> Self {
        Self {
            kernel: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok(),
            ..Self::default()
        }
    }

    /// Watches the files in `dir`; false if the kernel refuses. A second call is cheap, and finds the directory that now
    /// has the name if the first was renamed.
    pub fn watch(&mut self, dir: &Path) -> bool {
        let events = WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::ONLYDIR;
        let kernel = self.kernel.as_ref();
        let number = kernel.and_then(|kernel| inotify::add_watch(kernel, dir, events).ok());
        if number.is_none() || self.numbers.get(dir) != number.as_ref() {
            self.forget(dir);
        }
        if let Some(number) = number {
            self.dirs.insert(number, dir.into());
            self.numbers.insert(dir.into(), number);
        } else {
            self.unwatched.insert(dir.into());
        }
        number.is_some()
    }

    /// Stops watching `dir`.
    pub fn forget(&mut self, dir: &Path) {
        self.unwatched.remove(dir);
        let Some(number) = self.numbers.remove(dir) else {
            return;
        };
        if self.dirs.get(&number).is_some_and(|known| known == dir) {
            self.dirs.remove(&number);
            if let Some(kernel) = &self.kernel {
                let _ = inotify::remove_watch(kernel, number); // fails if the directory was removed
            }
        }
    }

    /// True if the kernel does not watch some directory, so that only a heartbeat finds changes in it.
    pub fn is_incomplete(&self) -> bool {
        self.kernel.is_none() || !self.unwatched.is_empty()
    }

    /// Waits for a change, for at most `timeout`, and returns the directories in which something changed.
    pub fn wait(&mut self, timeout: Duration) -> BTreeSet<PathBuf> {
        let Some(kernel) = &self.kernel else {
            sleep(timeout);
            return BTreeSet::new();
        };
        let mut fds = [PollFd::new(kernel, PollFlags::IN)];
        let limit = Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        match poll(&mut fds, Some(&limit)) {
            Ok(1..) => return self.read(),
            Ok(_) => {}
            Err(_) => sleep(timeout.min(Duration::from_millis(1))), // a signal
        }
        BTreeSet::new()
    }

    fn read(&mut self) -> BTreeSet<PathBuf> {
        let (mut changed, mut gone) = (BTreeSet::new(), Vec::new());
        let Some(kernel) = &self.kernel else {
            return changed;
        };
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut reader = inotify::Reader::new(kernel, &mut buffer);
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                changed.extend(self.dirs.values().cloned()); // events were dropped, in any directory
            }
            if event.events().contains(ReadFlags::IGNORED) {
                gone.push(event.wd());
            }
            changed.extend(self.dirs.get(&event.wd()).cloned());
        }
        for number in gone {
            self.dirs.remove(&number);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Instant;

    #[test]
    fn reports_where_something_changed_and_nothing_where_nothing_did() {
        let lab = tempfile::tempdir().unwrap();
        let (one, other) = (lab.path().join("one"), lab.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        let mut dirs = DirWatch::new();
        assert!(dirs.watch(&one) && dirs.watch(&other) && !dirs.is_incomplete());
        let start = Instant::now();
        assert!(dirs.wait(Duration::from_millis(30)).is_empty());
        assert!(start.elapsed() >= Duration::from_millis(30));
        fs::write(one.join("file"), "text").unwrap();
        let changed = dirs.wait(Duration::from_secs(5));
        assert_eq!(changed, BTreeSet::from([one.clone()]));
        fs::rename(&one, lab.path().join("two")).unwrap();
        fs::create_dir(&one).unwrap();
        assert!(dirs.watch(&one), "another directory of that name");
        fs::write(one.join("file"), "text").unwrap();
        assert!(dirs.wait(Duration::from_secs(5)).contains(&one));
        dirs.forget(&one);
        fs::write(one.join("file"), "more").unwrap();
        fs::remove_dir_all(&other).unwrap();
        let changed = dirs.wait(Duration::from_secs(5));
        assert!(!changed.contains(&one), "{changed:?}");
        assert!(dirs.wait(Duration::from_millis(10)).is_empty());
    }

    #[test]
    fn a_directory_that_the_kernel_does_not_watch_is_reported() {
        let lab = tempfile::tempdir().unwrap();
        let mut dirs = DirWatch::new();
        assert!(!dirs.watch(&lab.path().join("nowhere")));
        assert!(dirs.is_incomplete());
        dirs.forget(&lab.path().join("nowhere"));
        assert!(!dirs.is_incomplete());
    }
}
