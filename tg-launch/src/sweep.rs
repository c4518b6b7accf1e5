//! Ending processes for good: finding all below one, and killing them until none is left.

use rustix::process::{self, Pid, Signal, WaitOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for the kernel to take down anything that was killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Kill those of `find` until it finds none, and say how many there were.
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

/// Take the exit of children that have ended, so that they do not stay in the process table.
pub fn reap() {
    while matches!(process::wait(WaitOptions::NOHANG), Ok(Some(_))) {}
}

/// Send a signal to a process that may be gone already.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = process::kill_process(pid, signal);
    }
}

/// All processes below `root`, read from /proc; zombies, which are dead, are not among them.
pub fn below(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<(u32, bool)>> = BTreeMap::new();
    for (pid, stat) in processes() {
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
    let mut open = vec![root];
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

/// Those below us whose environment has `name=value`: what a supervisor that was itself killed left to us.
pub fn marked(name: &str, value: &str) -> Vec<u32> {
    let mark = format!("{name}={value}");
    let has_mark = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark.as_bytes())
    };
    below(std::process::id())
        .into_iter()
        .filter(has_mark)
        .collect()
}

fn processes() -> impl Iterator<Item = (u32, String)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        Some((
            pid,
            std::fs::read_to_string(entry.path().join("stat")).ok()?,
        ))
    })
}
