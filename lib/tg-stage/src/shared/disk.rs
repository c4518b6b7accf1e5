//! The test for a full disk: on one, silence says nothing about the processes that write there.
//!
//! The free space that the file system reports is only a hint (some report none, some keep a part for root), so where it
//! is small, a write is tried. A quota of a user is not noticed.

use rustix::fs::statvfs;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Free bytes above which no write is tried.
const LITTLE: u64 = 1 << 20;

/// Size of a commit of the host, in bytes, at most.
const COMMIT: usize = 1 << 16;

/// True if `dir` has no space for a commit of the host.
pub fn is_full(dir: &Path) -> bool {
    let has_little = |disk: rustix::fs::StatVfs| {
        disk.f_blocks > 0 && disk.f_bavail.saturating_mul(disk.f_frsize) < LITTLE
    };
    statvfs(dir).is_ok_and(has_little) && !has_room(dir)
}

fn has_room(dir: &Path) -> bool {
    // Named like a file that is being written: if this process is killed here, the file is swept up.
    let path = dir.join(format!(".tg-room-{}", std::process::id()));
    let write = || {
        let mut file = File::create(&path)?;
        file.write_all(&vec![0; COMMIT])?;
        file.sync_all()
    };
    let tried = write();
    let _ = std::fs::remove_file(&path);
    !tried.is_err_and(|cause| cause.kind() == ErrorKind::StorageFull)
}
