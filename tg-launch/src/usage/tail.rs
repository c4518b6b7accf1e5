//! A growing file, read line by line as it grows: each look costs what is new, not what is there.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// No program prints a longer line; what is beyond is passed over rather than kept in memory.
const LONGEST: usize = 64 << 20;

/// How far a file was read.
pub struct Tail {
    path: PathBuf,
    offset: u64,
    begun: Vec<u8>,
}

impl Tail {
    /// From the beginning of a file, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            offset: 0,
            begun: Vec::new(),
        }
    }

    /// Hand out the lines that were completed since the last look. A file that has become shorter was written anew, and
    /// is read again.
    pub fn lines(&mut self, mut take: impl FnMut(&[u8])) {
        let length = std::fs::metadata(&self.path).map_or(0, |data| data.len());
        if length == self.offset {
            return;
        }
        if length < self.offset {
            self.offset = 0;
            self.begun.clear();
        }
        let mut new = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.offset))?;
            file.read_to_end(&mut new)
        });
        if read.is_err() {
            return;
        }
        self.offset += new.len() as u64;
        let mut rest = new.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(&rest[..end]);
            take(&self.begun);
            self.begun.clear();
            rest = &rest[end + 1..];
        }
        self.begun.extend_from_slice(rest);
        if self.begun.len() > LONGEST {
            self.begun.clear();
        }
    }
}

/// The files below `dir` whose names begin and end so, sorted. Links are not followed.
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
}
