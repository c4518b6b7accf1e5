//! When to look at a database that others write to: soon after they wrote, and hardly ever otherwise.
//!
//! The kernel tells of files written in the database's directory (inotify). What it tells of comes before what can be seen:
//! pages are written to the `-wal` first, and are part of the database only once they are synced and its index, which is
//! memory and tells nobody, has them. So after a write the database is looked at again and again, at intervals that grow
//! with the time that has passed, and [`Notifier::found`] says when something was seen. Each look holds the writers up a
//! little, and being woken for each page of theirs takes more time than looking: while others write all the time, it is asked
//! every 6 ms whether something was told. Where the kernel does not tell (a network file system tells of this machine's
//! writes only, another system of none), looking is left to the clock.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest wait even where nothing was written: the kernel can lose events, and some file systems have none.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// The longest wait where the kernel tells of nothing.
pub const POLLING: Duration = Duration::from_millis(10);

/// Between two looks while others write.
const SETTLE: Duration = Duration::from_millis(6);

/// Between a write and the first look.
const FIRST: Duration = Duration::from_micros(100);

/// How long after something was found others count as writing all the time.
const BUSY: Duration = Duration::from_millis(100);

/// Tells when to look at a database.
#[derive(Debug)]
pub struct Notifier {
    events: Option<OwnedFd>,
    /// Ends a wait as soon as it can be read from.
    end: Option<Arc<OwnedFd>>,
    /// How the names of the database's files begin.
    name: OsString,
    /// The last write that was told of, unless a heartbeat has passed since.
    written: Option<Instant>,
    /// The last look that found something.
    found: Option<Instant>,
}

impl Notifier {
    /// Be told of what is written to the database at `path`, and of files that appear, are closed after writing or go
    /// beside it. What was written before is not told: look once, then wait.
    pub fn on(path: &Path) -> Self {
        let dir = path
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Self {
            events: inotify::open(dir),
            end: None,
            name: path.file_name().unwrap_or_default().into(),
            written: None,
            found: None,
        }
    }

    /// Be told of files in `dir`, too, as of those beside the database.
    pub fn and_in(&mut self, dir: &Path) {
        if let Some(events) = &self.events {
            inotify::add(events, dir);
        }
    }

    /// End each wait as soon as `end` can be read from.
    pub fn until(&mut self, end: Arc<OwnedFd>) {
        self.end = Some(end);
    }

    /// Whether the kernel tells of writes; else looking is left to the clock.
    pub fn is_told(&self) -> bool {
        self.events.is_some()
    }

    /// Wait until it is time to look, `timeout` and [`HEARTBEAT`] at most; whether that is because of a write.
    pub fn wait(&mut self, timeout: Duration) -> bool {
        let Some(events) = &self.events else {
            std::thread::sleep(timeout.min(POLLING));
            return false;
        };
        let begun = Instant::now();
        let next = self.next_look();
        let until = next.unwrap_or(HEARTBEAT).min(timeout);
        let left = || until.saturating_sub(begun.elapsed());
        let mut is_told = false;
        while self.is_busy() && !is_told && !left().is_zero() {
            std::thread::sleep(SETTLE.min(left()));
            is_told = inotify::concerns(events, &self.name);
        }
        while !is_told && !left().is_zero() {
            let end = self.end.as_deref().unwrap_or(events);
            let mut polled = [events, end].map(|fd| PollFd::new(fd, PollFlags::IN));
            match poll(&mut polled, Timespec::try_from(left()).ok().as_ref()) {
                Ok(ready) if ready > 0 && !polled[0].revents().is_empty() => {
                    is_told = inotify::concerns(events, &self.name);
                }
                _ => break,
            }
        }
        if is_told {
            self.written = Some(Instant::now());
        } else if self.written.is_some_and(|at| at.elapsed() >= HEARTBEAT) {
            self.written = None;
        }
        is_told || next.is_some()
    }

    /// Whether others write all the time.
    fn is_busy(&self) -> bool {
        self.found.is_some_and(|at| at.elapsed() < BUSY)
    }

    /// The last look found something new.
    pub fn found(&mut self) {
        self.found = Some(Instant::now());
    }

    /// Until the next look after the last write, whose effect may not have been seen: in proportion to what has passed.
    fn next_look(&self) -> Option<Duration> {
        let written = self.written?;
        let is_insurance = self.found.is_some_and(|found| found >= written);
        let least = match is_insurance {
            true => 2 * SETTLE,
            false if self.is_busy() => SETTLE,
            false => FIRST,
        };
        Some((written.elapsed() / 4).clamp(least, HEARTBEAT))
    }
}

#[cfg(target_os = "linux")]
mod inotify {
    use rustix::fd::OwnedFd;
    use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
    use std::ffi::OsStr;
    use std::mem::MaybeUninit;
    use std::path::Path;

    /// Be told of what happens in `dir`; none where the kernel does not.
    pub fn open(dir: &Path) -> Option<OwnedFd> {
        let events = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        add(&events, dir).then_some(events)
    }

    /// Be told of what happens in `dir`, too; whether that is so. A directory that is there already stays there once.
    pub fn add(events: &OwnedFd, dir: &Path) -> bool {
        let flags = WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_TO;
        add_watch(events, dir, flags).is_ok()
    }

    /// Take what has been told; whether some of it is about the files whose names begin with `name`, or is more than that
    /// another file has grown.
    pub fn concerns(events: &OwnedFd, name: &OsStr) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(events, &mut buffer);
        let mut concerns = false;
        while let Ok(event) = reader.next() {
            let is_ours = event
                .file_name()
                .is_none_or(|file| file.to_bytes().starts_with(name.as_encoded_bytes()));
            concerns |= is_ours || !event.events().contains(ReadFlags::MODIFY);
            if reader.is_buffer_empty() {
                break; // another read would mostly find nothing; if there is more, it is told at the next wait
            }
        }
        concerns
    }
}

#[cfg(not(target_os = "linux"))]
mod inotify {
    use rustix::fd::OwnedFd;
    use std::ffi::OsStr;
    use std::path::Path;

    pub fn open(_: &Path) -> Option<OwnedFd> {
        None
    }

    pub fn add(_: &OwnedFd, _: &Path) -> bool {
        false
    }

    pub fn concerns(_: &OwnedFd, _: &OsStr) -> bool {
        false
    }
}
