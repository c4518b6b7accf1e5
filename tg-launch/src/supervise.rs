//! One agent under supervision: whatever it starts dies with it.
//!
//! Agents start shells and servers in process groups and sessions of their own, and some outlive them. So each agent
//! runs under a small process of ours that adopts every orphan below it (subreaper), dies with the launcher (parent
//! death signal), and at the end kills all that is left beneath it. Linux only; elsewhere just the agent is ended.

use crate::sweep;
use rustix::process::{self, Pid, Signal};
use serde_json::json;
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
pub fn run(
    dir: &Path,
    grace: Duration,
    how: Signal,
    parent: i32,
    command: &[String],
) -> Result<Exit> {
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
    let mut child = match spawn(dir, command) {
        Ok(child) => child,
        Err(error) => {
            let text =
                json!({"exit": error.to_string(), "ended_at_ms": time::now_ms()}).to_string();
            file::write(&dir.join("exit.json"), text.as_bytes())?;
            return Err(error);
        }
    };
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
                sweep::signal(child.id(), how);
                Instant::now()
            });
            if since.elapsed() > grace {
                sweep::signal(child.id(), Signal::KILL);
            }
        }
        sleep(TICK);
    };
    let left = sweep::kill_all(|| {
        sweep::reap();
        sweep::below(std::process::id())
    });
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

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".into(),
    }
}
