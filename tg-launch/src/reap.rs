//! What crashed runs left running: found by the marks in its environment, and ended.
//!
//! While any process of ours lives, nothing of a run outlives it. Where all were killed at once (an out-of-memory killer, a
//! container that is stopped) what an agent started in a session of its own goes on. It is a leftover if the process that
//! looked after it is gone; a run that lives has one that is there, whatever became of its directory since. Only processes
//! of the same user in the same process namespace are looked at: of others neither can be known.

use crate::sweep;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tg_stage::error::file_error;
use tg_stage::file::Lock;
use tg_stage::mark::{ATTEMPT, DIR, Owner, WORKER};
use tg_stage::{Error, Exit, Result, say};

/// End the leftovers of all runs in `dirs`, results or run directories. What other experiments on this machine left is
/// not ours to end unasked.
pub fn run(dirs: &[PathBuf]) -> Result<Exit> {
    if dirs.is_empty() {
        let error = Error::usage("--reap", "needs the directory whose runs are meant");
        return Err(error.hint("tg-launch --reap results"));
    }
    let real = |dir: &PathBuf| dir.canonicalize().map_err(file_error(dir));
    let real: Vec<PathBuf> = dirs.iter().map(real).collect::<Result<_>>()?;
    let wanted = |dir: &Path| {
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.into());
        real.iter().any(|above| dir.starts_with(above))
    };
    if end(wanted) == 0 {
        say("tg-launch: nothing is left of earlier runs");
    }
    Ok(Exit::Done)
}

/// End the leftovers of earlier attempts at the run in `dir`, which is absolute; how many there were.
pub fn of_run(dir: &Path) -> usize {
    end(|of| of == dir)
}

fn end(wanted: impl Fn(&Path) -> bool) -> usize {
    let mut ended = BTreeMap::new();
    let found = || {
        let left: Vec<u32> = sweep::processes()
            .filter(|pid| leftover_of(*pid).is_some_and(|dir| wanted(&dir)))
            .collect();
        left
    };
    for pid in found() {
        ended.insert(pid, words(pid));
    }
    if !ended.is_empty() {
        sweep::kill_all(found);
    }
    for (pid, words) in &ended {
        say(format_args!("tg-launch: ended process {pid}: {words}"));
    }
    ended.len()
}

/// The run directory of a process that nobody looks after any more.
fn leftover_of(pid: u32) -> Option<PathBuf> {
    let ours = |what: &str| std::fs::read_link(format!("/proc/{what}/ns/pid")).ok();
    let user = std::fs::metadata(format!("/proc/{pid}")).ok()?.uid();
    if pid == std::process::id() || user != rustix::process::geteuid().as_raw() {
        return None;
    }
    let owner: Owner = sweep::variable(pid, ATTEMPT)?.parse().ok()?;
    let dir = PathBuf::from(sweep::variable(pid, DIR)?);
    let lock = dir.join("launch.lock");
    // The owner may be one that we cannot see: then the run is held, and by nobody who says another name.
    let held = !Lock::is_free(&lock) && Lock::holder(&lock).is_none_or(|pid| pid == owner.pid);
    (!owner.is_alive() && !held && ours(&pid.to_string()) == ours("self")).then_some(dir)
}

/// What it is: the program, and whose it was. Not its arguments, which may hold anything.
fn words(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let worker = sweep::variable(pid, WORKER).unwrap_or_default();
    let dir = sweep::variable(pid, DIR).unwrap_or_default();
    match worker.as_str() {
        "" => format!("{} of {dir}", name.trim()),
        _ => format!("{} of {worker} in {dir}", name.trim()),
    }
}
