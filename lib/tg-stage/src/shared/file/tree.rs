//! Whole directories: listed, copied.

use crate::error::{Result, file_error};
use std::path::{Path, PathBuf};

/// Makes a directory and those above it.
pub fn make_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(file_error(path))
}

/// Everything in `dir`, below it too, sorted, as paths relative to it; directories before what is in them. Links are not
/// followed.
pub fn tree(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in dir.join(&below).read_dir().map_err(file_error(dir))? {
            let entry = entry.map_err(file_error(dir))?;
            let path = below.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Copies the contents of `from` into the directory `to`: files with their permissions, links as links.
pub fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    make_dir(to)?;
    for path in tree(from)? {
        let (source, target) = (from.join(&path), to.join(&path));
        let kind = source
            .symlink_metadata()
            .map_err(file_error(&source))?
            .file_type();
        if kind.is_dir() {
            make_dir(&target)?;
        } else if kind.is_symlink() {
            let link = std::fs::read_link(&source).map_err(file_error(&source))?;
            std::os::unix::fs::symlink(link, &target).map_err(file_error(&target))?;
        } else if kind.is_file() {
            std::fs::copy(&source, &target).map_err(file_error(&source))?;
        }
    }
    Ok(())
}
