//! Writing in a thread of its own, so that what is made next need not wait for what was made to be hashed, compressed and
//! written.
//!
//! A few chunks go round between the two threads: memory stays what it is, however much one of them falls behind.

use std::io::{self, Write};
use std::mem::take;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// The size of a chunk, in bytes.
const CHUNK: usize = 1 << 16;

/// How many chunks there are.
const CHUNKS: usize = 4;

/// What is written to it a thread writes on. [`Behind::finish`] ends it; whoever drops it does not want it any more, and
/// what is left of it may be lost.
pub struct Behind<W> {
    chunk: Vec<u8>,
    full: Option<SyncSender<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> Behind<W> {
    /// Begin to write to `out`.
    pub fn new(out: W) -> io::Result<Self> {
        let (full, filled) = sync_channel(CHUNKS);
        let (emptied, empty) = sync_channel(CHUNKS);
        for _ in 1..CHUNKS {
            let _ = emptied.send(Vec::with_capacity(CHUNK)); // there is room, and somebody to receive it
        }
        let thread = thread::Builder::new()
            .name("writer".into())
            .spawn(move || write_all(out, &filled, &emptied))?;
        Ok(Self {
            chunk: Vec::with_capacity(CHUNK),
            full: Some(full),
            empty,
            thread: Some(thread),
        })
    }

    /// Wait until everything is written, and give back to what.
    pub fn finish(mut self) -> io::Result<W> {
        let chunk = take(&mut self.chunk);
        if let Some(full) = self.full.take() {
            let _ = full.send(chunk); // if nobody receives it, the thread says why
        }
        self.end()
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let chunk = take(&mut self.chunk);
        let sent = self
            .full
            .as_ref()
            .is_some_and(|full| full.send(chunk).is_ok());
        if let Some(chunk) = self.empty.recv().ok().filter(|_| sent) {
            self.chunk = chunk;
            return Ok(());
        }
        self.full = None;
        self.end().and(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn end(&mut self) -> io::Result<W> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(io::ErrorKind::BrokenPipe.into()), // it failed before, and has said so
        }
    }
}

fn write_all<W: Write>(
    mut out: W,
    full: &Receiver<Vec<u8>>,
    empty: &SyncSender<Vec<u8>>,
) -> io::Result<W> {
    for mut chunk in full {
        out.write_all(&chunk)?;
        chunk.clear();
        let _ = empty.send(chunk); // nobody needs one at the end
    }
    Ok(out)
}

impl<W: Write + Send + 'static> Write for Behind<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        if self.chunk.len() + bytes.len() > CHUNK {
            self.pass_on()?;
        }
        self.chunk.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // to no purpose before the end
    }
}

/// Nothing is left behind: a file that is given up is removed by whoever holds it, and that is the thread.
impl<W> Drop for Behind<W> {
    fn drop(&mut self) {
        self.full = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // nobody asks any more how it went
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and then fails.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = match self.0.checked_sub(bytes.len()) {
                Some(left) => left,
                None => return Err(io::Error::other("full")),
            };
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_arrives_in_order_short_or_long() {
        let mut all = Vec::new();
        let mut behind = Behind::new(Vec::new()).unwrap();
        for length in (0..3000).chain([CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3, 1]) {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 7 + length) as u8).collect();
            behind.write_all(&bytes).unwrap();
            all.extend(bytes);
        }
        assert!(behind.finish().unwrap() == all);
    }

    #[test]
    fn what_the_other_thread_meets_is_said_here_at_the_latest_at_the_end() {
        for room in [0, CHUNK, 20 * CHUNK - 1] {
            let mut behind = Behind::new(Disk(room)).unwrap();
            let row = [b' '; 1000];
            let written = (0..20 * CHUNK / 1000 + 1).try_for_each(|_| behind.write_all(&row));
            let told = written.and_then(|()| behind.finish().map(|_| ()));
            assert_eq!(told.unwrap_err().to_string(), "full");
        }
    }
}
