//! The output of an agent, kept in a file of bounded size.
//!
//! The agent writes into a pipe and a thread of its supervisor writes the file. If the output exceeds the limit, the
//! first and the last quarter are kept, cut at line ends, with a line between them that says how many bytes are missing:
//! event streams are read from their end, so the last events must not be lost. From then on the pipe is read slowly, so
//! that a flood does not take the disk or the processors from other agents; the agent waits in its own `write`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;
use tg_stage::error::file_error;
use tg_stage::{Result, say};

const CHUNK: usize = 1 << 16;

/// The pause after each chunk of a flood: 16 MB a second.
const PAUSE: Duration = Duration::from_millis(4);

/// Copies an agent's output into the file `path`, at most `limit` bytes; the thread ends with the last writer.
pub fn keep(
    mut from: impl Read + Send + 'static,
    path: &Path,
    limit: u64,
) -> Result<JoinHandle<()>> {
    let mut log = Log::create(path, limit)?;
    Ok(thread::spawn(move || {
        let mut chunk = vec![0; CHUNK];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => return,
                Ok(length) => log.append(&chunk[..length]),
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
            if log.missing > 0 {
                sleep(PAUSE);
            }
        }
    }))
}

/// The beginning of the line that says how many bytes are missing.
const NOTE: &str = "{\"type\":\"tg-launch\",\"left_out_bytes\":";

/// The place in a file where the middle of the output is missing.
pub struct Gap {
    /// The offset of the line that says so.
    pub from: u64,
    /// The offset behind that line.
    pub to: u64,
    /// The number of bytes that are missing.
    pub missing: u64,
}

/// The gap of `file`, if it has one.
pub fn gap(file: &mut File) -> Option<Gap> {
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut lines = BufReader::with_capacity(CHUNK, file);
    let (mut from, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line).ok()? as u64;
        if length == 0 {
            return None;
        }
        if let Some(rest) = line.strip_prefix(NOTE.as_bytes()) {
            let number = String::from_utf8_lossy(rest);
            return Some(Gap {
                from,
                to: from + length,
                missing: number.trim_end().trim_end_matches('}').parse().ok()?,
            });
        }
        from += length;
    }
}

struct Log {
    path: PathBuf,
    file: File,
    limit: u64,
    size: u64,
    /// The length of the beginning that is kept; 0 before the first cut.
    head: u64,
    /// The offset behind the note of the last cut.
    tail: u64,
    missing: u64,
    complained: bool,
}

impl Log {
    fn create(path: &Path, limit: u64) -> Result<Self> {
        Ok(Self {
            file: create(path).map_err(file_error(path))?,
            path: path.into(),
            limit,
            size: 0,
            head: 0,
            tail: 0,
            missing: 0,
            complained: false,
        })
    }

    /// Appends to the file. A full disk must not stop the agent: bytes that cannot be written are counted as missing.
    fn append(&mut self, bytes: &[u8]) {
        let is_over = self.size + bytes.len() as u64 > self.limit;
        let done = if is_over { self.cut() } else { Ok(()) };
        match done.and_then(|()| self.file.write_all(bytes)) {
            Ok(()) => self.size += bytes.len() as u64,
            Err(cause) => {
                self.missing += bytes.len() as u64;
                if !std::mem::replace(&mut self.complained, true) {
                    say(format_args!("tg-launch: {}: {cause}", self.path.display()));
                }
                self.size = self.file.seek(SeekFrom::End(0)).unwrap_or(self.size);
            }
        }
    }

    /// Leaves out the middle: a new file replaces the old one.
    fn cut(&mut self) -> io::Result<()> {
        let quarter = self.limit / 4;
        if self.head == 0 {
            self.head = line_end(&mut self.file, quarter)?;
            self.tail = self.head;
        }
        let from = self.size.saturating_sub(quarter).max(self.tail);
        let from = next_line(&mut self.file, from, self.size)?;
        let missing = self.missing + (from - self.tail);
        let aside = self.path.with_extension("cut");
        let new = create(&aside)?;
        let mut out = BufWriter::new(&new);
        copy(&mut self.file, 0, self.head, &mut out)?;
        let mut last = Vec::new();
        copy(
            &mut self.file,
            self.head.saturating_sub(1),
            self.head,
            &mut last,
        )?;
        let newline = if last == b"\n" { "" } else { "\n" };
        let note = format!("{newline}{NOTE}{missing}}}\n");
        out.write_all(note.as_bytes())?;
        copy(&mut self.file, from, self.size, &mut out)?;
        out.flush()?;
        drop(out);
        std::fs::rename(&aside, &self.path)?;
        self.file = new;
        self.missing = missing;
        self.size = self.file.stream_position()?;
        self.tail = self.head + note.len() as u64;
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(path)
}

fn copy(file: &mut File, from: u64, to: u64, out: &mut impl Write) -> io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    io::copy(&mut file.take(to - from), out).map(|_| ())
}

/// The offset behind the last line that ends before `to`; `to` itself if none ends in the last chunk.
fn line_end(file: &mut File, to: u64) -> io::Result<u64> {
    let from = to.saturating_sub(CHUNK as u64);
    let mut last = Vec::new();
    copy(file, from, to, &mut last)?;
    let end = last.iter().rposition(|byte| *byte == b'\n');
    Ok(end.map_or(to, |at| from + at as u64 + 1))
}

/// The offset of the first line that begins after `from`; `from` itself if none does.
fn next_line(file: &mut File, from: u64, to: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(from))?;
    let length = BufReader::new(file.take(to - from)).skip_until(b'\n')? as u64;
    let next = from + length;
    Ok(if next < to { next } else { from })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(limit: u64, name: &str, text: &str) -> Vec<String> {
        let dir = std::env::temp_dir().join(format!("tg-log-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("stdout.log");
        let mut log = Log::create(&path, limit).unwrap();
        for chunk in text.as_bytes().chunks(77) {
            log.append(chunk);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.len() as u64 <= limit, "{} of {limit}", text.len());
        std::fs::remove_dir_all(dir).unwrap();
        text.lines().map(String::from).collect()
    }

    fn numbered(lines: usize) -> String {
        (0..lines).map(|at| format!("{at:09}\n")).collect()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let lines = kept(10_000, "fits", &numbered(500));
        assert_eq!(lines.len(), 500);
    }

    #[test]
    fn of_a_flood_the_first_and_the_last_lines_are_kept_whole_and_the_rest_counted() {
        for lines in [1_100, 5_000, 50_000] {
            let kept = kept(10_000, &lines.to_string(), &numbered(lines));
            assert_eq!(kept[0], "000000000");
            assert_eq!(*kept.last().unwrap(), format!("{:09}", lines - 1));
            let note = kept.iter().position(|line| line.starts_with('{')).unwrap();
            assert!(
                note > 100 && kept.len() - note > 100,
                "{note} {}",
                kept.len()
            );
            let note: serde_json::Value = serde_json::from_str(&kept[note]).unwrap();
            let whole = kept.iter().filter(|line| line.len() == 9).count();
            assert_eq!(whole, kept.len() - 1, "a line was cut");
            assert_eq!(
                note["left_out_bytes"].as_u64().unwrap() as usize,
                (lines - whole) * 10
            );
        }
    }

    #[test]
    fn one_endless_line_is_bounded_too() {
        let kept = kept(10_000, "endless", &format!("{}end", "0".repeat(100_000)));
        assert!(
            kept.len() == 3 && kept[1].starts_with('{'),
            "{}",
            kept.len()
        );
        assert!(kept[0].starts_with("00000") && kept[2].ends_with("0000end"));
    }
}
