//! Copying a run's directory, all of it or nothing.

use crate::found::Found;
use std::path::{Path, PathBuf};
use tg_stage::error::file_error;
use tg_stage::{Result, attempt, file};

/// Put `run` into `into`; what is there under its name did not end, and is kept as an earlier attempt.
pub fn run(run: &Found, into: &Path) -> Result<()> {
    let making = make(run, into)?;
    let target = into.join(&run.run.id);
    attempt::put_aside(&target)?;
    std::fs::rename(&making, &target).map_err(file_error(&target))
}

/// Put `run` into `into` as an earlier attempt.
pub fn earlier(run: &Found, into: &Path) -> Result<()> {
    let making = make(run, into)?;
    let target = attempt::free(&into.join(&run.run.id))?;
    std::fs::rename(&making, &target).map_err(file_error(&target))
}

fn make(run: &Found, into: &Path) -> Result<PathBuf> {
    let id = &run.run.id;
    let making = into.join(format!(".{id}.new"));
    if making.exists() {
        std::fs::remove_dir_all(&making).map_err(file_error(&making))?; // what a killed call left
    }
    file::copy_tree(&run.dir, &making)?;
    for name in ["launch.lock", "wait.lock"] {
        let _ = std::fs::remove_file(making.join(name)); // they name processes of another machine
    }
    Ok(making)
}
