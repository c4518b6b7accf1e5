//! Starting a process that cannot outlive its parent.
//!
//! The kernel sends a process a signal when its parent exits, if the process itself has asked for it, and keeps the
//! request over `exec`. So an agent is started as `tg-launch become`, which asks and then turns into the agent. The
//! agent's own children are not covered: the supervisor ends them, or the launcher if the supervisor was killed. Linux only.

use rustix::process::{self, Signal};
use std::os::unix::process::CommandExt;
use std::process::Command;
use tg_stage::{Error, Exit, Result};

/// `tg-launch become`: turns into `command`; returns only if that fails.
pub fn run(parent: u32, command: &[String]) -> Result<Exit> {
    signal_on_exit_of(parent, Signal::KILL)?;
    let cause = Command::new(&command[0]).args(&command[1..]).exec();
    Err(Error::outside(&command[0], cause))
}

/// Makes the kernel send `signal` to this process when `parent` exits; an error if it has exited already.
pub fn signal_on_exit_of(parent: u32, signal: Signal) -> Result<()> {
    let _ = process::set_parent_process_death_signal(Some(signal));
    if is_child_of(parent) {
        Ok(())
    } else {
        let cause = "the process that started this one is gone";
        Err(Error::outside("tg-launch", cause))
    }
}

/// True while `parent` is the parent of this process.
pub fn is_child_of(parent: u32) -> bool {
    let now = process::getppid().map(|pid| pid.as_raw_nonzero().get() as u32);
    now == Some(parent)
}
