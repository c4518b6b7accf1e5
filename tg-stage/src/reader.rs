//! Whether anybody still reads what we print: a run may take hours, and nothing is written meanwhile that would tell.
//!
//! `tg-launch` looks while it stays, `tg-wait` is woken; a regular file or a terminal has no reader that could go.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Whether stdout is a pipe that nobody reads any more.
pub fn is_gone() -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    look(Some(&now)) == Ok(true)
}

/// Return when stdout is a pipe that nobody reads any more; where that cannot happen, maybe never. Whether it is so.
pub fn wait_until_gone() -> bool {
    loop {
        match look(None) {
            Err(Errno::INTR) => {}
            seen => return seen == Ok(true),
        }
    }
}

fn look(patience: Option<&Timespec>) -> rustix::io::Result<bool> {
    let stdout = rustix::stdio::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let ready = poll(&mut fds, patience)?;
    Ok(ready > 0 && fds[0].revents().contains(PollFlags::ERR))
}
