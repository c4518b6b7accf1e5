//! Rows that look like the rows before them, read in place: most of a snapshot, and ten times faster than by serde.
//!
//! Whoever writes a snapshot writes each row of a table alike. So the bytes between two values, `,\n  "status": `, are
//! remembered and only compared the next time. Nothing is decided here about what is wrong with a row: whatever is not
//! plain (a value in a value, an odd escape or number, a name that is there twice, bytes that are not UTF-8, a row that is
//! not whole) is left to serde, which takes the row or says why not. What is read here, serde would read the same way.

use super::value::{Cell, space, text, value};

/// The most names that are told apart.
const MOST: usize = 64;

/// The names of a table's columns and where their values go; two names may share a place.
pub type Names = &'static [(&'static str, usize)];

/// Where a row stands: before its first name, after the value of a name, or at its end.
type Step = usize;
const START: Step = MOST;
const END: Step = MOST + 1;

/// Where a value goes that nobody wants.
const NOWHERE: usize = usize::MAX;

/// How the rows of a table look.
#[derive(Debug, Default)]
pub struct Shape {
    /// Names by their number, in the order they were met.
    met: Vec<Vec<u8>>,
    /// What stood after each step the last time.
    next: Vec<Link>,
}

/// What stands between two values, the step it leads to, and where the value goes that comes then: beyond all places, if nobody
/// wants it.
#[derive(Debug, Clone, Default)]
struct Link {
    piece: Piece,
    step: Step,
    place: usize,
}

/// The bytes between two values. Most fit into a line, and are compared all at once, however many they are.
#[derive(Debug, Clone, Default)]
struct Piece {
    length: usize,
    line: [u64; LINE / 8],
    /// All bits set where `line` counts.
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
            self.next = vec![Link::default(); MOST + 1];
        }
        if bytes.first() != Some(&b'{') {
            return None;
        }
        let (mut at, mut step) = (1, START);
        loop {
            if !self.next[step].piece.is_at(bytes, at) {
                self.next[step] = self.learn(names, bytes, at, step)?;
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
                self.next[step] = Link::default(); // perhaps more space stands here than before
                return None;
            };
            (at, step) = (end, link.step);
        }
    }

    /// Read a comma, a name and its colon, or the end of the row.
    fn learn(&mut self, names: Names, bytes: &[u8], from: usize, step: Step) -> Option<Link> {
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
        let known = names.iter().find(|known| known.0.as_bytes() == name);
        Some(Link {
            piece: Piece::new(&bytes[from..at]),
            step: self.number(name)?,
            place: known.map_or(NOWHERE, |known| known.1),
        })
    }

    fn number(&mut self, name: &[u8]) -> Option<Step> {
        if let Some(number) = self.met.iter().position(|met| met == name) {
            return Some(number);
        }
        if self.met.len() == MOST {
            return None; // rows with so many names are left to serde
        }
        self.met.push(name.into());
        Some(self.met.len() - 1)
    }
}
