//! The snapshot file: gzip or plain, hashed as it is written, and not there until it is whole.
//!
//! The gzip header carries no time and no name, so that equal snapshots are equal files. A file that already has the
//! bytes about to be written is left alone: its time then tells when the run's data last changed.

use crate::behind::Behind;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use tg_stage::Result;
use tg_stage::error::file_error;
use tg_stage::file::{NewFile, hex};

/// How much of a file is read at once, in bytes.
const CHUNK: usize = 1 << 16;

/// Where a snapshot is written to.
pub type Sink = Behind<Coder>;

/// The bytes of the file, made from those of the document.
pub enum Coder {
    /// As they are.
    Plain(Box<Hashed>),
    /// Compressed.
    Gzip(Box<GzEncoder<Hashed>>),
}

/// A new file and the hash of what has been written to it.
pub struct Hashed {
    file: NewFile,
    hash: Sha256,
    bytes: u64,
}

/// Begin the file that will be called `path`.
pub fn to_file(path: &Path, gzip: bool) -> Result<Sink> {
    let hashed = Hashed {
        file: NewFile::create(path)?,
        hash: Sha256::new(),
        bytes: 0,
    };
    let coder = if gzip {
        Coder::Gzip(Box::new(GzEncoder::new(hashed, Compression::default())))
    } else {
        Coder::Plain(Box::new(hashed))
    };
    Ok(Behind::new(coder))
}

/// Make the file visible, unless what is there is the same; its SHA-256 and its size in bytes.
pub fn finish(sink: Sink, path: &Path) -> Result<(String, u64)> {
    let hashed = match sink.finish().map_err(file_error(path))? {
        Coder::Plain(hashed) => *hashed,
        Coder::Gzip(encoder) => encoder.finish().map_err(file_error(path))?,
    };
    let sha256 = hex(&hashed.hash.finalize());
    if !is_there(path, hashed.bytes, &sha256) {
        hashed.file.commit()?;
    }
    Ok((sha256, hashed.bytes))
}

fn is_there(path: &Path, bytes: u64, sha256: &str) -> bool {
    let same_size = path
        .metadata()
        .is_ok_and(|data| data.is_file() && data.len() == bytes);
    same_size && hash_of(path).is_ok_and(|hash| hash == sha256)
}

fn hash_of(path: &Path) -> io::Result<String> {
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

impl Write for Hashed {
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
