//! A large file whose hash is taken by a thread of its own: what was scanned is handed to it, and a used window comes back.
//!
//! The hash of a large file takes about as long as everything else that is done with it. Nothing is read twice and nothing is
//! copied, but what of a row stands at the end of a window; the hash is that of the very bytes that were scanned.

use super::FileFacts;
use super::hashed::facts;
use super::scan::{Input, LONGEST, WINDOW, Window};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Windows that wait to be hashed, at most.
const BEHIND: usize = 3;

/// A file that is scanned here and hashed elsewhere.
pub(crate) struct Handed {
    file: File,
    /// From where on the window was not handed over.
    fresh: usize,
    bytes: u64,
    full: SyncSender<(Vec<u8>, Range<usize>)>,
    used: Receiver<Vec<u8>>,
    thread: JoinHandle<Sha256>,
}

impl Handed {
    pub fn new(file: File) -> Self {
        let (full, work) = sync_channel::<(Vec<u8>, Range<usize>)>(BEHIND);
        let (done, used) = channel();
        let thread = thread::spawn(move || {
            let mut hash = Sha256::new();
            for (window, range) in work {
                hash.update(&window[range]);
                let _ = done.send(window); // after the last nobody takes it
            }
            hash
        });
        Self {
            file,
            fresh: 0,
            bytes: 0,
            full,
            used,
            thread,
        }
    }

    /// Wait for the hash of what was scanned, which must be all of it.
    pub fn facts(self) -> io::Result<FileFacts> {
        drop(self.full);
        let hash = self.thread.join().map_err(|_| gone())?;
        Ok(facts(hash, self.bytes))
    }

    /// Hand the window over, all but what is not passed yet, which goes to the front of another.
    fn hand_over(&mut self, window: &mut Window) -> io::Result<()> {
        let left = window.end - window.at;
        let used = self.used.try_recv().ok();
        let mut next = used
            .filter(|used| used.capacity() <= WINDOW)
            .unwrap_or_default();
        let size = (2 * left).clamp(WINDOW, LONGEST + WINDOW); // a long row needs more, as long as it lasts
        next.resize(size, 0);
        next[..left].copy_from_slice(&window.bytes[window.at..window.end]);
        let full = std::mem::replace(&mut window.bytes, next);
        self.send(full, self.fresh..window.end)?;
        window.before += window.at as u64;
        (window.at, window.end, self.fresh) = (0, left, left);
        Ok(())
    }

    fn send(&self, window: Vec<u8>, range: Range<usize>) -> io::Result<()> {
        self.full.send((window, range)).map_err(|_| gone())
    }
}

impl Input for &mut Handed {
    fn fill(&mut self, window: &mut Window) -> io::Result<usize> {
        if window.end == window.bytes.len() {
            self.hand_over(window)?;
        }
        let count = self.file.read(&mut window.bytes[window.end..])?;
        window.end += count;
        self.bytes += count as u64;
        if count == 0 {
            let last = window.bytes[self.fresh..window.end].to_vec();
            self.fresh = window.end;
            let range = 0..last.len();
            self.send(last, range)?;
        }
        Ok(count)
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that takes its hash has gone")
}

#[cfg(test)]
mod tests {
    use super::{Handed, WINDOW};
    use crate::snapshot::hashed::hex;
    use crate::snapshot::scan::{Event, Scanner};
    use sha2::{Digest, Sha256};
    use std::io::Write;

    /// The facts of a file with this text, and how many rows it has.
    fn scanned(text: &str) -> (String, u64, usize) {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all(text.as_bytes()).unwrap();
        let mut handed = Handed::new(file.reopen().unwrap());
        let mut scanner = Scanner::new(&mut handed);
        let mut rows = 0;
        while let Some(event) = scanner.event().unwrap() {
            rows += usize::from(matches!(event, Event::Row(_)));
        }
        drop(scanner);
        let facts = handed.facts().unwrap();
        (facts.sha256, facts.bytes, rows)
    }

    #[test]
    fn the_hash_is_that_of_all_that_was_scanned() {
        // Rows that end where a window ends, and beside it; and one that takes several windows among short ones.
        for length in [1, 90, WINDOW / 3, WINDOW - 40, WINDOW, 5 * WINDOW] {
            let row = format!("{{\"id\":\"{}\"}}", "x".repeat(length));
            let count = 3 + 4 * WINDOW / length;
            let rows = vec![row.as_str(); count].join(",\n");
            let text = format!("{{\"other\":[{rows}],\"tables\":{{\"tasks\":[{rows}]}}}}\n");
            let expected = hex(&Sha256::digest(&text));
            assert_eq!(scanned(&text), (expected, text.len() as u64, count));
        }
    }
}
