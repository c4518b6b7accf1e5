//! `null_arms: true`: the baseline's configuration once more under another name, so that a report can show how far apart
//! two arms lie between which nothing differs.
//!
//! The second arm has the same replicates with the same seeds, and its own places in the order of execution. Without a `baseline` in the manifest the first arm is repeated.

use crate::manifest::{Manifest, check_name};
use crate::matrix::Row;
use std::path::Path;
use tg_stage::{Error, Result};

/// What the second arm's name ends in.
const AGAIN: &str = "-again";

/// The rows with those of the second arm among them.
pub fn add(rows: Vec<Row>, manifest: &Manifest, path: &Path) -> Result<Vec<Row>> {
    let first = rows.first().map(|row| row.run.arm.clone());
    let Some(baseline) = manifest.baseline.clone().or(first) else {
        return Ok(rows);
    };
    let name = format!("{baseline}{AGAIN}");
    check_name("the arm name", &name).map_err(|why| Error::usage(path.display(), why))?;
    let mut all = Vec::with_capacity(rows.len() * 2);
    for row in rows {
        let again = (row.run.arm == baseline).then(|| again(&row, &name));
        all.extend([Some(row), again].into_iter().flatten());
    }
    Ok(all)
}

fn again(row: &Row, name: &str) -> Row {
    let mut again = row.clone();
    let run = &mut again.run;
    run.null_of = Some(run.arm.clone());
    name.clone_into(&mut run.arm);
    let id = format!("{name}-r{}", run.replicate);
    run.dir = Path::new(&run.dir)
        .with_file_name(&id)
        .to_string_lossy()
        .into_owned();
    run.id = id;
    again
}
