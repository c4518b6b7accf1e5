//! Readers of whole files: texts of the user, and files of a run's directory, which agents can replace.

use crate::error::{Error, Result, file_error};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The longest text that is read whole, in bytes; texts written by hand are shorter.
const LONGEST: u64 = 16 << 20;

/// The longest file of a run's directory that is read whole, in bytes.
const LONGEST_KEPT: u64 = 64 << 20;

/// Reads a whole text file that a person wrote; the error names it.
pub fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let file = File::open(path).map_err(file_error(path))?;
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    match read.map_err(file_error(path))? as u64 {
        length if length > LONGEST => Err(Error::outside(path.display(), "is longer than 16 MiB")),
        _ => Ok(text),
    }
}

/// Reads a whole file of a run's directory, where agents can put anything: only an ordinary file of a plausible size, and
/// without waiting for the writer of a pipe.
pub fn read_kept(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = open_kept(path)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_KEPT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_KEPT {
        return Err(std::io::Error::other("is longer than 64 MiB"));
    }
    Ok(bytes)
}

/// Opens such a file for reading.
pub fn open_kept(path: &Path) -> std::io::Result<File> {
    let file = File::options()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(std::io::Error::other("is not an ordinary file"))
    }
}
