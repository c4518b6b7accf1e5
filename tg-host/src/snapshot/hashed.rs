//! A file that is read, and the SHA-256 of what is in it.
//!
//! The hash of a large file takes about as long as everything else that is done with it, so a thread of its own takes it, from
//! the same open file, in its own time: what is handed from one processor to the other costs both of them. That both have read
//! the same is not left to luck: a file that is written to meanwhile is refused.

use super::FileFacts;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

/// From what size on that is worth a thread, in bytes.
const WORTH_A_THREAD: u64 = 4 << 20;

/// How much is hashed at a time, in bytes.
const PIECE: usize = 1 << 18;

/// A file whose hash is taken as it is read.
pub(crate) struct Hashed {
    file: File,
    hash: Hash,
    bytes: u64,
}

enum Hash {
    Here(Sha256),
    Elsewhere(Elsewhere),
}

struct Elsewhere {
    thread: JoinHandle<io::Result<(Sha256, u64)>>,
    /// When the file had last been written to.
    written: Option<SystemTime>,
}

impl Hashed {
    /// A file that has just been opened.
    pub fn new(file: File) -> io::Result<Self> {
        let known = file.metadata()?;
        let hash = if known.len() < WORTH_A_THREAD {
            Hash::Here(Sha256::new())
        } else {
            let file = file.try_clone()?;
            Hash::Elsewhere(Elsewhere {
                thread: thread::spawn(move || hash(&file)),
                written: known.modified().ok(),
            })
        };
        Ok(Self {
            file,
            hash,
            bytes: 0,
        })
    }

    /// Read what is left, and tell.
    pub fn facts(mut self) -> io::Result<FileFacts> {
        io::copy(&mut self, &mut io::sink())?;
        let hash = match self.hash {
            Hash::Here(hash) => hash,
            Hash::Elsewhere(elsewhere) => {
                let gone = |_| io::Error::other("the thread that takes its hash has gone");
                let (hash, bytes) = elsewhere.thread.join().map_err(gone)??;
                let written = self.file.metadata()?.modified().ok();
                if bytes != self.bytes || written != elsewhere.written {
                    return Err(io::Error::other("was written to while it was read"));
                }
                hash
            }
        };
        let digits = hash.finalize();
        Ok(FileFacts {
            sha256: digits.iter().map(|byte| format!("{byte:02x}")).collect(),
            bytes: self.bytes,
        })
    }
}

/// The hash of all of a file, and how much that is, in bytes.
fn hash(file: &File) -> io::Result<(Sha256, u64)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read_at(&mut piece, bytes) {
            Ok(0) => return Ok((hash, bytes)),
            Ok(count) => {
                hash.update(&piece[..count]);
                bytes += count as u64;
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Hash::Here(hash) = &mut self.hash {
            hash.update(&buffer[..count]);
        }
        self.bytes += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{Hashed, WORTH_A_THREAD};
    use sha2::{Digest, Sha256};
    use std::io::{Read, Write};

    /// Read half of a file of this size, let `between` do something to it, and read the rest.
    fn read(size: u64, between: impl FnOnce(&std::path::Path)) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        file.as_file().write_all(&bytes).unwrap();
        let mut hashed = Hashed::new(file.reopen().unwrap()).unwrap();
        hashed
            .by_ref()
            .take(size / 2)
            .read_to_end(&mut Vec::new())
            .unwrap();
        between(file.path());
        let facts = hashed.facts().map_err(|cause| cause.to_string())?;
        assert_eq!(facts.bytes, size);
        let expected = Sha256::digest(&bytes);
        let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(facts.sha256, expected);
        Ok(facts.sha256)
    }

    #[test]
    fn the_hash_is_that_of_the_file() {
        for size in [0, 1, WORTH_A_THREAD - 1, WORTH_A_THREAD, 9 << 20] {
            read(size, |_| ()).unwrap();
        }
    }

    #[test]
    fn a_large_file_that_is_written_to_meanwhile_is_refused() {
        let touch = |path: &std::path::Path| {
            std::thread::sleep(std::time::Duration::from_millis(20)); // the clock of files is coarse
            let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.write_all(b"x").unwrap();
        };
        let refused = read(WORTH_A_THREAD, touch).unwrap_err();
        assert_eq!(refused, "was written to while it was read");
    }
}
