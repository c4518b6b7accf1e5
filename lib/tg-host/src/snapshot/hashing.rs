//! The SHA-256 of a file, computed while the file is read, so that it is the hash of the very bytes that were used.
//!
//! The hash of a large file takes about as long as everything else that is done with it, so a thread of its own computes
//! it: each scanned window is sent to the thread, and a used one comes back. Nothing is read twice, and nothing is copied
//! except the part of a row at the end of a window.

use super::scan::{Input, LONGEST, WINDOW, Window};
use crate::error::{Result, about};
use crate::hex::hex;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Hash and size of a file as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

impl FileFacts {
    fn new(hash: Sha256, bytes: u64) -> Self {
        Self {
            sha256: hex(&hash.finalize()),
            bytes,
        }
    }
}

/// The facts of the file that was read, which may take longer to compute than reading it.
pub struct PendingFacts {
    file: Pending,
    path: PathBuf,
}

enum Pending {
    Database,
    Hashed(HashedFile),
    Threaded(ThreadHashedFile),
}

impl PendingFacts {
    /// Those of a database, which changes: none.
    pub(crate) fn of_database() -> Self {
        Self {
            file: Pending::Database,
            path: PathBuf::new(),
        }
    }

    /// True if the file was a database.
    pub fn is_database(&self) -> bool {
        matches!(self.file, Pending::Database)
    }

    /// Waits for the facts; `None` for a database.
    pub fn get(self) -> Result<Option<FileFacts>> {
        let facts = match self.file {
            Pending::Database => return Ok(None),
            Pending::Hashed(file) => file.facts(),
            Pending::Threaded(file) => file.facts(),
        };
        facts.map(Some).map_err(about(&self.path))
    }
}

/// A file that is hashed by the thread that reads it.
pub(crate) struct HashedFile {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl HashedFile {
    pub fn new(file: File) -> Self {
        Self {
            file,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    pub fn pending(self, path: &Path) -> PendingFacts {
        PendingFacts {
            file: Pending::Hashed(self),
            path: path.into(),
        }
    }

    /// Hashes the rest of the file and returns its facts.
    pub fn facts(mut self) -> io::Result<FileFacts> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(FileFacts::new(self.hash, self.bytes))
    }
}

impl Read for HashedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// The most windows that wait to be hashed.
const BEHIND: usize = 3;

/// A file that is scanned by one thread and hashed by another.
pub(crate) struct ThreadHashedFile {
    file: File,
    /// The start of the part of the window that was not sent to the thread.
    fresh: usize,
    bytes: u64,
    full: SyncSender<(Vec<u8>, Range<usize>)>,
    used: Receiver<Vec<u8>>,
    thread: JoinHandle<Sha256>,
}

impl ThreadHashedFile {
    pub fn new(file: File) -> Self {
        let (full, work) = sync_channel::<(Vec<u8>, Range<usize>)>(BEHIND);
        let (done, used) = channel();
        let thread = thread::spawn(move || {
            let mut hash = Sha256::new();
            for (window, range) in work {
                hash.update(&window[range]);
                let _ = done.send(window); // the last ones are not received
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

    pub fn pending(self, path: &Path) -> PendingFacts {
        PendingFacts {
            file: Pending::Threaded(self),
            path: path.into(),
        }
    }

    /// Waits for the hash of what was scanned, which must be the whole file.
    fn facts(self) -> io::Result<FileFacts> {
        drop(self.full);
        let hash = self.thread.join().map_err(|_| gone())?;
        Ok(FileFacts::new(hash, self.bytes))
    }

    /// Sends the window to the thread; the part that was not yet scanned moves to the front of another window.
    fn hand_over(&mut self, window: &mut Window) -> io::Result<()> {
        let left = window.end - window.at;
        let used = self.used.try_recv().ok();
        let used = used.filter(|used| used.capacity() <= WINDOW);
        let mut next = used.unwrap_or_default();
        let size = (2 * left).clamp(WINDOW, LONGEST + WINDOW); // a long row needs a larger window for a while
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

impl Input for &mut ThreadHashedFile {
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
    use super::{ThreadHashedFile, WINDOW};
    use crate::hex::hex;
    use crate::snapshot::scan::{Event, Scanner};
    use sha2::{Digest, Sha256};
    use std::io::Write;

    /// The facts of a file with this text, and its number of rows.
    fn scanned(text: &str) -> (String, u64, usize) {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all(text.as_bytes()).unwrap();
        let mut hashed = ThreadHashedFile::new(file.reopen().unwrap());
        let mut scanner = Scanner::new(&mut hashed);
        let mut rows = 0;
        while let Some(event) = scanner.event().unwrap() {
            rows += usize::from(matches!(event, Event::Row(_)));
        }
        drop(scanner);
        let facts = hashed.facts().unwrap();
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
