//! Agents that misbehave: shell scripts in the place of an agent program.

use crate::{Lab, find_processes, manifest};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A number of seconds to sleep that no other test sleeps, so that the sleeper can be found by it.
pub fn unheard_of() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    10_000_000 + std::process::id() * 100 + NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Processes that sleep for this long, as `pid: command line`.
pub fn sleepers(time: u32) -> Vec<String> {
    find_processes(|(line, _)| line.trim_end() == format!("sleep {time}"))
}

/// Writes a manifest `m.yaml` for agents that are this shell script; `$1` is the worker, `$2` the agent's directory, `$3` the
/// MCP configuration, `$4` the tags.
///
/// # Panics
/// If a file cannot be written.
pub fn agents(lab: &Lab, count: u32, workflow: &str, script: &str, more: &str) {
    let path = lab.write("agent.sh", &format!("#!/bin/bash\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
    let command = format!(
        "command: ['{}', '{{worker}}', '{{agent_dir}}', '{{mcp_config}}', '{{tags}}']\n",
        path.display()
    );
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", count, &[workflow], &(command + more)),
    );
}

/// The simulated agent, as a line of such a script.
pub const WORK: &str = "tg-agent --mcp-config \"$3\" --worker \"$1\" --tags \"$4\" --dir \"$2\"";

/// Waits until `is_so` returns true.
///
/// # Panics
/// If it does not within twenty seconds.
#[track_caller]
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{what} did not happen"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A JSON file in the lab; null if it does not exist.
pub fn json(lab: &Lab, path: &str) -> Value {
    let text = fs::read(lab.path(path)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}
