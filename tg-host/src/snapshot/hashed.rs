//! A file whose SHA-256 is taken as it is read, so that the hash is that of the very bytes that were used.

use super::FileFacts;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};

/// A file whose hash is taken as it is read.
pub(crate) struct Hashed {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    pub fn new(file: File) -> Self {
        Self {
            file,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// Hash what is left, and tell.
    pub fn facts(mut self) -> io::Result<FileFacts> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(facts(self.hash, self.bytes))
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

pub(super) fn facts(hash: Sha256, bytes: u64) -> FileFacts {
    FileFacts {
        sha256: hex(&hash.finalize()),
        bytes,
    }
}

/// Bytes as hexadecimal digits, two each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
