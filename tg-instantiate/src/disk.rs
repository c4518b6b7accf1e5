//! Whether the runs will fit on the disk.
//!
//! What a run takes is seen from the runs that are there; without any it is estimated from what is known to be copied into
//! its directory, and from what an empty database and a task in it took when it was measured. Agents' logs are in neither:
//! nobody knows them before.

use crate::check::{Finding, existing};
use crate::matrix::Row;
use rustix::fs::statvfs;
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::{Error, file};

/// A run's directory but for its tasks. Measured with host 0.5.0 and the stand-in: 440 KiB when it has ended; while it
/// runs there is a write-ahead log as well.
const EMPTY_RUN: u64 = 1 << 20;
/// What one task adds. Measured: 7 KiB when the run has ended.
const TASK: u64 = 16 << 10;

/// Compare what the rows to be run will take with what is free.
pub fn check(due: &[&Row], results: &Path) -> Finding {
    let dir = existing(results);
    let free = match statvfs(&dir) {
        Ok(seen) => seen.f_bavail.saturating_mul(seen.f_frsize),
        Err(cause) => return Finding::Unknown(format!("{}: {cause}", dir.display())),
    };
    let mut sources = BTreeMap::new();
    let needed: u64 = due.iter().map(|row| of_run(row, &mut sources)).sum();
    let says = format!(
        "{} needed for {} runs and what agents log, {} free",
        shown(needed),
        due.len(),
        shown(free)
    );
    if needed > free {
        let error = Error::outside(results.display(), says);
        return Finding::Fail(error.hint("make room, or name another disk: --results DIR"));
    }
    Finding::Ok(says)
}

/// Bytes that a run will take, at least; `sources` remembers the sizes of workspaces.
fn of_run(row: &Row, sources: &mut BTreeMap<String, u64>) -> u64 {
    let seen = size(Path::new(&row.run.dir));
    if seen > 0 {
        return seen; // the next attempt will take as much; this one is kept
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

/// Bytes in the files of a directory; 0 where it is not there.
fn size(dir: &Path) -> u64 {
    let files = file::tree(dir).unwrap_or_default();
    let sizes = files
        .iter()
        .filter_map(|path| dir.join(path).symlink_metadata().ok());
    sizes
        .filter(std::fs::Metadata::is_file)
        .map(|data| data.len())
        .sum()
}

/// Bytes as people read them.
fn shown(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 {
        format!("{mib:.0} MiB")
    } else {
        format!("{:.1} GiB", mib / 1024.0)
    }
}
