//! Files that appear whole or not at all: temporary file in the same directory, fsync, rename.
//!
//! A long file is made durable while it is being written, by a thread that is started every [`STEP`] bytes, so that
//! little is left to wait for at the end.

use crate::error::{Error, Result, file_error};
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use tempfile::NamedTempFile;

/// The beginning of the names of files that are still being written.
const TEMPORARY: &str = ".tg-";

/// Bytes written between two starts of the thread that makes them durable.
const STEP: u64 = 128 << 20;

/// Writes a whole small file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes).map_err(file_error(path))?;
    file.commit()
}

/// Removes from `dir` the files of killed writers; a writer at work holds a lock on its file.
pub fn sweep(dir: &Path) {
    for entry in dir.read_dir().into_iter().flatten().flatten() {
        let is_temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        let is_left = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if is_temporary && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_left() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A file being written; it appears under its name only at [`NewFile::commit`].
pub struct NewFile {
    temporary: BufWriter<NamedTempFile>,
    path: PathBuf,
    /// Bytes written since a thread was last started.
    written: u64,
    sync: Option<JoinHandle<io::Result<()>>>,
}

impl NewFile {
    /// Begins a file that will be called `path`; where that is a link, the file it leads to. A device or a pipe is refused:
    /// the rename would replace it.
    pub fn create(path: &Path) -> Result<Self> {
        let real = path.canonicalize().unwrap_or_else(|_| path.into());
        if real.exists() && !real.is_file() {
            let error = Error::outside(path.display(), "is there, and is not an ordinary file");
            return Err(error.hint("leave the option out, and redirect stdout"));
        }
        let path = real.as_path();
        let parent = path
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .permissions(Permissions::from_mode(0o666)) // less the umask, as any other file
            .tempfile_in(parent)
            .map_err(file_error(path))?;
        let _ = temporary.as_file().try_lock(); // shows `sweep` that the writer runs; a file system without locks cannot
        Ok(Self {
            temporary: BufWriter::with_capacity(1 << 16, temporary),
            path: path.into(),
            written: 0,
            sync: None,
        })
    }

    /// Makes it durable and visible.
    pub fn commit(mut self) -> Result<()> {
        self.synced().map_err(file_error(&self.path))?;
        let path = self.path;
        let temporary = self
            .temporary
            .into_inner()
            .map_err(|cause| file_error(&path)(cause.into_error()))?;
        temporary.as_file().sync_all().map_err(file_error(&path))?;
        temporary
            .persist(&path)
            .map_err(|cause| file_error(&path)(cause.error))?;
        Ok(())
    }

    /// Starts the thread that makes durable the bytes written so far. Where it cannot be started, [`NewFile::commit`] does
    /// its work.
    fn sync_beside(&mut self) -> io::Result<()> {
        self.written = 0;
        self.synced()?;
        if let Ok(file) = self.temporary.get_ref().as_file().try_clone() {
            self.sync = begin(file).ok();
        }
        Ok(())
    }

    /// Waits for the thread. Its error must be kept: the system reports each failure only once.
    fn synced(&mut self) -> io::Result<()> {
        match self.sync.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

fn begin(file: File) -> io::Result<JoinHandle<io::Result<()>>> {
    let sync = thread::Builder::new().name("sync".into());
    sync.spawn(move || file.sync_data())
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_busy = self.sync.as_ref().is_some_and(|sync| !sync.is_finished());
        if self.written >= STEP && !is_busy {
            self.sync_beside()?;
        }
        let count = self.temporary.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn files_of_killed_writers_are_swept_and_those_of_live_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".tg-left"), "half").unwrap();
        std::fs::write(dir.path().join("kept"), "whole").unwrap();
        let mut new = NewFile::create(&dir.path().join("new")).unwrap();
        new.write_all(b"all of it").unwrap();
        sweep(dir.path());
        new.commit().unwrap();
        assert_eq!(
            tree(dir.path()).unwrap(),
            [PathBuf::from("kept"), "new".into()]
        );
    }
}
