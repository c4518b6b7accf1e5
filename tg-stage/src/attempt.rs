//! Earlier attempts at a run, which are kept beside it: `RUN.try1`, `RUN.try2`, ...

use crate::error::{Error, Result, file_error};
use std::path::Path;

/// Keep the run in `dir` as the next of its earlier attempts; where there is none, nothing is done.
pub fn put_aside(dir: &Path) -> Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let name = dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let free = (1..100_000)
        .map(|attempt| dir.with_file_name(format!("{name}.try{attempt}")))
        .find(|path| !path.exists());
    let Some(free) = free else {
        return Err(Error::outside(
            dir.display(),
            "has too many earlier attempts beside it",
        ));
    };
    std::fs::rename(dir, &free).map_err(file_error(dir))
}
