//! The processes of a scratch directory, and ways to end them.
//!
//! A process belongs to the directory if its environment has `TG_RUN_DIR` in there, if its command line names it, or if
//! its working directory is in there: after any attempt to detach (a session of its own, an empty environment, another
//! directory) one of the three is left.

use std::fmt;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};
use tg_tests::Lab;

/// A running process.
#[derive(Debug, Clone)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Its command line.
    pub words: Vec<String>,
}

impl Process {
    /// The name of its program.
    pub fn program(&self) -> &str {
        let path = self.words.first().map_or("", String::as_str);
        path.rsplit('/').next().unwrap_or_default()
    }

    /// True if it supervises an agent or a run.
    pub fn is_supervisor(&self) -> bool {
        self.program() == "tg-launch" && self.words.get(1).is_some_and(|word| word == "supervise")
    }
}

impl fmt::Display for Process {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line: String = self.words.join(" ").chars().take(160).collect();
        write!(to, "{}: {line}", self.pid)
    }
}

/// The processes of a scratch directory, the oldest first.
pub fn of(lab: &Lab) -> Vec<Process> {
    let here = lab.path("").display().to_string();
    let here = here.trim_end_matches('/').as_bytes();
    let has = |bytes: &[u8]| bytes.windows(here.len()).any(|window| window == here);
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|pid| pid.parse().ok()) else {
            continue;
        };
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let line = read("cmdline");
        let marked = read("environ")
            .split(|byte| *byte == 0)
            .any(|entry| entry.starts_with(b"TG_RUN_DIR=") && has(entry));
        let works_here = fs::read_link(entry.path().join("cwd"))
            .is_ok_and(|cwd| has(cwd.as_os_str().as_encoded_bytes()));
        if pid != std::process::id() && (marked || works_here || has(&line)) {
            let words = line.split(|byte| *byte == 0);
            found.push(Process {
                pid,
                words: words
                    .map(|word| String::from_utf8_lossy(word).into_owned())
                    .filter(|word| !word.is_empty())
                    .collect(),
            });
        }
    }
    found.sort_by_key(|process| process.pid);
    found
}

/// Kills some of them at once.
pub fn kill(which: &[Process]) {
    signal("KILL", which);
}

/// Sends a signal to some of them.
pub fn signal(name: &str, which: &[Process]) {
    if which.is_empty() {
        return;
    }
    let pids = which.iter().map(|process| process.pid.to_string());
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .args(pids)
        .stderr(std::process::Stdio::null())
        .status();
}

/// The processes left in a scratch directory after `patience`.
pub fn left(lab: &Lab, patience: Duration) -> Vec<Process> {
    let begun = Instant::now();
    loop {
        let left = of(lab);
        if left.is_empty() || begun.elapsed() > patience {
            return left;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes as text for a message.
pub fn names(processes: &[Process]) -> String {
    let lines: Vec<String> = processes.iter().map(ToString::to_string).collect();
    lines.join("; ")
}
