//! From a process of ours to an agent that cannot outlive its supervisor.
//!
//! The kernel can be asked to kill a process when the one that started it dies, and keeps to it over `exec`; only the process
//! itself can ask. So an agent is started as `tg-launch become`, which asks and then turns into the agent. What the agent
//! starts is not covered: that is ended by the supervisor, or by the launcher if the supervisor was killed. Linux only.

use rustix::process::{self, Signal};
use std::os::unix::process::CommandExt;
use std::process::Command;
use tg_stage::{Error, Exit, Result};

/// Turn into `command`; returns only if that cannot be.
pub fn run(parent: u32, command: &[String]) -> Result<Exit> {
    dies_with(parent, Signal::KILL)?;
    let cause = Command::new(&command[0]).args(&command[1..]).exec();
    Err(Error::outside(&command[0], cause))
}

/// Have `signal` sent to this process when `parent` dies; an error if that has happened already.
pub fn dies_with(parent: u32, signal: Signal) -> Result<()> {
    let _ = process::set_parent_process_death_signal(Some(signal));
    if is_child_of(parent) {
        Ok(())
    } else {
        let cause = "the process that started this one is gone";
        Err(Error::outside("tg-launch", cause))
    }
}

/// Whether `parent` is still there as our parent.
pub fn is_child_of(parent: u32) -> bool {
    let now = process::getppid().map(|pid| pid.as_raw_nonzero().get() as u32);
    now == Some(parent)
}
