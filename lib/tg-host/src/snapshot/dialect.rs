//! The values that the dialects write differently.
//!
//! Times are integers up to host 0.3.0 and in our own files, ISO strings cut to whole seconds in host 0.5.0. The resolution
//! is stored per thread while a file is read, because a field's deserialiser cannot pass it to its caller.

use serde::Deserializer;
use serde::de::{self, SeqAccess, Unexpected, Visitor};
use std::cell::Cell;
use std::fmt;
use std::time::UNIX_EPOCH;

thread_local! {
    static RESOLUTION_MS: Cell<i64> = const { Cell::new(1) };
}

pub(crate) fn reset_resolution() {
    RESOLUTION_MS.set(1);
}

pub(crate) fn resolution() -> i64 {
    RESOLUTION_MS.get()
}

/// The longest JSON text of a list of tags, in bytes.
const LONGEST_LIST: usize = 4 << 20;

/// Deserialises a value that may be null.
struct Optional<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Optional<V> {
    type Value = Option<V::Value>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_any(self.0).map(Some)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a time: milliseconds since the epoch, or like 2026-01-31T08:00:00Z")
    }

    fn visit_i64<E: de::Error>(self, ms: i64) -> Result<i64, E> {
        Ok(ms)
    }

    fn visit_u64<E: de::Error>(self, ms: u64) -> Result<i64, E> {
        i64::try_from(ms).map_err(|_| de::Error::invalid_value(Unexpected::Unsigned(ms), &self))
    }

    fn visit_f64<E: de::Error>(self, ms: f64) -> Result<i64, E> {
        let is_whole = ms.fract() == 0.0 && ms.abs() < 9e15;
        is_whole
            .then_some(ms as i64)
            .ok_or_else(|| de::Error::invalid_value(Unexpected::Float(ms), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        if !text.contains('.') {
            RESOLUTION_MS.set(1000);
        }
        iso(text).ok_or_else(|| de::Error::invalid_value(Unexpected::Str(text), &self))
    }
}

pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_option(Optional(TimeVisitor))
}

/// Parses an RFC 3339 time into milliseconds since the epoch.
pub(super) fn iso(text: &str) -> Option<i64> {
    let zulu = text.strip_suffix("+00:00").map(|time| format!("{time}Z"));
    let time = humantime::parse_rfc3339(zulu.as_deref().unwrap_or(text)).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_millis() as i64)
}

/// Parses a time of exactly the form `2026-01-31T08:00:00Z`. A caller that uses it must call [`note_seconds`].
pub(crate) fn seconds(text: &[u8]) -> Option<i64> {
    let text: &[u8; 20] = text.try_into().ok()?;
    let is_form = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'Z'),
    ];
    if is_form.iter().any(|(at, byte)| text[*at] != *byte) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0_i64, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| 10 * number + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // The edges of the calendar are left to the full parser.
    let longest = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_plain =
        (1971..9999).contains(&year) && (1..=12).contains(&month) && (1..=longest).contains(&day);
    if !is_plain || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970 in a calendar whose year begins in March, so that leap days come last.
    let (from_march, years) = ((month + 9) % 12, year - i64::from(month < 3));
    let days =
        365 * years + years / 4 - years / 100 + years / 400 + (153 * from_march + 2) / 5 + day
            - 719_469;
    Some(1000 * (86_400 * days + 3600 * hour + 60 * minute + second))
}

/// Notes that times cut to whole seconds were read.
pub(crate) fn note_seconds() {
    RESOLUTION_MS.set(1000);
}

/// A number or a text, as text.
struct PriorityVisitor;

impl Visitor<'_> for PriorityVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.into())
    }
}

pub(super) fn priority<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_option(Optional(PriorityVisitor))
}

/// A list, or the JSON text of one; anything but a list of strings reads as empty, as it does at the host.
pub(super) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let tags = deserializer.deserialize_option(Optional(TagsVisitor))?;
    Ok(tags.unwrap_or_default())
}

struct TagsVisitor;

impl<'de> Visitor<'de> for TagsVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of tags, or the JSON text of one")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
        if text.len() > LONGEST_LIST {
            return Err(E::custom("a list of tags longer than 4 MiB"));
        }
        Ok(serde_json::from_str(text).unwrap_or_default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        let mut tags = Vec::new();
        while let Some(tag) = list.next_element()? {
            tags.push(tag);
        }
        Ok(tags)
    }
}

/// The metric slots as a list, of which the first eight count; absent is 0.
pub(super) fn slots<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<[i64; 8]>>, D::Error> {
    deserializer.deserialize_option(Optional(SlotsVisitor))
}

struct SlotsVisitor;

impl<'de> Visitor<'de> for SlotsVisitor {
    type Value = Box<[i64; 8]>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of whole numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut slots = Box::new([0; 8]);
        for slot in slots.iter_mut() {
            match list.next_element()? {
                Some(number) => *slot = number,
                None => return Ok(slots),
            }
        }
        while list.next_element::<i64>()?.is_some() {}
        Ok(slots)
    }
}
