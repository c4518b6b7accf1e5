//! Earlier attempts at a run, which are kept beside it: `RUN.try1`, `RUN.try2`, ...

use crate::error::{Error, Result, file_error};
use std::path::{Path, PathBuf};

/// Keep the run in `dir` as the next of its earlier attempts; where there is none, nothing is done.
pub fn put_aside(dir: &Path) -> Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let free = free(dir)?;
    std::fs::rename(dir, &free).map_err(file_error(dir))
}

/// The directory of the next earlier attempt at the run in `dir`.
pub fn free(dir: &Path) -> Result<PathBuf> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    (1..100_000)
        .map(|attempt| dir.with_file_name(format!("{name}.try{attempt}")))
        .find(|path| !path.exists())
        .ok_or_else(|| Error::outside(dir.display(), "has too many earlier attempts beside it"))
}
