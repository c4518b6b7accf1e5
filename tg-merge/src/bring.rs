//! Copying the directory of a run, as a whole or not at all.

use crate::run_copy::RunCopy;
use std::path::Path;
use tg_stage::error::file_error;
use tg_stage::{Experiment, Result, RunDir, file};

/// Copies `run` into `into`. A run of that name in `into` did not end, and is kept as an earlier attempt.
pub fn bring(run: &RunCopy, into: &Path) -> Result<()> {
    let target = Experiment::new(into).run(&run.run.id);
    let copy = copied(run, into)?;
    target.put_aside()?;
    rename(&copy, &target)
}

/// Copies `run` into `into` as an earlier attempt.
pub fn bring_as_attempt(run: &RunCopy, into: &Path) -> Result<()> {
    let copy = copied(run, into)?;
    let target = Experiment::new(into).run(&run.run.id).next_attempt()?;
    rename(&copy, &target)
}

fn rename(from: &RunDir, to: &RunDir) -> Result<()> {
    std::fs::rename(from.path(), to.path()).map_err(file_error(to.path()))
}

fn copied(run: &RunCopy, into: &Path) -> Result<RunDir> {
    let copy = RunDir::new(into.join(format!(".{}.new", run.run.id)));
    if copy.exists() {
        std::fs::remove_dir_all(copy.path()).map_err(file_error(copy.path()))?; // left by a process that was killed
    }
    file::copy_tree(run.dir.path(), copy.path())?;
    for lock in [copy.launch_lock(), copy.wait_lock()] {
        let _ = std::fs::remove_file(lock); // it names a process of another machine
    }
    Ok(copy)
}
