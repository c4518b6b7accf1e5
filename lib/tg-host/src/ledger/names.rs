//! Repeated texts, stored once: ids of tasks, states, workers, phases.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// The number of a text.
pub type Name = u32;

/// No text.
pub(crate) const NONE: Name = Name::MAX;

/// Texts by number. The hash is keyed at random, so that a hostile file cannot cause collisions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<usize>,
    /// Half of the hash, and the name.
    index: HashTable<(u32, Name)>,
    hash: DefaultHashBuilder,
}

impl Names {
    /// The number of names.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Reserves room for `many` more names of the length of an id.
    pub fn reserve(&mut self, many: usize) {
        self.text.reserve(24 * many);
        self.ends.reserve(many);
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        range(&self.ends, name).map_or("", |(from, to)| &self.text[from..to])
    }

    /// The name of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<Name> {
        let hash = self.hash_of(text.as_bytes());
        let is_same = |(other, name): &(u32, Name)| *other == hash && self.text(*name) == text;
        Some(self.index.find(spread(hash), is_same)?.1)
    }

    /// The name of a text, a new one if it has none; none if it is not UTF-8.
    pub fn add(&mut self, text: &[u8]) -> Option<Name> {
        let hash = self.hash_of(text);
        let (all, ends) = (self.text.as_bytes(), &self.ends);
        let bytes = |name: Name| range(ends, name).map_or(&[][..], |(from, to)| &all[from..to]);
        let is_same = |(other, name): &(u32, Name)| *other == hash && bytes(*name) == text;
        if let Some((_, name)) = self.index.find(spread(hash), is_same) {
            return Some(*name);
        }
        let name = Name::try_from(self.ends.len())
            .ok()
            .filter(|name| *name != NONE)?;
        let new = std::str::from_utf8(text).ok()?;
        let rehash = |(hash, _): &(u32, Name)| spread(*hash);
        self.index.insert_unique(spread(hash), (hash, name), rehash);
        self.text.push_str(new);
        self.ends.push(self.text.len());
        Some(name)
    }

    fn hash_of(&self, text: &[u8]) -> u32 {
        self.hash.hash_one(text) as u32
    }

    /// As [`Names::add`], for an optional text.
    pub fn add_some(&mut self, text: Option<&str>) -> Name {
        text.and_then(|text| self.add(text.as_bytes()))
            .unwrap_or(NONE)
    }
}

/// A cache of recent names, by the first and last byte of their text.
#[derive(Debug, Clone)]
pub(crate) struct Recent([Name; 64]);

impl Default for Recent {
    fn default() -> Self {
        Self([NONE; 64])
    }
}

impl Recent {
    /// As [`Names::add`].
    pub fn add(&mut self, names: &mut Names, text: &[u8]) -> Option<Name> {
        let end = |byte: Option<&u8>| byte.copied().unwrap_or(0);
        let (first, last) = (end(text.first()), end(text.last()));
        let slot = &mut self.0[usize::from(first ^ last.rotate_left(3)) % 64];
        if *slot == NONE || names.text(*slot).as_bytes() != text {
            *slot = names.add(text)?;
        }
        Some(*slot)
    }
}

/// A hash of 64 bits from half of one; the table takes its slot from one end and its tag from the other.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn range(ends: &[usize], name: Name) -> Option<(usize, usize)> {
    let at = name as usize;
    let from = if at == 0 { 0 } else { *ends.get(at - 1)? };
    Some((from, *ends.get(at)?))
}
