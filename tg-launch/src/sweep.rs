//! Ending processes for good: finding all below one, and killing them until none is left.
//!
//! What a run starts is found by descent, which nothing can shake off while its supervisor lives (it adopts every orphan
//! below it), and not by name or process group. Whose a process is among several agents' is told by the marks in its
//! environment.

use rustix::process::{self, Pid, Signal};
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

/// Give those of `find` some time to leave by themselves.
pub fn await_none(find: impl Fn() -> Vec<u32>, patience: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < patience && !find().is_empty() {
        sleep(Duration::from_millis(5));
    }
}

/// Send a signal to a process that may be gone already.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = process::kill_process(pid, signal);
    }
}

/// All processes below this one, read from /proc; zombies, which are dead, are not among them.
pub fn below_us() -> Vec<u32> {
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

/// Those below us whose environment has `name=value`.
pub fn marked(name: &str, value: &str) -> Vec<u32> {
    below_us()
        .into_iter()
        .filter(|pid| variable(*pid, name).as_deref() == Some(value))
        .collect()
}

/// A variable in the environment that a process was started with; `None` also where we may not look.
pub fn variable(pid: u32, name: &str) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let entry = environment
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(entry).into_owned())
}

/// The ids of all processes that can be seen.
pub fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
