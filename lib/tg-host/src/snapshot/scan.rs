//! A scanner of a snapshot's text that does not keep the text: one row at a time through a moving window.
//!
//! A snapshot of 100,000 tasks is 300 MB of JSON, and filling memory takes time. The scanner finds the start and end of each
//! row and returns it whole; tables that are not needed are skipped. It knows braces, brackets and strings; the reader of
//! the row checks that it is valid JSON. Nesting is counted, not recursed, so depth costs nothing.

use super::value_end::ValueEnd;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read};

/// The window's size, in bytes, as long as no row is longer.
pub(super) const WINDOW: usize = 1 << 18;

/// The longest row, in bytes: a title may have a megabyte, but must not fill the memory.
pub(crate) const LONGEST: usize = 64 << 20;

/// The most values in a row: a list of them takes 10 to 30 times as much memory as its text.
const MOST_VALUES: u64 = 1_000_000;

/// The longest name of a table, in bytes as it is written.
const LONGEST_NAME: usize = 1 << 10;

/// The most tables.
const MOST_TABLES: usize = 10_000;

/// The members of the snapshot header: the program that wrote it, the time, and, if we made it from a file whose times
/// were cut, their resolution in milliseconds.
pub const HEAD: [&str; 3] = ["exported_by", "exported_at", "resolution_ms"];

/// The next item in a snapshot.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// One of [`HEAD`], and its value as JSON.
    Head(String, &'a [u8]),
    /// The start of a table; its rows follow unless [`Scanner::pass`] is called.
    Table(String),
    /// A row of the table that began last, as JSON.
    Row(&'a [u8]),
}

/// The position of the scanner in the document; the flag is true after the first item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// Between the members of the document.
    Members(bool),
    /// Between the tables.
    Tables(bool),
    /// Before a table's `[`.
    Array,
    /// Between the rows.
    Rows(bool),
    End,
}

/// A part of the text.
pub struct Window {
    pub(super) bytes: Vec<u8>,
    /// `bytes[at..end]` is not yet scanned.
    pub(super) at: usize,
    pub(super) end: usize,
    /// Bytes of the text before the window.
    pub(super) before: u64,
}

/// The source of a text.
pub trait Input {
    /// Reads more to the end of the window, which may drop its scanned part, or grow; returns the number of bytes, 0 at the
    /// end of the text.
    fn fill(&mut self, window: &mut Window) -> io::Result<usize>;
}

impl<R: Read> Input for R {
    fn fill(&mut self, window: &mut Window) -> io::Result<usize> {
        if window.end == window.bytes.len() {
            window.bytes.copy_within(window.at..window.end, 0);
            window.before += window.at as u64;
            window.end -= window.at;
            window.at = 0;
        }
        if window.end == window.bytes.len() {
            window.bytes.resize(2 * window.end, 0);
        }
        let count = self.read(&mut window.bytes[window.end..])?;
        window.end += count;
        Ok(count)
    }
}

/// A snapshot's text while it is read.
pub struct Scanner<I> {
    input: I,
    window: Window,
    is_over: bool,
    place: Place,
    /// The tables so far. Each JSON reader treats duplicate names differently, so they are an error.
    tables: BTreeSet<String>,
    has_tables: bool,
    table: String,
    row: u64,
}

impl<I: Input> Scanner<I> {
    /// Starts to read a (plain) text.
    pub fn new(input: I) -> Self {
        Self {
            input,
            window: Window {
                bytes: vec![0; WINDOW],
                at: 0,
                end: 0,
                before: 0,
            },
            is_over: false,
            place: Place::Start,
            tables: BTreeSet::new(),
            has_tables: false,
            table: String::new(),
            row: 0,
        }
    }

    /// Skips the rows of the table that has just begun.
    pub fn pass(&mut self) -> Result<(), String> {
        if self.place == Place::Array {
            self.value(false)?;
            self.place = Place::Tables(true);
        }
        Ok(())
    }

