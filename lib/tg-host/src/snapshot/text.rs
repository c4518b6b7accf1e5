//! The text of a snapshot file, decompressed as it is read, up to a limit that follows from the size of the file.

use crate::error::{Error, Result, about};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

/// The largest ratio of text to file: snapshots compress 7 to 50 times, and gzip at most 1,032 times.
const EXPANSION: u64 = 200;

/// The size to which any file may expand, in bytes.
const ALLOWANCE: u64 = 64 << 20;

/// True if a file begins like the text of a snapshot, plain or gzip.
pub fn is_snapshot(path: &Path) -> bool {
    let mut first = [0];
    let begins = file(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok());
    begins && matches!(first[0], b'{' | b' ' | b'\n' | b'\r' | b'\t' | 0x1f)
}

/// Checks that a path names a regular file. Opening a pipe can block for ever, and the output of a device can fill the
/// memory.
pub fn check(path: &Path) -> Result<()> {
    let kind = path.metadata().map_err(about(path))?;
    if kind.is_dir() {
        return Err(Error::new(path.display(), "is a directory"));
    }
    if !kind.is_file() {
        let cause = "is a pipe or a device, and not a file";
        return Err(Error::new(path.display(), cause).hint("write it to a file first"));
    }
    Ok(())
}

/// Opens a regular file.
pub fn file(path: &Path) -> Result<File> {
    check(path)?;
    File::open(path).map_err(about(path))
}

/// True if a file, of which nothing was read yet, is gzip.
pub(crate) fn is_compressed(file: &File) -> io::Result<bool> {
    let mut first = [0];
    Ok(file.read_at(&mut first, 0)? == 1 && first[0] == 0x1f)
}

/// Opens the plain text of a file.
pub fn open(path: &Path) -> Result<Text<'static>> {
    let file = file(path)?;
    let size = file.metadata().map_err(about(path))?.len();
    plain(file, Some(size).filter(|size| *size > 0)).map_err(about(path))
}

/// A text, decompressed as it is read if necessary.
pub struct Text<'a> {
    read: Box<dyn Read + Send + 'a>,
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read.read(buffer)
    }
}

/// The plain text in `input`, which may be gzip; `size` is the size of the file in bytes, if known.
pub fn plain<'a>(mut input: impl Read + Send + 'a, size: Option<u64>) -> io::Result<Text<'a>> {
    let mut magic = Vec::with_capacity(2);
    input.by_ref().take(2).read_to_end(&mut magic)?;
    let is_gzip = !magic.is_empty() && [0x1f, 0x8b].starts_with(&magic);
    let whole = Cursor::new(magic).chain(input);
    if !is_gzip {
        let read = Box::new(whole);
        return Ok(Text { read });
    }
    let left = size.map_or(u64::MAX, |size| {
        size.saturating_mul(EXPANSION).saturating_add(ALLOWANCE)
    });
    let decoder = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole));
    let read = Box::new(Decoded { decoder, left });
    Ok(Text { read })
}

/// The number of pieces that are read ahead, and their size in bytes.
const AHEAD: usize = 4;
const PIECE: usize = 1 << 18;

/// Calls `consume` with a text that a second thread reads ahead: decompressing takes about as long as scanning.
pub(crate) fn read_ahead<T>(mut text: Text, consume: impl FnOnce(ReadAhead) -> T) -> T {
    let (full, pieces) = sync_channel::<io::Result<Vec<u8>>>(AHEAD);
    let (used, free) = channel::<Vec<u8>>();
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let mut piece = free.try_recv().unwrap_or_default();
                piece.resize(PIECE, 0);
                let read = text.read(&mut piece).map(|count| piece.truncate(count));
                let is_last = read.is_err() || piece.is_empty();
                if full.send(read.map(|()| piece)).is_err() || is_last {
                    return; // the reader has stopped, or the text has ended
                }
            }
        });
        consume(ReadAhead {
            pieces,
            used,
            piece: Vec::new(),
            at: 0,
        })
    })
}

/// A text that a second thread reads ahead.
pub(crate) struct ReadAhead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    used: Sender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            let Ok(next) = self.pieces.recv() else {
                return Ok(0);
            };
            let used = std::mem::replace(&mut self.piece, next?);
            self.at = 0;
            let _ = self.used.send(used); // the last ones are not received
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Decompressed text, up to the limit.
struct Decoded<R: Read> {
    decoder: MultiGzDecoder<R>,
    left: u64,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer).map_err(broken)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            let message =
                format!("expands to more than {EXPANSION} times its size: not a snapshot");
            io::Error::new(ErrorKind::InvalidData, message)
        })?;
        Ok(count)
    }
}

fn broken(cause: io::Error) -> io::Error {
    let message = match cause.kind() {
        ErrorKind::Interrupted => return cause,
        ErrorKind::UnexpectedEof => "broken gzip: it was cut off".to_string(),
        _ => format!("broken gzip: {cause}"),
    };
    io::Error::new(cause.kind(), message)
}
