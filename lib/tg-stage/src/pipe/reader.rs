//! The reader of stdout: a run may take hours without output, so a closed pipe must be noticed without a write.
//!
//! `tg-launch` polls, `tg-wait` blocks in a thread. A regular file or a terminal never counts as closed.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// True if the reader of stdout closed the pipe.
pub fn is_gone() -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll_stdout(Some(&now)) == Ok(true)
}

/// Blocks until the reader of stdout closes the pipe, then returns true. May block forever if stdout is not a pipe.
pub fn wait_until_gone() -> bool {
    loop {
        match poll_stdout(None) {
            Err(Errno::INTR) => {}
            closed => return closed == Ok(true),
        }
    }
}

fn poll_stdout(patience: Option<&Timespec>) -> rustix::io::Result<bool> {
    let stdout = rustix::stdio::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let ready = poll(&mut fds, patience)?;
    Ok(ready > 0 && fds[0].revents().contains(PollFlags::ERR))
}
