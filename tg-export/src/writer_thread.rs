//! A writer in a thread of its own, so that the next text is made while the last is hashed, compressed and written.
//!
//! A few chunks go round between the two threads: the use of memory is constant, however slow one of them is. A short
//! text is written without a thread, which would take a tenth longer.

use std::io::{self, ErrorKind, Write};
use std::mem::{replace, take};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// The size of a chunk, in bytes.
const CHUNK: usize = 1 << 16;

/// The number of chunks that go round.
const CHUNKS: usize = 8;

/// The number of chunks that are written without a thread.
const SHORT: usize = 64;

/// A writer whose bytes a thread writes. [`WriterThread::finish`] ends it; if it is dropped instead, the rest of the bytes
/// may be lost.
pub struct WriterThread<W: Write + Send + 'static> {
    chunk: Vec<u8>,
    out: Out<W>,
}

enum Out<W> {
    /// This thread writes; the number of chunks so far.
    Direct(W, usize),
    /// Another thread writes; the channels for full and for empty chunks.
    Thread(
        SyncSender<Vec<u8>>,
        Receiver<Vec<u8>>,
        JoinHandle<io::Result<W>>,
    ),
    /// Writing failed, or is done.
    Closed,
}

impl<W: Write + Send + 'static> WriterThread<W> {
    pub fn new(out: W) -> Self {
        Self {
            chunk: Vec::with_capacity(CHUNK),
            out: Out::Direct(out, 0),
        }
    }

    /// Waits until everything is written, and returns the inner writer.
    pub fn finish(mut self) -> io::Result<W> {
        let chunk = take(&mut self.chunk);
        match replace(&mut self.out, Out::Closed) {
            Out::Direct(mut out, _) => out.write_all(&chunk).map(|()| out),
            Out::Thread(full, _, thread) => {
                let _ = full.send(chunk); // fails if the thread has failed, which returns its error
                drop(full);
                join(thread)
            }
            Out::Closed => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Direct(out, chunks) if *chunks < SHORT => {
                out.write_all(&self.chunk)?;
                self.chunk.clear();
                *chunks += 1;
                return Ok(());
            }
            Out::Direct(..) => self.start_thread()?,
            Out::Thread(..) | Out::Closed => {}
        }
        if let Out::Thread(full, empty, _) = &self.out
            && full.send(take(&mut self.chunk)).is_ok()
            && let Ok(chunk) = empty.recv()
        {
            self.chunk = chunk;
            return Ok(());
        }
        let failed = Err(ErrorKind::BrokenPipe.into()); // an earlier call returned the cause
        match replace(&mut self.out, Out::Closed) {
            Out::Thread(_, _, thread) => join(thread).and(failed),
            Out::Direct(..) | Out::Closed => failed,
        }
    }

    fn start_thread(&mut self) -> io::Result<()> {
        let Out::Direct(out, _) = replace(&mut self.out, Out::Closed) else {
            return Ok(());
        };
        let (full, filled) = sync_channel(CHUNKS);
        let (emptied, empty) = sync_channel(CHUNKS);
        for _ in 1..CHUNKS {
            let _ = emptied.send(Vec::with_capacity(CHUNK)); // cannot fail: there is room, and a receiver
        }
        let writer = thread::Builder::new().name("writer".into());
        let thread = writer.spawn(move || write_chunks(out, &filled, &emptied))?;
        self.out = Out::Thread(full, empty, thread);
        Ok(())
    }
}

fn join<W>(thread: JoinHandle<io::Result<W>>) -> io::Result<W> {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn write_chunks<W: Write>(
    mut out: W,
    full: &Receiver<Vec<u8>>,
    empty: &SyncSender<Vec<u8>>,
) -> io::Result<W> {
    for mut chunk in full {
        out.write_all(&chunk)?;
        chunk.clear();
        let _ = empty.send(chunk); // fails at the end, when no chunk is needed
    }
    Ok(out)
}

impl<W: Write + Send + 'static> Write for WriterThread<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        if self.chunk.len() + bytes.len() > CHUNK {
            self.pass_on()?;
        }
        self.chunk.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // of no use before the end
    }
}

/// Waits for the thread: it owns the file, and removes it if the file was given up.
impl<W: Write + Send + 'static> Drop for WriterThread<W> {
    fn drop(&mut self) {
        if let Out::Thread(full, _, thread) = replace(&mut self.out, Out::Closed) {
            drop(full);
            let _ = thread.join(); // its result is not needed any more
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts this many bytes, and then fails.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let left = self.0.checked_sub(bytes.len());
            self.0 = left.ok_or_else(|| io::Error::other("full"))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_arrives_in_order_short_or_long() {
        let mut all = Vec::new();
        let mut writer = WriterThread::new(Vec::new());
        for length in (0..3000).chain([CHUNK - 1, CHUNK, CHUNK + 1, 2 * SHORT * CHUNK + 3, 1]) {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 7 + length) as u8).collect();
            writer.write_all(&bytes).unwrap();
            all.extend(bytes);
        }
        assert!(writer.finish().unwrap() == all);
    }

    #[test]
    fn an_error_of_the_other_thread_is_returned_at_the_latest_at_the_end() {
        let most = 2 * SHORT * CHUNK;
        for room in [0, CHUNK, SHORT * CHUNK, most / 3 * 2, most - 1] {
            let mut writer = WriterThread::new(Disk(room));
            let row = [b' '; 1000];
            let written = (0..=most / 1000).try_for_each(|_| writer.write_all(&row));
            let result = written.and_then(|()| writer.finish().map(|_| ()));
            assert_eq!(result.unwrap_err().to_string(), "full");
        }
    }
}