    /// Offers the next row to `read` in place, if it is in the window; `read` returns its length, or none to refuse it. Returns
    /// true if the row was read; else it is still to come.
    pub fn row(&mut self, read: impl FnOnce(&[u8]) -> Option<usize>) -> bool {
        let Place::Rows(is_later) = self.place else {
            return false;
        };
        let bytes = &self.window.bytes[self.window.at..self.window.end];
        let space = |from: usize| {
            let is_space = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
            from + bytes[from..].iter().take_while(is_space).count()
        };
        let mut from = space(0);
        if is_later {
            if bytes.get(from) != Some(&b',') {
                return false;
            }
            from = space(from + 1);
        }
        let Some(length) = read(&bytes[from..]) else {
            return false;
        };
        self.window.at += from + length;
        self.row += 1;
        self.place = Place::Rows(true);
        true
    }

    /// The next event; `None` at the end of the text. An error states the place, and why this is not a snapshot.
    pub fn event(&mut self) -> Result<Option<Event<'_>>, String> {
        loop {
            let next = self.peek()?;
            match self.place {
                Place::Start => {
                    self.expect(next, b'{', "does not begin with {")?;
                    self.place = Place::Members(false);
                }
                Place::Members(_) if next == Some(b'}') => {
                    self.window.at += 1;
                    self.place = Place::End;
                }
                Place::Members(is_later) => {
                    self.separator(next, is_later)?;
                    let key = self.key()?;
                    self.place = Place::Members(true);
                    if key == "tables" {
                        let next = self.peek()?;
                        self.expect(next, b'{', "\"tables\" is not an object")?;
                        if std::mem::replace(&mut self.has_tables, true) {
                            return Err(self.fault("\"tables\" is there twice"));
                        }
                        self.place = Place::Tables(false);
                    } else if HEAD.contains(&key.as_str()) {
                        let (from, to) = self.value(true)?;
                        return Ok(Some(Event::Head(key, &self.window.bytes[from..to])));
                    } else {
                        self.value(false)?;
                    }
                }
                Place::Tables(_) if next == Some(b'}') => {
                    self.window.at += 1;
                    self.place = Place::Members(true);
                }
                Place::Tables(is_later) => {
                    self.separator(next, is_later)?;
                    self.table = self.key()?;
                    self.row = 0;
                    self.place = Place::Tables(true);
                    self.check_new_table()?;
                    match self.peek()? {
                        Some(b'[') => self.place = Place::Array,
                        Some(b'n') => {
                            self.value(false)?; // null: a table without rows
                            continue;
                        }
                        _ => return Err(self.fault("the table is not a list")),
                    }
                    return Ok(Some(Event::Table(self.table.clone())));
                }
                Place::Array => {
                    self.window.at += 1;
                    self.place = Place::Rows(false);
                }
                Place::Rows(_) if next == Some(b']') => {
                    self.window.at += 1;
                    self.place = Place::Tables(true);
                }
                Place::Rows(is_later) => {
                    self.separator(next, is_later)?;
                    self.peek()?;
                    self.row += 1;
                    self.place = Place::Rows(true);
                    let (from, to) = self.value(true)?;
                    return Ok(Some(Event::Row(&self.window.bytes[from..to])));
                }
                Place::End if next.is_none() => return Ok(None),
                Place::End => return Err(self.fault("there is more text after the snapshot's end")),
            }
        }
    }

    /// The next byte that is not a space; `None` at the end of a complete text.
    fn peek(&mut self) -> Result<Option<u8>, String> {
        loop {
            while self.window.at < self.window.end {
                match self.window.bytes[self.window.at] {
                    b' ' | b'\n' | b'\r' | b'\t' => self.window.at += 1,
                    byte => return Ok(Some(byte)),
                }
            }
            if !self.fill()? {
                return match self.place {
                    Place::End => Ok(None),
                    Place::Start => Err("is empty: not a snapshot".into()),
                    _ => Err(self.cut_off()),
                };
            }
        }
    }

    fn expect(&mut self, next: Option<u8>, byte: u8, otherwise: &str) -> Result<(), String> {
        if next != Some(byte) {
            return Err(self.fault(otherwise));
        }
        self.window.at += 1;
        Ok(())
    }

    fn separator(&mut self, next: Option<u8>, is_later: bool) -> Result<(), String> {
        if is_later {
            self.expect(next, b',', "a comma is missing")?;
        }
        Ok(())
    }

    /// Checks that the table that begins here is the first of its name, and not one of too many.
    fn check_new_table(&mut self) -> Result<(), String> {
        if !self.tables.insert(self.table.clone()) {
            return Err(self.fault("the table is there twice"));
        }
        if self.tables.len() > MOST_TABLES {
            return Err(self.fault("there are more than 10,000 tables"));
        }
        Ok(())
    }

    /// Reads a member's name and its colon.
    fn key(&mut self) -> Result<String, String> {
        if self.peek()? != Some(b'"') {
            return Err(self.fault("a name in quotes is missing"));
        }
        let (from, to) = self.value(true)?;
        if to - from > LONGEST_NAME {
            return Err(self.fault("a name is longer than 1 KiB"));
        }
        let key = serde_json::from_slice(&self.window.bytes[from..to])
            .map_err(|cause| self.fault(&format!("a broken name: {cause}")))?;
        let next = self.peek()?;
        self.expect(next, b':', "a colon is missing")?;
        self.peek()?;
        Ok(key)
    }

    /// Passes the value that begins here; returns its range in the window, if it is to be kept.
    fn value(&mut self, is_kept: bool) -> Result<(usize, usize), String> {
        let mut end = ValueEnd::default();
        let mut seen = 0; // bytes of it that were scanned
        loop {
            let length = end.feed(&self.window.bytes[self.window.at + seen..self.window.end]);
            if is_kept && end.commas >= MOST_VALUES {
                return Err(self.fault("holds more than a million values: not a row of the host"));
            }
            let scanned = length.map_or(self.window.end - self.window.at, |length| seen + length);
            if is_kept && scanned > LONGEST {
                return Err(self.fault("is longer than 64 MiB: not a row of the host"));
            }
            if let Some(length) = length {
                if !end.has_begun {
                    return Err(self.fault("a value is missing"));
                }
                let from = self.window.at;
                self.window.at += seen + length;
                return Ok((from, self.window.at));
            }
            if is_kept {
                seen = scanned;
            } else {
                self.window.at = self.window.end;
            }
            if !self.fill()? {
                return Err(self.cut_off());
            }
        }
    }

    /// Reads more, keeping the part that is not yet scanned; false at the end of the text.
    fn fill(&mut self) -> Result<bool, String> {
        while !self.is_over {
            match self.input.fill(&mut self.window) {
                Ok(count) => {
                    self.is_over = count == 0;
                    return Ok(!self.is_over);
                }
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause.to_string().to_lowercase()),
            }
        }
        Ok(false)
    }

    fn place(&self) -> String {
        let byte = self.window.before + self.window.at as u64;
        match self.place {
            Place::Rows(_) => format!("table {:?}, row {}, byte {byte}", self.table, self.row),
            Place::Tables(_) | Place::Array => format!("table {:?}, byte {byte}", self.table),
            _ => format!("byte {byte}"),
        }
    }

    fn fault(&self, what: &str) -> String {
        format!("not a snapshot: {what} ({})", self.place())
    }

    fn cut_off(&self) -> String {
        let byte = self.window.before + self.window.end as u64;
        let within = match self.place {
            Place::Rows(_) | Place::Array | Place::Tables(_) => {
                format!("in row {} of table {:?}", self.row.max(1), self.table)
            }
            _ => "in the middle".into(),
        };
        format!("ends {within}, after {byte} bytes: it was cut off")
    }
}
