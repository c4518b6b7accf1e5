//! Rows that look like the rows before them, read in place: most of a snapshot, and ten times faster than by serde.
//!
//! Whoever writes a snapshot writes each row of a table alike. So the bytes between two values, `,\n  "status": `, are
//! remembered and only compared the next time. Nothing is decided here about what is wrong with a row: whatever is not
//! plain (a value in a value, an odd escape or number, a name that is there twice, bytes that are not UTF-8, a row that is
//! not whole) is left to serde, which takes the row or says why not. What is read here, serde would read the same way.

use std::borrow::Cow;

/// The most names that are told apart, and the most values of a list.
const MOST: usize = 64;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// The row has no such name.
    Absent,
    /// null
    Null,
    /// An integer of at most 18 digits.
    Whole(i64),
    /// Any other number.
    Real(f64),
    /// A text without escapes; UTF-8.
    Text(&'a [u8]),
    /// A text with escapes of one letter, in its quotes; UTF-8.
    Escaped(&'a [u8]),
    /// A list of such values, in its brackets.
    List(&'a [u8]),
}

/// The names of a table's columns and where their values go; two names may share a place.
pub type Names = &'static [(&'static str, usize)];

/// Where a row stands: before its first name, after the value of a name, or at its end.
type Step = usize;
const START: Step = MOST;
const END: Step = MOST + 1;

/// How the rows of a table look.
#[derive(Debug, Default)]
pub struct Shape {
    /// Names by their number: first those in the order they were met.
    met: Vec<(Vec<u8>, Option<usize>)>,
    /// What stood after each step the last time, and to which it led.
    next: Vec<(Piece, Step)>,
}

/// The bytes between two values. Most fit into a line, and are compared all at once, however many they are.
#[derive(Debug, Clone, Default)]
struct Piece {
    bytes: Vec<u8>,
    line: [u64; LINE / 8],
    /// All bits set where `line` counts.
    mask: [u64; LINE / 8],
}

const LINE: usize = 32;

impl Piece {
    fn new(bytes: &[u8]) -> Self {
        let (mut line, mut mask) = ([0; LINE], [0; LINE]);
        if bytes.len() <= LINE {
            line[..bytes.len()].copy_from_slice(bytes);
            mask[..bytes.len()].fill(0xff);
        }
        Self {
            bytes: bytes.into(),
            line: words(&line),
            mask: words(&mask),
        }
    }

    /// Whether these bytes go on at `at` with this piece; never if it is empty.
    #[inline]
    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let rest = &bytes[at..];
        match rest.first_chunk() {
            Some(line) if self.mask[0] != 0 => self.is(&words(line)),
            _ => !self.bytes.is_empty() && rest.starts_with(&self.bytes),
        }
    }

    #[inline]
    fn is(&self, line: &[u64; LINE / 8]) -> bool {
        let mut other = 0;
        for (at, word) in line.iter().enumerate() {
            other |= (word ^ self.line[at]) & self.mask[at];
        }
        other == 0
    }
}

#[inline]
fn words(line: &[u8; LINE]) -> [u64; LINE / 8] {
    let (words, _) = line.as_chunks();
    std::array::from_fn(|at| u64::from_le_bytes(words[at]))
}

impl Shape {
    /// Read the row at the beginning of `bytes`, of which more may follow; its length, or none if it is not plain.
    pub fn read<'a>(
        &mut self,
        names: Names,
        bytes: &'a [u8],
        cells: &mut [Cell<'a>],
    ) -> Option<usize> {
        cells.fill(Cell::Absent);
        if self.next.is_empty() {
            self.next = vec![(Piece::default(), END); MOST + 1];
        }
        if bytes.first() != Some(&b'{') {
            return None;
        }
        let (mut at, mut step, mut passed) = (1, START, Cell::Absent);
        loop {
            let before = step;
            let (piece, next) = &self.next[step];
            if piece.is_at(bytes, at) {
                (at, step) = (at + piece.bytes.len(), *next);
            } else {
                (at, step) = self.learn(names, bytes, at, step)?;
            }
            if step == END {
                return Some(at);
            }
            let cell = match self.met[step].1 {
                Some(place) => &mut cells[place],
                None => &mut passed,
            };
            if !matches!(cell, Cell::Absent) {
                return None;
            }
            let Some(end) = value(bytes, at, cell) else {
                self.next[before].0 = Piece::default(); // perhaps more space stands here than before
                return None;
            };
            at = end;
            passed = Cell::Absent;
        }
    }

    /// Read a comma, a name and its colon, or the end of the row, and remember them.
    fn learn(
        &mut self,
        names: Names,
        bytes: &[u8],
        from: usize,
        step: Step,
    ) -> Option<(usize, Step)> {
        let mut at = space(bytes, from);
        if step != START && bytes.get(at) == Some(&b',') {
            at = space(bytes, at + 1);
        } else if bytes.get(at) == Some(&b'}') {
            self.next[step] = (Piece::new(&bytes[from..=at]), END);
            return Some((at + 1, END));
        } else if step != START {
            return None;
        }
        let mut cell = Cell::Absent;
        at = space(bytes, text(bytes, at, &mut cell)?);
        let Cell::Text(name) = cell else {
            return None;
        };
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = space(bytes, at + 1);
        bytes.get(at)?; // else more space may follow
        let number = self.number(names, name)?;
        self.next[step] = (Piece::new(&bytes[from..at]), number);
        Some((at, number))
    }

