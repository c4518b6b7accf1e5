//! The disk space that the runs need, compared with the free space.
//!
//! The size of a run is that of its last attempt. Without one it is estimated from the files that are copied into its
//! directory, and from the measured sizes of an empty database and of a task in it. The estimate does not contain the
//! agents' logs: their size is not known before.

use crate::finding::Finding;
use crate::paths::existing;
use crate::row::Row;
use rustix::fs::statvfs;
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::{Error, file};

/// A run's directory without its tasks. Measured with host 0.5.0 and the simulated agent: 440 KiB when it has ended;
/// during the run there is also a write-ahead log.
const EMPTY_RUN: u64 = 1 << 20;
/// Size of one task. Measured: 7 KiB when the run has ended.
const TASK: u64 = 16 << 10;

/// Compares the space that the rows to be run need with the free space.
pub fn check(due: &[&Row], results: &Path) -> Finding {
    let dir = existing(results);
    let free = match statvfs(&dir) {
        Ok(seen) => seen.f_bavail.saturating_mul(seen.f_frsize),
        Err(cause) => return Finding::Unknown(format!("{}: {cause}", dir.display())),
    };
    let mut sources = BTreeMap::new();
    let needed: u64 = due.iter().map(|row| of_run(row, &mut sources)).sum();
    let result = format!(
        "{} needed for {} runs, without the agents' logs, {} free",
        shown(needed),
        due.len(),
        shown(free)
    );
    if needed > free {
        let error = Error::outside(results.display(), result);
        return Finding::Fail(error.hint("make room, or name another disk: --results DIR"));
    }
    Finding::Ok(result)
}

/// Minimum size of a run in bytes; `sources` caches the sizes of workspaces.
fn of_run(row: &Row, sources: &mut BTreeMap<String, u64>) -> u64 {
    let last = size(row.dir().path());
    if last > 0 {
        return last; // the next attempt needs as much again; this one is kept
    }
    let copies = row.run.workspace.as_ref().map_or(0, |workspace| {
        let source = sources.entry(workspace.path.clone());
        let source = *source.or_insert_with(|| size(Path::new(&workspace.path)));
        let agents = if workspace.per_agent {
            u64::from(row.run.agents)
        } else {
            0
        };
        source * (1 + agents)
    });
    EMPTY_RUN + TASK * row.template.tasks.len() as u64 + copies
}

/// Bytes in the files of a directory; 0 if it does not exist.
fn size(dir: &Path) -> u64 {
    let files = file::tree(dir).unwrap_or_default().into_iter();
    let files = files.filter_map(|path| dir.join(path).symlink_metadata().ok());
    let files = files.filter(std::fs::Metadata::is_file);
    files.map(|file| file.len()).sum()
}

/// Bytes in a readable unit.
fn shown(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 {
        format!("{mib:.0} MiB")
    } else {
        format!("{:.1} GiB", mib / 1024.0)
    }
}
