//! Whether anybody still reads what we print: a run may take hours, and nothing is written meanwhile that would tell.
//!
//! `tg-launch` and `tg-wait` look while they stay; a regular file or a terminal has no reader that could go.

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Whether stdout is a pipe that nobody reads any more.
pub fn is_gone() -> bool {
    let stdout = rustix::stdio::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
        && fds[0].revents().contains(PollFlags::ERR)
}