    fn number(&mut self, names: Names, name: &[u8]) -> Option<Step> {
        if let Some(number) = self.met.iter().position(|met| met.0 == name) {
            return Some(number);
        }
        let known = names.iter().find(|known| known.0.as_bytes() == name);
        self.met.push((name.into(), known.map(|known| known.1)));
        (self.met.len() <= MOST).then_some(self.met.len() - 1)
    }
}

/// The text of a cell that holds one.
pub fn string(cell: Cell<'_>) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Text(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cell::Escaped(quoted) => serde_json::from_slice(quoted).ok().map(Cow::Owned),
        _ => None,
    }
}

/// The whole numbers of a list.
pub fn numbers(list: &[u8]) -> Option<Vec<i64>> {
    let mut numbers = Vec::new();
    let mut at = space(list, 1);
    while list.get(at) != Some(&b']') {
        let mut cell = Cell::Absent;
        at = space(list, number(list, at, &mut cell)?);
        let Cell::Whole(number) = cell else {
            return None;
        };
        numbers.push(number);
        if list.get(at) == Some(&b',') {
            at = space(list, at + 1);
        }
    }
    Some(numbers)
}

fn space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Put the value that begins at `at` into `cell`, and tell where it ends. (A cell that is handed back is copied in pieces other
/// than those it was made of, for which a processor waits longer than all the rest takes.)
#[inline]
fn value<'a>(bytes: &'a [u8], at: usize, cell: &mut Cell<'a>) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => text(bytes, at, cell),
        b'0'..=b'9' | b'-' => number(bytes, at, cell),
        b'n' if bytes[at..].starts_with(b"null") => {
            *cell = Cell::Null;
            Some(at + 4)
        }
        b'[' => list(bytes, at, cell),
        _ => None,
    }
}

fn list<'a>(bytes: &'a [u8], from: usize, cell: &mut Cell<'a>) -> Option<usize> {
    let mut at = space(bytes, from + 1);
    let mut values = 0;
    while bytes.get(at)? != &b']' || values > 0 {
        values += 1;
        if values > MOST || bytes.get(at)? == &b'[' {
            return None;
        }
        at = space(bytes, value(bytes, at, cell)?);
        match bytes.get(at)? {
            b']' => break,
            b',' => at = space(bytes, at + 1),
            _ => return None,
        }
    }
    *cell = Cell::List(&bytes[from..=at]);
    Some(at + 1)
}

fn number(bytes: &[u8], from: usize, cell: &mut Cell) -> Option<usize> {
    let is_negative = bytes.get(from) == Some(&b'-');
    let first = from + usize::from(is_negative);
    let (mut at, mut whole) = match bytes.get(first..).and_then(|rest| rest.first_chunk()) {
        Some(eight) => eight_digits(*eight).map_or((first, 0), |whole| (first + 8, whole)),
        None => (first, 0),
    };
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        if at - first == 18 {
            return None;
        }
        whole = whole * 10 + i64::from(digit - b'0');
        at += 1;
    }
    let is_zero = bytes.get(first) == Some(&b'0');
    match bytes.get(at)? {
        b'.' | b'e' | b'E' => {
            let is_number =
                |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
            at += bytes[at..].iter().take_while(is_number).count();
            *cell = Cell::Real(serde_json::from_slice(&bytes[from..at]).ok()?);
            Some(at)
        }
        // `-0` is a real number, `01` none.
        _ if at == first || is_zero && (is_negative || at - first > 1) => None,
        _ => {
            *cell = Cell::Whole(if is_negative { -whole } else { whole });
            Some(at)
        }
    }
}

/// The number of eight digits; none if some are none. Pairs of digits, then of pairs, then of fours are put together.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<i64> {
    let word = u64::from_le_bytes(text);
    let digits = word ^ (ONES * u64::from(b'0'));
    if (digits.wrapping_add(ONES * 0x76) | digits) & HIGH != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some(((fours * 10_000 + (fours >> 32)) & 0xffff_ffff) as i64)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of the first byte that ends a run of plain letters: a quote, a backslash or a control character. (Bytes
/// after it may be marked, too.)
#[inline]
fn stops(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | control) & HIGH
}

/// The text whose quote is at `open`, and where it ends.
#[inline]
fn text<'a>(bytes: &'a [u8], open: usize, cell: &mut Cell<'a>) -> Option<usize> {
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut at = open + 1;
    let (mut beyond_ascii, mut is_escaped) = (0, false);
    loop {
        let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        beyond_ascii |= word & HIGH;
        let stops = stops(word);
        if stops == 0 {
            at += 8;
            continue;
        }
        at += (stops.trailing_zeros() / 8) as usize;
        match bytes[at] {
            b'"' => break,
            b'\\'
                if matches!(
                    bytes.get(at + 1)?,
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'
                ) =>
            {
                is_escaped = true;
                at += 2;
            }
            _ => return None,
        }
    }
    let inside = &bytes[open + 1..at];
    if beyond_ascii != 0 {
        std::str::from_utf8(inside).ok()?;
    }
    *cell = if is_escaped {
        Cell::Escaped(&bytes[open..=at])
    } else {
        Cell::Text(inside)
    };
    Some(at + 1)
}
