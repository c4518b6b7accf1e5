//! This process: the program it runs, and the signals that cancel it.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tg_stage::{Error, Result};

/// A command that starts this program again, even if its file was replaced meanwhile.
pub fn this_program() -> Result<Command> {
    let path = std::env::current_exe().map_err(|cause| Error::outside("tg-launch", cause))?;
    let program = if path.is_file() {
        path.as_path()
    } else {
        Path::new("/proc/self/exe")
    };
    let mut command = Command::new(program);
    command.arg0("tg-launch");
    Ok(command)
}

/// A flag that SIGTERM, SIGINT and SIGHUP set.
pub fn cancel_flag() -> Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let cancelled = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, cancelled.clone())
            .map_err(|cause| Error::outside("signals", cause))?;
    }
    Ok(cancelled)
}
