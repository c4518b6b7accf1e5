//! Asking the system to read a whole file into its page cache.
//!
//! The rows of a table are scattered over a database. If the file is not in memory, each page waits for the disk; asked
//! beforehand, the system reads the file from front to back, which takes a tenth of the time. If it is in memory already,
//! this costs 20 ms a gigabyte.

use std::fs::File;
use std::path::Path;

/// Asks for `path` to be read into the page cache, as far as there is room. It is advice: it never fails, and does not wait
/// for the data. Not to be called while this process has a connection to the same database: closing the file would drop
/// the connection's locks.
#[cfg(target_os = "linux")]
pub fn read_ahead(path: &Path) {
    use rustix::fs::{Advice, fadvise};
    use std::num::NonZeroU64;

    /// The most that the system takes at once under its usual settings; of a longer range it reads only the beginning.
    const STEP: NonZeroU64 = NonZeroU64::new(128 << 10).unwrap();

    /// A length that fits into the memory of any machine.
    const SHORT: u64 = 64 << 20;

    if !path.is_file() {
        return; // opening a pipe would block until another process writes into it
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

/// Does nothing on other systems.
#[cfg(not(target_os = "linux"))]
pub fn read_ahead(_: &Path) {}

/// Half of the available memory, in bytes.
#[cfg(target_os = "linux")]
fn room() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024 / 2
}
