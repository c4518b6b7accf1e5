//! Reading a JSON value in place.
//!
//! Only plain values are read: no nested values, unusual escapes or numbers, bytes that are not UTF-8, or values that may
//! continue beyond the given bytes. A reader writes the value to its destination and returns only its end: a value that is
//! returned is copied in pieces other than those it was made of, and the processor waits for that longer than for
//! everything else. For the same reason the readers are inlined into the one loop that calls them, which takes a tenth off
//! the time of a whole snapshot.

#![expect(
    clippy::inline_always,
    reason = "measured: ten million values in a snapshot of 100,000 tasks, each a call or two less"
)]

use std::borrow::Cow;

/// The most values in a list.
const MOST: usize = 64;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// The row does not have the name.
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
    let list = [list, &[b' '; 8]].concat(); // a number is read with what follows it
    let (list, mut numbers) = (&list[..], Vec::new());
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

pub fn space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Reads the value that begins at `at` into `cell`, and returns its end.
#[inline(always)]
pub fn value<'a>(bytes: &'a [u8], at: usize, cell: &mut Cell<'a>) -> Option<usize> {
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

#[inline(never)]
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

#[inline(always)]
fn number(bytes: &[u8], from: usize, cell: &mut Cell) -> Option<usize> {
    let is_negative = bytes.get(from) == Some(&b'-');
    let first = from + usize::from(is_negative);
    let (mut at, mut whole) = (first, 0_i64);
    loop {
        let (count, digits) = digits(*bytes.get(at..)?.first_chunk()?);
        at += count;
        if at - first > 18 {
            return None;
        }
        whole = whole * TENS[count] + digits;
        if count < 8 {
            break;
        }
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
        // `-0` is a real number, `01` is not a number.
        _ if at == first || is_zero && (is_negative || at - first > 1) => None,
        _ => {
            *cell = Cell::Whole(if is_negative { -whole } else { whole });
            Some(at)
        }
    }
}

const TENS: [i64; 9] = [
    1,
    10,
    100,
    1000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// The count and the value of the digits that these bytes begin with. Digits are combined into pairs, pairs into fours,
/// fours into eights; missing digits are leading zeros.
#[inline(always)]
fn digits(text: [u8; 8]) -> (usize, i64) {
    let word = u64::from_le_bytes(text) ^ (ONES * u64::from(b'0'));
    let others = (word.wrapping_add(ONES * 0x76) | word) & HIGH;
    let count = (others.trailing_zeros() / 8) as usize;
    let digits = word.checked_shl(64 - 8 * count as u32).unwrap_or(0);
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let eight = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    (count, eight as i64)
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

/// Reads the text whose quote is at `open` into `cell`, and returns its end.
#[inline(always)]
pub fn text<'a>(bytes: &'a [u8], open: usize, cell: &mut Cell<'a>) -> Option<usize> {
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

#[cfg(test)]
mod tests {
    use super::{Cell, value};
    use proptest::prelude::*;
    use serde_json::Value;

    /// The cell read from the value `text`, which is followed by other bytes.
    fn read<'a>(padded: &'a str, text: &str) -> Option<Cell<'a>> {
        let mut cell = Cell::Absent;
        let end = value(padded.as_bytes(), 0, &mut cell)?;
        (end == text.len()).then_some(cell)
    }

    /// Checks that a number is read as serde reads it, and not read if serde refuses it.
    fn check(text: &str) {
        for after in [",       ", "}\n    ]  ", "\n\u{fffd}\u{fffd}99"] {
            let padded = format!("{text}{after}");
            let serde = serde_json::from_str::<Value>(text).ok();
            match read(&padded, text) {
                Some(Cell::Whole(whole)) => assert_eq!(serde, Some(whole.into()), "{text}"),
                Some(Cell::Real(real)) => assert_eq!(serde, Some(real.into()), "{text}"),
                None => {}
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn numbers_are_those_of_serde() {
        for text in [
            "0", "-0", "00", "01", "-01", "-", "1.", "1.50", "1e3", "-2E-2", "1e999",
        ] {
            check(text);
        }
        for length in 1..=20 {
            let digits = &"12345678901234567890"[..length];
            check(digits);
            check(&format!("-{digits}"));
            check(&format!("{digits}.5"));
            let is_read = read(&format!("{digits},       "), digits).is_some();
            assert_eq!(is_read, length <= 18, "{digits}");
        }
    }

    proptest! {
        #[test]
        fn any_number_is_that_of_serde(whole: i64, real in -1e15..1e15_f64, digits in "-?[0-9]{1,20}(\\.[0-9]{1,9})?") {
            check(&whole.to_string());
            check(&real.to_string());
            check(&digits);
        }
    }
}
