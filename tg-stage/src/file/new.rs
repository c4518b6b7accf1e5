//! A file being written: whole under its name at the end, or not there.
//!
//! A long one is made durable while it is being written, by a thread that is started anew every [`STEP`] bytes: at the
//! end little is left to wait for.

use super::TEMPORARY;
use crate::error::{Error, Result, file_error};
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use tempfile::NamedTempFile;

/// How much is written before the disk is asked to follow, in bytes.
const STEP: u64 = 128 << 20;

/// A file being written; it appears under its name only at [`NewFile::commit`].
pub struct NewFile {
    temporary: BufWriter<NamedTempFile>,
    path: PathBuf,
    /// Bytes written since a thread was last started.
    written: u64,
    sync: Option<JoinHandle<io::Result<()>>>,
}

impl NewFile {
    /// Begin a file that will be called `path`; where that is a link, the file it leads to. A device or a pipe is refused: a
    /// file put in its place would be the end of it.
    pub fn create(path: &Path) -> Result<Self> {
        let real = path.canonicalize().unwrap_or_else(|_| path.into());
        if real.exists() && !real.is_file() {
            let error = Error::outside(path.display(), "is there, and is no ordinary file");
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
        let _ = temporary.as_file().try_lock(); // a sign of life for `sweep`; a file system without locks has none
        Ok(Self {
            temporary: BufWriter::with_capacity(1 << 16, temporary),
            path: path.into(),
            written: 0,
            sync: None,
        })
    }

    /// Make it durable and visible.
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

    /// Let what is written so far go to the disk beside what comes. Where that cannot be begun, [`NewFile::commit`] does it
    /// all.
    fn sync_beside(&mut self) -> io::Result<()> {
        self.written = 0;
        self.synced()?;
        if let Ok(file) = self.temporary.get_ref().as_file().try_clone() {
            self.sync = begin(file).ok();
        }
        Ok(())
    }

    /// Wait for the thread. What it could not write it has to say itself: the system tells each failure only once.
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
