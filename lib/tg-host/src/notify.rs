//! When to look at a database that other processes write to: soon after a write, and rarely otherwise.
//!
//! The kernel reports writes in the database's directory (inotify). Its events come before the change is visible: pages are
//! written to the `-wal` first, and become part of the database only once they are synced and its index, which is memory
//! and causes no event, has them. So after a write the caller looks at the database repeatedly, at intervals that grow with
//! the time since the write, and calls [`Notifier::found`] when it has seen a change. Each look delays the writers a little,
//! and waking up for each of their pages takes more time than looking: while they write continuously, events are polled
//! every 6 ms. Without events (a network file system reports this machine's writes only, other systems none) the clock
//! decides when to look.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest wait without a write: the kernel can lose events, and some file systems have none.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// The longest wait without events from the kernel.
pub const POLLING: Duration = Duration::from_millis(10);

/// The time between two looks during continuous writes.
const SETTLE: Duration = Duration::from_millis(6);

/// The time between a write and the first look.
const FIRST: Duration = Duration::from_micros(100);

/// The time after a change during which writes count as continuous.
const BUSY: Duration = Duration::from_millis(100);

/// Waits until it is time to look at a database.
#[derive(Debug)]
pub struct Notifier {
    events: Option<OwnedFd>,
    /// Ends a wait as soon as it is readable.
    end: Option<Arc<OwnedFd>>,
    /// The common prefix of the names of the database's files.
    name: OsString,
    /// The last reported write, unless a heartbeat has passed since.
    written: Option<Instant>,
    /// The last look that found a change.
    found: Option<Instant>,
}

impl Notifier {
    /// Watches writes to the database at `path`, and files that are created, closed after writing or removed in its
    /// directory. Earlier writes are not reported: look once, then wait.
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

    /// Watches files in `dir`, too, like those in the database's directory.
    pub fn and_in(&mut self, dir: &Path) {
        if let Some(events) = &self.events {
            inotify::add(events, dir);
        }
    }

    /// Ends each wait as soon as `end` is readable.
    pub fn until(&mut self, end: Arc<OwnedFd>) {
        self.end = Some(end);
    }

    /// True if the kernel reports writes; else the clock decides when to look.
    pub fn has_events(&self) -> bool {
        self.events.is_some()
    }

    /// Waits until it is time to look, at most `timeout` and [`HEARTBEAT`]; returns true if a write is the reason.
    pub fn wait(&mut self, timeout: Duration) -> bool {
        let Some(events) = &self.events else {
            std::thread::sleep(timeout.min(POLLING));
            return false;
        };
        let begun = Instant::now();
        let next = self.next_look();
        let until = next.unwrap_or(HEARTBEAT).min(timeout);
        let left = || until.saturating_sub(begun.elapsed());
        let mut is_written = false;
        while self.is_busy() && !is_written && !left().is_zero() {
            std::thread::sleep(SETTLE.min(left()));
            is_written = inotify::concerns(events, &self.name);
        }
        while !is_written && !left().is_zero() {
            let end = self.end.as_deref().unwrap_or(events);
            let mut polled = [events, end].map(|fd| PollFd::new(fd, PollFlags::IN));
            match poll(&mut polled, Timespec::try_from(left()).ok().as_ref()) {
                Ok(ready) if ready > 0 && !polled[0].revents().is_empty() => {
                    is_written = inotify::concerns(events, &self.name);
                }
                _ => break,
            }
        }
        if is_written {
            self.written = Some(Instant::now());
        } else if self.written.is_some_and(|at| at.elapsed() >= HEARTBEAT) {
            self.written = None;
        }
        is_written || next.is_some()
    }

    /// True during continuous writes.
    fn is_busy(&self) -> bool {
        self.found.is_some_and(|at| at.elapsed() < BUSY)
    }

    /// Notes that the last look found a change.
    pub fn found(&mut self) {
        self.found = Some(Instant::now());
    }

    /// The time until the next look after the last write, whose effect may not be visible yet: in proportion to the time
    /// since the write.
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

    /// Starts to watch `dir`; `None` if the kernel cannot.
    pub fn open(dir: &Path) -> Option<OwnedFd> {
        let events = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        add(&events, dir).then_some(events)
    }

    /// Watches `dir`, too; returns false if the kernel cannot. A directory that is watched already is not added again.
    pub fn add(events: &OwnedFd, dir: &Path) -> bool {
        let flags = WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_TO;
        add_watch(events, dir, flags).is_ok()
    }

    /// Reads the events; returns true if one is about a file whose name begins with `name`, or is not just a write to
    /// another file.
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
                break; // another read would mostly find nothing; further events are read at the next wait
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
