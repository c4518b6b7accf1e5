//! Reading rows that are laid out like the rows before them: most of a snapshot, and ten times faster than by serde.
//!
//! A program that writes a snapshot writes each row of a table alike. So the bytes between two values, `,\n  "status": `,
//! are stored and only compared the next time. This file reports no errors: a row that is not plain (nested values, an
//! unusual escape or number, a duplicate name, bytes that are not UTF-8, an incomplete row) is left to serde, which reads
//! the row or returns the error. Rows that are read here, serde would read the same way.

use super::value::{Cell, space, text, value};

/// The most names that are numbered.
const MOST: usize = 64;

/// The columns of a table, separated by spaces, in the order of the places of their values; `a|b` are two names of one.
pub type Columns = &'static str;

/// A position in a row: before its first name, after the value of a name, or at its end.
type Step = usize;
const START: Step = MOST;
const END: Step = MOST + 1;

/// The place of a value that is not needed.
const NOWHERE: usize = usize::MAX;

/// The layout of a table's rows.
#[derive(Debug, Default)]
pub struct Shape {
    /// Names by their number, in the order of their appearance, each with the place of its values. The place is looked
    /// up once: rows whose columns vary learn their pieces often.
    names: Vec<(Vec<u8>, usize)>,
    /// The bytes that followed each step the last time.
    next: Vec<Link>,
}

/// The bytes between two values, the step they lead to, and the place of the next value: beyond all places if it is not
/// needed.
#[derive(Debug, Clone, Default)]
struct Link {
    piece: Piece,
    step: Step,
    place: usize,
}

/// The bytes between two values. Most fit into a line, which is compared at once, whatever their number.
#[derive(Debug, Clone, Default)]
struct Piece {
    length: usize,
    line: [u64; LINE / 8],
    /// All bits set for the bytes of `line` that count.
    mask: [u64; LINE / 8],
    bytes: Vec<u8>,
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
            length: bytes.len(),
            bytes: bytes.into(),
            line: words(&line),
            mask: words(&mask),
        }
    }

    /// True if `bytes` continue with this piece at `at`; never if it is empty.
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
    /// Reads the row at the beginning of `bytes`, which may be longer; returns its length, or none if it is not plain.
    pub fn read<'a>(
        &mut self,
        columns: Columns,
        bytes: &'a [u8],
        cells: &mut [Cell<'a>],
    ) -> Option<usize> {
        cells.fill(Cell::Absent);
        if self.next.is_empty() {
            self.next = vec![Link::default(); MOST + 1];
        }
        if bytes.first() != Some(&b'{') {
            return None;
        }
        let (mut at, mut step) = (1, START);
        loop {
            if !self.next[step].piece.is_at(bytes, at) {
                self.next[step] = self.learn(columns, bytes, at, step)?;
            }
            let link = &self.next[step];
            at += link.piece.length;
            if link.step == END {
                return Some(at);
            }
            let mut passed = Cell::Absent;
            let cell = cells.get_mut(link.place).unwrap_or(&mut passed);
            if !matches!(cell, Cell::Absent) {
                return None;
            }
            let Some(end) = value(bytes, at, cell) else {
                self.next[step] = Link::default(); // there may be more space here than before
                return None;
            };
            (at, step) = (end, link.step);
        }
    }

    /// Reads a comma, a name and its colon, or the end of the row.
    fn learn(&mut self, columns: Columns, bytes: &[u8], from: usize, step: Step) -> Option<Link> {
        let mut at = space(bytes, from);
        if step != START && bytes.get(at) == Some(&b',') {
            at = space(bytes, at + 1);
        } else if bytes.get(at) == Some(&b'}') {
            return Some(Link {
                piece: Piece::new(&bytes[from..=at]),
                step: END,
                place: NOWHERE,
            });
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
        let step = self.number(columns, name)?;
        Some(Link {
            piece: Piece::new(&bytes[from..at]),
            step,
            place: self.names[step].1,
        })
    }

    fn number(&mut self, columns: Columns, name: &[u8]) -> Option<Step> {
        if let Some(number) = self.names.iter().position(|known| known.0 == name) {
            return Some(number);
        }
        if self.names.len() == MOST {
            return None; // rows with so many names are left to serde
        }
        let mut places = columns.split(' ').map(|names| names.split('|'));
        let place = places.position(|mut names| names.any(|known| known.as_bytes() == name));
        self.names.push((name.into(), place.unwrap_or(NOWHERE)));
        Some(self.names.len() - 1)
    }
}
