//! Searches for files: beside the manifest, above a path, on `PATH`.

use std::path::{Path, PathBuf};
use tg_stage::{Error, Result};

/// Finds a file that a manifest names: relative to the current directory, else to the manifest's directory or one above
/// it, else, in `templates/`, among the files that came with the tools.
pub fn beside(manifest: &Path, name: &str) -> Result<PathBuf> {
    let manifest_dir = std::path::absolute(manifest).unwrap_or_default();
    let above = manifest_dir.ancestors().skip(1).map(|dir| dir.join(name));
    let places = tg_host::binary::places().into_iter();
    let ours = places
        .filter(|_| name.starts_with("templates/"))
        .map(|dir| dir.join(name));
    let mut all = std::iter::once(PathBuf::from(name))
        .chain(above)
        .chain(ours);
    all.find(|path| path.exists()).ok_or_else(|| {
        let why =
            format!("names `{name}`, which is neither here nor beside the manifest nor above it");
        Error::usage(manifest.display(), why)
    })
}

/// The path itself, or its first ancestor that exists.
pub fn existing(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let found = whole.ancestors().find(|dir| dir.exists());
    found.map_or_else(|| PathBuf::from("/"), Path::to_path_buf)
}

/// Finds a program on `PATH`.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&dirs).map(|dir| dir.join(program));
    files.find(|file| file.is_file())
}

/// The path of a program: `tg-agent` beside this tool, others by their path or on `PATH`.
pub fn program_path(program: &str) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_path_buf());
    }
    let beside = std::env::current_exe()
        .ok()
        .map(|exe| exe.with_file_name(program));
    let beside = beside.filter(|_| program == "tg-agent");
    beside
        .filter(|path| path.is_file())
        .or_else(|| on_path(program))
}
