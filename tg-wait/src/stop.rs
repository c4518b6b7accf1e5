//! A request to stop: a flag for threads that check, and a pipe for threads that block.
//!
//! The byte in the pipe is never read: it wakes every thread that waits, so that none of them polls.

use rustix::fd::OwnedFd;
use signal_hook::{flag, low_level::pipe};
use std::io::{PipeWriter, Result, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The request to stop, shared by all threads.
pub struct Stop {
    is_requested: Arc<AtomicBool>,
    reader: Arc<OwnedFd>,
    writer: PipeWriter,
}

impl Stop {
    /// A stop that any of these `signals` requests.
    pub fn on(signals: &[i32]) -> Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        let is_requested = Arc::new(AtomicBool::new(false));
        for &signal in signals {
            // In this order: a thread that the pipe wakes finds the flag set.
            flag::register(signal, is_requested.clone())?;
            pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(Self {
            is_requested,
            reader: Arc::new(reader.into()),
            writer,
        })
    }

    pub fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::Relaxed)
    }

    /// Makes all threads stop.
    pub fn request(&self) {
        if !self.is_requested.swap(true, Ordering::Relaxed) {
            let _ = (&self.writer).write(b"."); // a full pipe wakes them as well
        }
    }

    /// Becomes readable with the request; one descriptor for all threads, as hundreds of runs may wait.
    pub fn descriptor(&self) -> Arc<OwnedFd> {
        self.reader.clone()
    }
}
