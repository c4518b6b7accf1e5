//! Finds processes in /proc and kills them until none is left.
//!
//! The processes of a run are found by descent, not by name or process group: while its supervisor is running no process
//! can leave the tree, because the supervisor adopts every orphan below it. The marks in a process's environment say to
//! which of several agents it belongs.

use rustix::process::{self, Pid, Signal};
use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Enough time for the kernel to remove a killed process.
const PATIENCE: Duration = Duration::from_secs(5);

/// Kills the processes that `find` returns until it returns none; gives their number.
pub fn kill_all(find: impl Fn() -> Vec<u32>) -> usize {
    let mut seen = BTreeSet::new();
    let begun = Instant::now();
    loop {
        let left = find();
        if left.is_empty() || begun.elapsed() > PATIENCE {
            return seen.len();
        }
        for pid in left {
            seen.insert(pid);
            signal(pid, Signal::KILL);
        }
        sleep(Duration::from_millis(2));
    }
}

/// Waits, no longer than `patience`, until `find` returns no process.
pub fn await_none(find: impl Fn() -> Vec<u32>, patience: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < patience && !find().is_empty() {
        sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process that may have exited already.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = process::kill_process(pid, signal);
    }
}

/// All descendants of this process except zombies.
pub fn descendants() -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<(u32, bool)>> = BTreeMap::new();
    for pid in processes() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name, in parentheses, may hold anything; after it come the state and the parent.
        let mut fields = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace())
            .into_iter()
            .flatten();
        let dead = fields.next() == Some("Z");
        if let Some(parent) = fields.next().and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push((pid, dead));
        }
    }
    let mut found = Vec::new();
    let mut open = vec![std::process::id()];
    while let Some(pid) = open.pop() {
        for (child, dead) in children.remove(&pid).unwrap_or_default() {
            open.push(child);
            if !dead {
                found.push(child);
            }
        }
    }
    found
}

/// The descendants of this process whose environment has `name=value`.
pub fn marked(name: &str, value: &str) -> Vec<u32> {
    descendants()
        .into_iter()
        .filter(|pid| variable(*pid, name).as_deref() == Some(value))
        .collect()
}

/// A variable of the environment that a process was started with; `None` also if we may not read it.
pub fn variable(pid: u32, name: &str) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let entry = environment
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(entry).into_owned())
}

/// The ids of all visible processes.
pub fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
