//! The lock of a run or of an experiment: an advisory file lock that ends with the process that holds it.

use super::kept::{open_kept, read_kept};
use crate::error::{Error, Result, file_error};
use rustix::fs::OFlags;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// The lock of a run or a results directory: held as long as the value lives, and gone with the process.
pub struct Lock(#[expect(dead_code, reason = "held, never read")] File);

impl Lock {
    /// Takes the lock at `path`, creating the file; none if another process holds it.
    ///
    /// [`Lock::is_free`] holds the lock for a moment, so a refused attempt is repeated.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits() as i32)
            .open(path)
            .map_err(file_error(path))?;
        for _ in 0..20 {
            match file.try_lock() {
                Ok(()) => {
                    let holder = this_process();
                    let _ = file
                        .set_len(0)
                        .and_then(|()| file.write_all(holder.as_bytes())); // for messages only
                    return Ok(Some(Self(file)));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
                Err(TryLockError::Error(cause)) => {
                    return Err(Error::outside(path.display(), cause));
                }
            }
        }
        Ok(None)
    }

    /// Takes the lock at `path` as soon as it is free; none if it is not free within `patience`.
    pub fn wait(path: &Path, patience: Duration) -> Result<Option<Self>> {
        let begun = Instant::now();
        loop {
            let taken = Self::take(path)?;
            if taken.is_some() || begun.elapsed() >= patience {
                return Ok(taken);
            }
        }
    }

    /// The id of the process that holds the lock at `path`, if it is held and the file names it.
    pub fn holder(path: &Path) -> Option<u32> {
        let text = read_kept(path).ok().filter(|_| !Self::is_free(path))?;
        let text = String::from_utf8_lossy(&text);
        let after = text.split_once("(process ")?.1;
        after
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    }

    /// The error that the lock at `path` is held; it names the holder.
    pub fn held(path: &Path) -> Error {
        let holder = read_kept(path).unwrap_or_default();
        Error::held(path, &String::from_utf8_lossy(&holder))
    }

    /// True if no process holds the lock at `path`, or the file does not exist.
    pub fn is_free(path: &Path) -> bool {
        open_kept(path).is_ok_and(|file| file.try_lock_shared().is_ok()) || !path.exists()
    }
}

/// `tg-launch (process 4711 on bench, since 2026-11-24T18:31:23Z)`
fn this_process() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let program = path.file_name().unwrap_or_default().to_string_lossy();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => String::new(),
        host => format!(" on {host}"),
    };
    let since = humantime::format_rfc3339_seconds(std::time::SystemTime::now());
    format!(
        "{program} (process {}{host}, since {since})",
        std::process::id()
    )
}
