//! A growing file, read line by line: each read costs the new bytes, not the whole file.
//!
//! When the launcher leaves out the middle of an agent's output, a new file replaces the old one: reading then continues
//! after the bytes read before, or after the gap, and nothing is read twice.

use crate::log;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tg_stage::file::open_kept;

/// No program prints a longer line; longer ones are skipped rather than kept in memory.
const LONGEST: usize = 64 << 20;

/// A file, and the position up to which it was read.
pub struct Tail {
    path: PathBuf,
    offset: u64,
    /// The number of bytes of the whole output up to there, including those left out since.
    taken: u64,
    inode: u64,
    partial: Vec<u8>,
}

impl Tail {
    /// Starts at the beginning of a file, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            offset: 0,
            taken: 0,
            inode: 0,
            partial: Vec::new(),
        }
    }

    /// Calls `take` with each line completed since the last read. A file that has become shorter was written anew, and is
    /// read from its beginning.
    pub fn lines(&mut self, mut take: impl FnMut(&[u8])) {
        let Ok(mut file) = open_kept(&self.path) else {
            return;
        };
        let Ok(data) = file.metadata() else {
            return;
        };
        let is_other = std::mem::replace(&mut self.inode, data.ino()) != data.ino();
        if data.len() == self.offset && !is_other {
            return;
        }
        let was_cut = is_other && self.taken > 0;
        if let Some(gap) = was_cut.then(|| log::gap(&mut file)).flatten() {
            let begins = gap.from + gap.missing;
            if self.taken < begins {
                self.partial.clear(); // the rest of it is in the gap
            }
            self.taken = self.taken.max(begins);
            self.offset = gap.to + self.taken - begins;
        } else if data.len() < self.offset {
            (self.offset, self.taken) = (0, 0);
            self.partial.clear();
        }
        let mut new = Vec::new();
        let read = file.seek(SeekFrom::Start(self.offset));
        if read.and_then(|_| file.read_to_end(&mut new)).is_err() {
            return;
        }
        self.offset += new.len() as u64;
        self.taken += new.len() as u64;
        let mut rest = new.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(&rest[..end]);
            take(&self.partial);
            self.partial.clear();
            rest = &rest[end + 1..];
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > LONGEST {
            self.partial.clear();
        }
    }
}

/// The files below `dir` whose names begin with `start` and end with `end`, sorted. Links are not followed.
pub fn find(dir: &Path, start: &str, end: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = dir.read_dir().into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => find(&entry.path(), start, end, found),
            Ok(kind) if kind.is_file() && name.starts_with(start) && name.ends_with(end) => {
                found.push(entry.path());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;
    use std::io::Write;

    #[test]
    fn lines_come_once_and_only_when_they_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut tail = Tail::new(path.clone());
        let mut look = || {
            let mut seen = Vec::new();
            tail.lines(|line| seen.push(String::from_utf8_lossy(line).into_owned()));
            seen
        };
        assert!(look().is_empty());
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(b"one\ntw").unwrap();
        assert_eq!(look(), ["one"]);
        file.write_all(b"o\nthree\n").unwrap();
        assert_eq!(look(), ["two", "three"]);
        assert!(look().is_empty());
        std::fs::write(&path, "anew\n").unwrap();
        assert_eq!(look(), ["anew"]);
    }

    #[test]
    fn nothing_is_read_twice_when_the_middle_was_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stdout.log");
        let (mut agent, pipe) = std::os::unix::net::UnixStream::pair().unwrap();
        let keeper = crate::log::keep(pipe, &path, 10_000).unwrap();
        let mut tail = Tail::new(path);
        let mut seen = Vec::new();
        for at in 0..4_000 {
            agent.write_all(format!("{at:09}\n").as_bytes()).unwrap();
            if at % 300 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(15));
                tail.lines(|line| seen.push(String::from_utf8_lossy(line).into_owned()));
            }
        }
        drop(agent);
        keeper.join().unwrap();
        tail.lines(|line| seen.push(String::from_utf8_lossy(line).into_owned()));
        let numbers: Vec<u32> = seen.iter().filter_map(|line| line.parse().ok()).collect();
        assert_eq!(numbers.len(), seen.len(), "a line was torn: {seen:?}");
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        assert_eq!(numbers.last(), Some(&3_999));
        assert!(numbers.len() > 1_000, "{}", numbers.len());
    }
}
