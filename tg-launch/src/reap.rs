//! `--reap`: finds the processes that crashed runs left, by the marks in their environment, and ends them.
//!
//! While any process of ours is running, no process outlives its run. If all were killed at once (an out-of-memory killer,
//! a container that is stopped), a process that an agent started in a session of its own goes on. It is a leftover if its
//! owner, the supervisor of its run, has exited; a run in progress has an owner that is running, even if its directory was
//! moved or deleted. Only processes of the same user in the same process namespace are considered: of others neither can
//! be known.

use crate::kill_tree;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tg_stage::error::file_error;
use tg_stage::file::Lock;
use tg_stage::owner::{ATTEMPT, DIR, Owner, WORKER};
use tg_stage::{Error, Exit, Result, RunDir, say};

/// Ends the leftovers of all runs in `dirs`, results or run directories. Leftovers of other experiments on this machine
/// are not ours to end unasked.
pub fn run(dirs: &[PathBuf]) -> Result<Exit> {
    if dirs.is_empty() {
        let error = Error::usage("--reap", "needs the directory of the runs");
        return Err(error.hint("tg-launch --reap results"));
    }
    let real = |dir: &PathBuf| dir.canonicalize().map_err(file_error(dir));
    let real: Vec<PathBuf> = dirs.iter().map(real).collect::<Result<_>>()?;
    let wanted = |dir: &Path| {
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.into());
        real.iter().any(|above| dir.starts_with(above))
    };
    if end_leftovers(wanted) == 0 {
        say("tg-launch: nothing is left of earlier runs");
    }
    Ok(Exit::Done)
}

/// Ends the leftovers of earlier attempts at the run in `dir`, which is absolute.
pub fn leftovers_of_run(dir: &Path) {
    end_leftovers(|of| of == dir);
}

fn end_leftovers(wanted: impl Fn(&Path) -> bool) -> usize {
    let mut ended = BTreeMap::new();
    let is_wanted = |pid: &u32| orphaned_run(*pid).is_some_and(|dir| wanted(&dir));
    let found = || kill_tree::processes().filter(is_wanted).collect::<Vec<_>>();
    for pid in found() {
        ended.insert(pid, description(pid));
    }
    if !ended.is_empty() {
        kill_tree::kill_all(found);
    }
    for (pid, description) in &ended {
        say(format_args!(
            "tg-launch: ended process {pid}: {description}"
        ));
    }
    ended.len()
}

/// The run directory of a process whose owner has exited.
fn orphaned_run(pid: u32) -> Option<PathBuf> {
    let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let user = std::fs::metadata(format!("/proc/{pid}")).ok()?.uid();
    if pid == std::process::id() || user != rustix::process::geteuid().as_raw() {
        return None;
    }
    let owner: Owner = kill_tree::variable(pid, ATTEMPT)?.parse().ok()?;
    let dir = PathBuf::from(kill_tree::variable(pid, DIR)?);
    let lock = RunDir::new(&dir).launch_lock();
    // The owner may be invisible to us: then the run's lock is held, and its holder does not name another process.
    let held = !Lock::is_free(&lock) && Lock::holder(&lock).is_none_or(|pid| pid == owner.pid);
    (!owner.is_alive() && !held && namespace(&pid.to_string()) == namespace("self")).then_some(dir)
}

/// The program and the agent it belonged to. Its arguments are not shown: they may hold anything.
fn description(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let worker = kill_tree::variable(pid, WORKER).unwrap_or_default();
    let dir = kill_tree::variable(pid, DIR).unwrap_or_default();
    match worker.as_str() {
        "" => format!("{} of {dir}", name.trim()),
        _ => format!("{} of {worker} in {dir}", name.trim()),
    }
}
