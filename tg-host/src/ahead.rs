//! Telling the system that a whole file is about to be read.
//!
//! The rows of a table lie all over a database. Where it is not in memory, following them waits for the disk page by
//! page; asked beforehand the system reads the file from front to back, which takes a tenth of the time. Where it is in
//! memory already this costs 20 ms a gigabyte.

use std::fs::File;
use std::path::Path;

/// Ask for `path` to be read into the page cache, as far as there is room. It is advice: nothing fails, and nothing waits for
/// the reading to end. Not while this process has a connection to the same database: closing the file would drop its locks.
#[cfg(target_os = "linux")]
pub fn read_ahead(path: &Path) {
    use rustix::fs::{Advice, fadvise};
    use std::num::NonZeroU64;

    /// As much as the system takes at once under its usual settings; of more it reads only the beginning.
    const STEP: NonZeroU64 = NonZeroU64::new(128 << 10).unwrap();

    /// What there is room for anywhere.
    const SHORT: u64 = 64 << 20;

    if !path.is_file() {
        return; // to open a pipe would be to wait for whoever writes into it
    }
    let Ok(file) = File::open(path) else { return };
    let mut length = file.metadata().map_or(0, |data| data.len());
    if length > SHORT {
        length = length.min(room());
    }
    for at in (0..length).step_by(STEP.get() as usize) {
        if fadvise(&file, at, Some(STEP), Advice::WillNeed).is_err() {
            return;
        }
    }
}

/// Elsewhere nothing is asked for.
#[cfg(not(target_os = "linux"))]
pub fn read_ahead(_: &Path) {}

/// How much may be asked for, in bytes: half of the memory that is not in use.
#[cfg(target_os = "linux")]
fn room() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024 / 2
}
