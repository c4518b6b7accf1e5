//! Writing in a thread of its own, so that what is made next need not wait for what was made to be hashed, compressed and
//! written.
//!
//! A few chunks go round between the two threads: memory stays what it is, however much one of them falls behind. What is
//! short is written without a thread, which would take a tenth longer.

use std::io::{self, ErrorKind, Write};
use std::mem::{replace, take};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// The size of a chunk, in bytes.
const CHUNK: usize = 1 << 16;

/// How many chunks there are.
const CHUNKS: usize = 8;

/// After how many chunks there is a thread.
const SHORT: usize = 64;

/// What is written to it a thread writes on. [`Behind::finish`] ends it; whoever drops it does not want it any more, and
/// what is left of it may be lost.
pub struct Behind<W: Write + Send + 'static> {
    chunk: Vec<u8>,
    out: Out<W>,
}

/// Who writes.
enum Out<W> {
    /// We, so many chunks as yet.
    Here(W, usize),
    /// A thread, with the ways of the chunks to it and back.
    There(
        SyncSender<Vec<u8>>,
        Receiver<Vec<u8>>,
        JoinHandle<io::Result<W>>,
    ),
    /// Nobody: it failed, or is done.
    Nowhere,
}

impl<W: Write + Send + 'static> Behind<W> {
    /// Begin to write to `out`.
    pub fn new(out: W) -> Self {
        Self {
            chunk: Vec::with_capacity(CHUNK),
            out: Out::Here(out, 0),
        }
    }

    /// Wait until everything is written, and give back to what.
    pub fn finish(mut self) -> io::Result<W> {
        let chunk = take(&mut self.chunk);
        match replace(&mut self.out, Out::Nowhere) {
            Out::Here(mut out, _) => out.write_all(&chunk).map(|()| out),
            Out::There(full, _, thread) => {
                let _ = full.send(chunk); // if nobody receives it, the thread says why
                drop(full);
                end(thread)
            }
            Out::Nowhere => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Here(out, chunks) if *chunks < SHORT => {
                out.write_all(&self.chunk)?;
                self.chunk.clear();
                *chunks += 1;
                return Ok(());
            }
            Out::Here(..) => self.begin()?,
            Out::There(..) | Out::Nowhere => {}
        }
        if let Out::There(full, empty, _) = &self.out
            && full.send(take(&mut self.chunk)).is_ok()
            && let Ok(chunk) = empty.recv()
        {
            self.chunk = chunk;
            return Ok(());
        }
        let failed = Err(ErrorKind::BrokenPipe.into()); // it has said why before
        match replace(&mut self.out, Out::Nowhere) {
            Out::There(_, _, thread) => end(thread).and(failed),
            Out::Here(..) | Out::Nowhere => failed,
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        let Out::Here(out, _) = replace(&mut self.out, Out::Nowhere) else {
            return Ok(());
        };
        let (full, filled) = sync_channel(CHUNKS);
        let (emptied, empty) = sync_channel(CHUNKS);
        for _ in 1..CHUNKS {
            let _ = emptied.send(Vec::with_capacity(CHUNK)); // there is room, and somebody to receive it
        }
        let writer = thread::Builder::new().name("writer".into());
        let thread = writer.spawn(move || write_all(out, &filled, &emptied))?;
        self.out = Out::There(full, empty, thread);
        Ok(())
    }
}

fn end<W>(thread: JoinHandle<io::Result<W>>) -> io::Result<W> {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
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
impl<W: Write + Send + 'static> Drop for Behind<W> {
    fn drop(&mut self) {
        if let Out::There(full, _, thread) = replace(&mut self.out, Out::Nowhere) {
            drop(full);
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
        let mut behind = Behind::new(Vec::new());
        for length in (0..3000).chain([CHUNK - 1, CHUNK, CHUNK + 1, 2 * SHORT * CHUNK + 3, 1]) {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 7 + length) as u8).collect();
            behind.write_all(&bytes).unwrap();
            all.extend(bytes);
        }
        assert!(behind.finish().unwrap() == all);
    }

    #[test]
    fn what_the_other_thread_meets_is_said_here_at_the_latest_at_the_end() {
        let most = 2 * SHORT * CHUNK;
        for room in [0, CHUNK, SHORT * CHUNK, most / 3 * 2, most - 1] {
            let mut behind = Behind::new(Disk(room));
            let row = [b' '; 1000];
            let written = (0..=most / 1000).try_for_each(|_| behind.write_all(&row));
            let told = written.and_then(|()| behind.finish().map(|_| ()));
            assert_eq!(told.unwrap_err().to_string(), "full");
        }
    }
}
