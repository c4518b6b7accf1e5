//! Being told to stop: a flag for who looks, and a pipe for who waits.
//!
//! What is written into the pipe is never read: every run that waits is woken by it, and none has to look by the clock.

use rustix::fd::OwnedFd;
use signal_hook::{flag, low_level::pipe};
use std::io::{PipeWriter, Result, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether we are to stop.
pub struct Stop {
    is_told: Arc<AtomicBool>,
    reader: Arc<OwnedFd>,
    writer: PipeWriter,
}

impl Stop {
    /// Told by any of these `signals`.
    pub fn on(signals: &[i32]) -> Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        let is_told = Arc::new(AtomicBool::new(false));
        for &signal in signals {
            // In this order: who is woken finds the flag set.
            flag::register(signal, is_told.clone())?;
            pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(Self {
            is_told,
            reader: Arc::new(reader.into()),
            writer,
        })
    }

    /// Whether somebody told us.
    pub fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Relaxed)
    }

    /// Tell all who wait.
    pub fn tell(&self) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            let _ = (&self.writer).write(b"."); // a full pipe has told them
        }
    }

    /// Can be read from as soon as we are told; one for all, as hundreds of runs may wait.
    pub fn to_wait_for(&self) -> Arc<OwnedFd> {
        self.reader.clone()
    }
}
