//! Whether a disk is full: then nothing that works there can be told from its silence.
//!
//! What the file system says of its room is a hint only (some say nothing, some keep a part for root), so where there seems to be little of it,
//! writing is tried. A quota of a user is not seen by this.

use rustix::fs::statvfs;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// With more bytes than these nothing is tried.
const LITTLE: u64 = 1 << 20;

/// What a commit of the host may take, in bytes.
const COMMIT: usize = 1 << 16;

/// Whether there is no room in `dir` for a commit.
pub fn is_full(dir: &Path) -> bool {
    let has_little = |disk: rustix::fs::StatVfs| {
        disk.f_blocks > 0 && disk.f_bavail.saturating_mul(disk.f_frsize) < LITTLE
    };
    statvfs(dir).is_ok_and(has_little) && !has_room(dir)
}

fn has_room(dir: &Path) -> bool {
    // Named as what is being written: who is killed here leaves a file that is swept up.
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
