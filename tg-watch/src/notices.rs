//! Being told that something in a directory changed, instead of looking again and again.
//!
//! The kernel tells of writes to a database's `-wal` when they are made, which is a moment before the commit can be seen:
//! so a notice is a reason to look, and to look again shortly after where nothing is new, never proof of a commit. Commits
//! that come close together cause a burst of notices: look at once after a quiet spell, else at most every few milliseconds.
//! Where there is no notification (some network file systems, no watches left) [`Notices::wait`] only waits, so every caller
//! needs a heartbeat as well; [`Notices::is_blind`] says that it is all there is.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// Directories that are watched. What happens below their subdirectories is not seen.
#[derive(Debug)]
pub struct Notices {
    kernel: Option<OwnedFd>,
    dirs: BTreeMap<i32, PathBuf>,
    numbers: BTreeMap<PathBuf, i32>,
    missed: BTreeSet<PathBuf>,
}

impl Default for Notices {
    fn default() -> Self {
        Self::new()
    }
}

impl Notices {
    /// Watch nothing yet.
    pub fn new() -> Self {
        let kernel = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
        Self {
            kernel,
            dirs: BTreeMap::new(),
            numbers: BTreeMap::new(),
            missed: BTreeSet::new(),
        }
    }

    /// Watch the files in `dir`; false where the kernel will not. Watching it again costs nothing, and finds the directory
    /// that now has the name where the one that had it was renamed.
    pub fn watch(&mut self, dir: &Path) -> bool {
        let what = WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::ONLYDIR;
        let kernel = self.kernel.as_ref();
        let number = kernel.and_then(|kernel| inotify::add_watch(kernel, dir, what).ok());
        if number.is_none() || self.numbers.get(dir) != number.as_ref() {
            self.forget(dir);
        }
        match number {
            Some(number) => {
                self.dirs.insert(number, dir.into());
                self.numbers.insert(dir.into(), number);
            }
            None => {
                self.missed.insert(dir.into());
            }
        }
        number.is_some()
    }

    /// Watch `dir` no longer.
    pub fn forget(&mut self, dir: &Path) {
        self.missed.remove(dir);
        let Some(number) = self.numbers.remove(dir) else {
            return;
        };
        if self.dirs.get(&number).is_some_and(|known| known == dir) {
            self.dirs.remove(&number);
            if let Some(kernel) = &self.kernel {
                let _ = inotify::remove_watch(kernel, number); // gone with its directory
            }
        }
    }

    /// Whether some directory is watched by nobody, so that only a heartbeat finds changes in it.
    pub fn is_blind(&self) -> bool {
        self.kernel.is_none() || !self.missed.is_empty()
    }

    /// Wait until something changes, at most for `timeout`, and say where; nothing where the time ran out.
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
            Ok(1..) => self.take(),
            Ok(_) => BTreeSet::new(),
            Err(_) => {
                sleep(timeout.min(Duration::from_millis(1))); // a signal
                BTreeSet::new()
            }
        }
    }

    /// All notices there are.
    fn take(&mut self) -> BTreeSet<PathBuf> {
        let (mut changed, mut gone) = (BTreeSet::new(), Vec::new());
        let Some(kernel) = &self.kernel else {
            return changed;
        };
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut reader = inotify::Reader::new(kernel, &mut buffer);
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                changed.extend(self.dirs.values().cloned()); // something was dropped: it may have been anywhere
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
    fn tells_where_something_changed_and_nothing_where_nothing_did() {
        let lab = tempfile::tempdir().unwrap();
        let (one, other) = (lab.path().join("one"), lab.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        let mut notices = Notices::new();
        assert!(notices.watch(&one) && notices.watch(&other) && !notices.is_blind());
        let begun = Instant::now();
        assert!(notices.wait(Duration::from_millis(30)).is_empty());
        assert!(begun.elapsed() >= Duration::from_millis(30));
        fs::write(one.join("file"), "text").unwrap();
        assert_eq!(
            notices.wait(Duration::from_secs(5)),
            BTreeSet::from([one.clone()])
        );
        fs::rename(&one, lab.path().join("two")).unwrap();
        fs::create_dir(&one).unwrap();
        assert!(notices.watch(&one), "another directory of that name");
        fs::write(one.join("file"), "text").unwrap();
        assert!(notices.wait(Duration::from_secs(5)).contains(&one));
        notices.forget(&one);
        fs::write(one.join("file"), "more").unwrap();
        fs::remove_dir_all(&other).unwrap();
        let seen = notices.wait(Duration::from_secs(5));
        assert!(!seen.contains(&one), "{seen:?}");
        assert!(notices.wait(Duration::from_millis(10)).is_empty());
    }

    #[test]
    fn where_the_kernel_will_not_watch_it_says_so_and_only_waits() {
        let lab = tempfile::tempdir().unwrap();
        let mut notices = Notices::new();
        assert!(!notices.watch(&lab.path().join("nowhere")));
        assert!(notices.is_blind());
        notices.forget(&lab.path().join("nowhere"));
        assert!(!notices.is_blind());
    }
}
