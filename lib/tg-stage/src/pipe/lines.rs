//! JSON Lines in and out.
//!
//! In: each line is a run record, a record of a type unknown here (passed through byte for byte), or an error that
//! names its line; a bad line never stops the others. Out: one record a line, flushed at once; an output that its reader
//! closed is distinguished from a failing disk.

use super::error::{Error, Result};
use super::record::Record;
use serde_json::{Map, Value};
use std::io::{BufRead, ErrorKind, Read, Write};

/// The longest line, in bytes: large parts of a run go by reference, and a device must not fill the memory.
const LONGEST: u64 = 16 << 20;

/// The most commas in a line: a value takes up to thirty times as much memory as its text.
const MOST_COMMAS: usize = 1_000_000;

/// The number of bad lines that are reported one by one: in a file of another kind every line is bad.
const MOST_REPORTED: u64 = 20;

/// One line of input.
#[derive(Debug)]
pub enum Line {
    /// A run record.
    Run(Box<Record>),
    /// A record of another type, with its newline: to be passed on untouched.
    Other(Vec<u8>),
    /// Not a record; the error names the line.
    Bad(Error),
}

/// The lines of an input, one by one as they arrive.
pub struct Lines<R> {
    input: R,
    number: u64,
    /// Lines that are not records.
    bad: u64,
    broken: bool,
}

impl<R: BufRead> Lines<R> {
    /// Reads records from `input`.
    pub fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            bad: 0,
            broken: false,
        }
    }

    fn parse(text: &[u8]) -> Result<Line> {
        if text.split(|byte| *byte == b',').count() > MOST_COMMAS {
            let cause = "not a record: it holds more than a million values";
            return Err(Error::input("", cause));
        }
        let object: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|cause| Error::input("", format!("not a JSON object: {cause}")))?;
        match object.get("type").map(Value::as_str) {
            Some(Some("run")) => {
                Record::from_object(object).map(|record| Line::Run(Box::new(record)))
            }
            Some(Some(_)) => Ok(Line::Other(text.to_vec())),
            _ => Err(Error::input(
                "",
                "an object without a \"type\" is not a record",
            )),
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        while !self.broken {
            let mut text = Vec::new();
            self.number += 1;
            let mut input = self.input.by_ref().take(LONGEST + 1);
            match input.read_until(b'\n', &mut text) {
                Ok(0) => {
                    self.broken = true;
                    return self.unreported();
                }
                Ok(length) if length as u64 > LONGEST => {
                    self.broken = true;
                    let cause = "is longer than 16 MiB: not a record, and the rest is not read";
                    return Some(self.bad(Error::input("", cause)));
                }
                Ok(_) if text.trim_ascii().is_empty() => {}
                Ok(_) => match Self::parse(&text) {
                    Ok(line) => return Some(line),
                    Err(_) if self.bad >= MOST_REPORTED => self.bad += 1,
                    Err(error) => return Some(self.bad(error)),
                },
                Err(cause) => {
                    self.broken = true; // a directory, a failing disk: it would fail for ever
                    return Some(Line::Bad(Error::outside("stdin", cause)));
                }
            }
        }
        None
    }
}

impl<R> Lines<R> {
    /// The error of the line read last.
    fn bad(&mut self, error: Error) -> Line {
        self.bad += 1;
        Line::Bad(error.within(format!("line {}", self.number)))
    }

    /// The bad lines that were too many to be reported one by one.
    fn unreported(&self) -> Option<Line> {
        let more = self
            .bad
            .checked_sub(MOST_REPORTED)
            .filter(|more| *more > 0)?;
        let cause = format!("{more} more lines are not records");
        Some(Line::Bad(Error::input("", cause)))
    }
}

/// The output for records.
pub struct Output<W>(W);

impl<W: Write> Output<W> {
    /// Writes records to `output`.
    pub fn new(output: W) -> Self {
        Self(output)
    }

    /// Writes one record and flushes. The error says if the reader closed the pipe ([`Error::is_closed_pipe`]).
    pub fn record(&mut self, record: &Record) -> Result<()> {
        self.bytes(&record.line())
    }

    /// Writes bytes as they are and flushes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0
            .write_all(bytes)
            .and_then(|()| self.0.flush())
            .map_err(|cause| match cause.kind() {
                ErrorKind::BrokenPipe => Error::closed_pipe(),
                _ => Error::outside("stdout", cause),
            })
    }
}
