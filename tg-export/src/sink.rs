//! The snapshot file: gzip or plain, hashed as it is written, and visible only once it is complete.
//!
//! The gzip header has neither a time nor a name, so that equal snapshots are equal files. A file that already has the
//! same bytes is left alone: its time then tells when the run's data last changed.

use crate::writer_thread::WriterThread;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use tg_stage::Result;
use tg_stage::error::file_error;
use tg_stage::file::{NewFile, hex};

/// The number of bytes of a file that are read at once.
const CHUNK: usize = 1 << 16;

/// The output of a snapshot's text.
pub type Sink = WriterThread<Coder>;

/// The encoder from the text to the bytes of the file.
pub enum Coder {
    Plain(Box<HashedFile>),
    Gzip(Box<GzEncoder<HashedFile>>),
}

/// A new file and the hash of its bytes so far.
pub struct HashedFile {
    file: NewFile,
    hash: Sha256,
    bytes: u64,
}

/// Begins the file that will be called `path`.
pub fn create(path: &Path, gzip: bool) -> Result<Sink> {
    let hashed = HashedFile {
        file: NewFile::create(path)?,
        hash: Sha256::new(),
        bytes: 0,
    };
    Ok(WriterThread::new(if gzip {
        Coder::Gzip(Box::new(GzEncoder::new(hashed, Compression::default())))
    } else {
        Coder::Plain(Box::new(hashed))
    }))
}

/// Makes the file visible, unless the existing one is the same; returns its SHA-256 and its size in bytes.
pub fn finish(sink: Sink, path: &Path) -> Result<(String, u64)> {
    let hashed = match sink.finish().map_err(file_error(path))? {
        Coder::Plain(hashed) => *hashed,
        Coder::Gzip(encoder) => encoder.finish().map_err(file_error(path))?,
    };
    let sha256 = hex(&hashed.hash.finalize());
    if !is_same(path, hashed.bytes, &sha256) {
        hashed.file.commit()?;
    }
    Ok((sha256, hashed.bytes))
}

fn is_same(path: &Path, bytes: u64, sha256: &str) -> bool {
    let data = path.metadata();
    let has_size = data.is_ok_and(|data| data.is_file() && data.len() == bytes);
    has_size && hash_of_file(path).is_ok_and(|hash| hash == sha256)
}

fn hash_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&chunk[..count]),
        }
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Write for Coder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(out) => out.flush(),
        }
    }
}
