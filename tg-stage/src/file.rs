//! Files that are there whole or not at all: temporary file in the same directory, fsync, rename.

mod new;

pub use new::NewFile;

use crate::error::{Error, Result, file_error};
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest text that is read whole, in bytes; nobody writes a longer one by hand.
const LONGEST: u64 = 16 << 20;

/// The longest file of a run's directory that is read whole, in bytes.
const LONGEST_KEPT: u64 = 64 << 20;

/// How the names of files begin that are still being written.
const TEMPORARY: &str = ".tg-";

/// Write a whole small file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes).map_err(file_error(path))?;
    file.commit()
}

/// Remove from `dir` what writers left there that were killed; whoever still writes holds a lock on its file.
pub fn sweep(dir: &Path) {
    for entry in dir.read_dir().into_iter().flatten().flatten() {
        let is_temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        let is_left = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if is_temporary && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_left() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Read a whole text file, which a person wrote; the error names it.
pub fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let file = File::open(path).map_err(file_error(path))?;
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    match read.map_err(file_error(path))? as u64 {
        length if length > LONGEST => Err(Error::outside(path.display(), "is longer than 16 MiB")),
        _ => Ok(text),
    }
}

/// Read a whole file of a run's directory, where agents can put what they like: only an ordinary file of a size that can be
/// believed, and never waiting for somebody to write into a pipe.
pub fn read_kept(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = open_kept(path)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_KEPT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_KEPT {
        return Err(std::io::Error::other("is longer than 64 MiB"));
    }
    Ok(bytes)
}

/// Open such a file for reading.
pub fn open_kept(path: &Path) -> std::io::Result<File> {
    let file = File::options()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(std::io::Error::other("is no ordinary file"))
    }
}

/// Make a directory and those above it.
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

/// Copy what is in `from` into the directory `to`: files with their permissions, links as links.
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

/// The SHA-256 over the names, permissions and contents of everything in `dir`.
pub fn tree_sha256(dir: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for path in tree(dir)? {
        let source = dir.join(&path);
        let data = source.symlink_metadata().map_err(file_error(&source))?;
        hash.update(format!(
            "{}\0{:o}\0",
            path.display(),
            data.permissions().mode()
        ));
        if data.is_file() {
            hash.update(Sha256::digest(
                std::fs::read(&source).map_err(file_error(&source))?,
            ));
        } else if data.is_symlink() {
            let link = std::fs::read_link(&source).map_err(file_error(&source))?;
            hash.update(link.to_string_lossy().as_bytes());
        }
    }
    Ok(hex(&hash.finalize()))
}

/// The SHA-256 of bytes, as lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The lock of a run or a results directory: held as long as the value lives, and gone with the process.
pub struct Lock(#[expect(dead_code, reason = "held, never read")] File);

impl Lock {
    /// Take the lock at `path`, creating the file; `None` if somebody else holds it.
    ///
    /// Asking whether a lock is free takes it for a moment, so a refusal is asked again.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits() as i32)
            .open(path)
            .map_err(file_error(path))?;
        for _ in 0..20 {
            match file.try_lock() {
                Ok(()) => {
                    let who = who();
                    let _ = file
                        .set_len(0)
                        .and_then(|()| file.write_all(who.as_bytes())); // for messages only
                    return Ok(Some(Self(file)));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
                Err(TryLockError::Error(cause)) => {
                    return Err(Error::outside(path.display(), cause));
                }
            }
        }
        Ok(None)
    }

    /// Take the lock at `path` as soon as it is free, but wait for it no longer than `patience`.
    pub fn wait(path: &Path, patience: Duration) -> Result<Option<Self>> {
        let begun = Instant::now();
        loop {
            let taken = Self::take(path)?;
            if taken.is_some() || begun.elapsed() >= patience {
                return Ok(taken);
            }
        }
    }

    /// The process that holds the lock at `path`, if it is held and says so.
    pub fn holder(path: &Path) -> Option<u32> {
        let who = read_kept(path).ok().filter(|_| !Self::is_free(path))?;
        let who = String::from_utf8_lossy(&who);
        let after = who.split_once("(process ")?.1;
        after
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    }

    /// Whether nobody holds the lock at `path` (or it does not exist).
    pub fn is_free(path: &Path) -> bool {
        open_kept(path).is_ok_and(|file| file.try_lock_shared().is_ok()) || !path.exists()
    }
}

/// `tg-launch (process 4711 on bench, since 2026-11-24T18:31:23Z)`
fn who() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let program = path.file_name().unwrap_or_default().to_string_lossy();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => String::new(),
        host => format!(" on {host}"),
    };
    let since = humantime::format_rfc3339_seconds(std::time::SystemTime::now());
    format!(
        "{program} (process {}{host}, since {since})",
        std::process::id()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_in_a_runs_directory_is_waited_for_by_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.json");
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap();
        let (said, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let dir = path.parent().unwrap();
            said.send(read_kept(&path).unwrap_err().to_string())
                .unwrap();
            let record = crate::Record::load(&path).unwrap_err();
            said.send(record.to_string()).unwrap();
            for name in ["end.json", "spent.json"] {
                std::fs::rename(&path, dir.join(name)).unwrap();
                let end = crate::End::load(dir).map(|_| ());
                let spent = crate::Spent::load(dir).map(|_| ());
                said.send(format!("{:?}", end.or(spent))).unwrap();
                std::fs::rename(dir.join(name), &path).unwrap();
            }
            said.send(Lock::is_free(&path).to_string()).unwrap();
        });
        let next = || heard.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(next(), "is no ordinary file");
        assert!(next().ends_with("run.json: is no ordinary file"));
        assert_eq!((next(), next()), ("None".into(), "None".into()));
        assert_eq!(next(), "false");
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_what_is_being_written_is_not() {
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
