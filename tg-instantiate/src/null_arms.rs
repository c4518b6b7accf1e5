//! `null_arms: true`: the baseline's configuration once more under another name. A report can then show the distance
//! between two arms that do not differ.
//!
//! The second arm has the same replicates with the same seeds, and its own places in the order of execution. Without a
//! `baseline` in the manifest the first arm is repeated.

use crate::manifest::{Manifest, check_name};
use crate::row::Row;
use std::path::Path;
use tg_stage::{Error, Result};

/// The end of the second arm's name.
const AGAIN: &str = "-again";

/// The rows, and after each row of the baseline its copy in the second arm.
pub fn add(rows: Vec<Row>, manifest: &Manifest, path: &Path) -> Result<Vec<Row>> {
    let first = rows.first().map(|row| row.run.arm.clone());
    let Some(baseline) = manifest.baseline.clone().or(first) else {
        return Ok(rows);
    };
    let name = format!("{baseline}{AGAIN}");
    check_name("the arm name", &name).map_err(|why| Error::usage(path.display(), why))?;
    let with_copy = |row: Row| {
        let copy = (row.run.arm == baseline).then(|| copy(&row, &name));
        std::iter::once(row).chain(copy)
    };
    Ok(rows.into_iter().flat_map(with_copy).collect())
}

fn copy(row: &Row, arm: &str) -> Row {
    let mut copy = row.clone();
    let run = &mut copy.run;
    run.null_of = Some(std::mem::replace(&mut run.arm, arm.into()));
    run.id = format!("{arm}-r{}", run.replicate);
    let dir = row.dir().path().with_file_name(&run.id);
    run.dir = dir.to_string_lossy().into_owned();
    copy
}
