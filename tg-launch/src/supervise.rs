//! One agent under supervision: whatever it starts dies with it.
//!
//! Agents start shells and servers in process groups and sessions of their own, and some outlive them. So each agent
//! runs under a small process of ours that adopts every orphan below it (subreaper), dies with the launcher (parent
//! death signal), and at the end kills all that is left beneath it. Linux only; elsewhere just the agent is ended.

use rustix::process::{self, Pid, Signal, WaitOptions};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_stage::error::file_error;
use tg_stage::{Error, Exit, Result, file, time};

const TICK: Duration = Duration::from_millis(10);

/// Run `command` until it ends or we are told to end it, then leave nothing behind and write `exit.json`.
pub fn run(dir: &Path, grace: Duration, parent: i32, command: &[String]) -> Result<Exit> {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register(signal, told.clone())
            .map_err(|cause| Error::outside("signals", cause))?;
    }
    let _ = process::set_child_subreaper(Some(process::getpid()));
    let _ = process::set_parent_process_death_signal(Some(Signal::TERM));
    if process::getppid()
        .map(Pid::as_raw_nonzero)
        .map(std::num::NonZero::get)
        != Some(parent)
    {
        return Err(Error::outside("supervise", "the launcher is gone"));
    }
    let mut child = spawn(dir, command)?;
    let mut killed_at = None;
    let status = loop {
        if let Some(status) = child
            .try_wait()
            .map_err(|cause| Error::outside(&command[0], cause))?
        {
            break status;
        }
        if told.load(Ordering::Relaxed) {
            let since: &mut Instant = killed_at.get_or_insert_with(|| {
                signal(child.id(), Signal::TERM);
                Instant::now()
            });
            if since.elapsed() > grace {
                signal(child.id(), Signal::KILL);
            }
        }
        sleep(TICK);
    };
    let left = sweep();
    let exit = json!({"exit": words(status), "ended_at_ms": time::now_ms(), "left_behind": left});
    file::write(&dir.join("exit.json"), exit.to_string().as_bytes())?;
    Ok(Exit::Done)
}

fn spawn(dir: &Path, command: &[String]) -> Result<Child> {
    let log = |name: &str| {
        let path = dir.join(name);
        File::create(&path).map_err(file_error(&path))
    };
    Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(log("stdout.log")?)
        .stderr(log("stderr.log")?)
        .process_group(0)
        .spawn()
        .map_err(|cause| Error::outside(&command[0], cause))
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = process::kill_process(pid, signal); // gone already is what we want
    }
}

/// Kill what is below us until nothing is, and say how many there were.
fn sweep() -> usize {
    let mut seen = std::collections::BTreeSet::new();
    let begun = Instant::now();
    loop {
        while matches!(process::wait(WaitOptions::NOHANG), Ok(Some(_))) {}
        let left = descendants(std::process::id());
        if left.is_empty() || begun.elapsed() > Duration::from_secs(5) {
            return seen.len();
        }
        for pid in left {
            seen.insert(pid);
            signal(pid, Signal::KILL);
        }
        sleep(Duration::from_millis(2));
    }
}

/// All processes below `root`, read from /proc.
fn descendants(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name, in parentheses, may hold anything; the parent is the second field after it.
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        open.extend(&below);
        found.extend(below);
    }
    found
}

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".into(),
    }
}
