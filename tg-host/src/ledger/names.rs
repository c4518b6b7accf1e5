//! Texts that come again and again, kept once: ids of tasks, states, workers, phases.

use hashbrown::HashTable;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The number of a text.
pub type Name = u32;

/// No text.
pub const NONE: Name = Name::MAX;

/// Texts by number. The hash is keyed at random: a file that somebody made cannot make them collide.
#[derive(Debug, Clone, Default)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
    index: HashTable<Name>,
    hash: RandomState,
}

impl Names {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a number that was given out.
    pub fn text(&self, name: Name) -> &str {
        range(&self.ends, name).map_or("", |(from, to)| &self.text[from..to])
    }

    /// The number of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<Name> {
        let hash = self.hash.hash_one(text.as_bytes());
        let is_it = |name: &Name| self.text(*name) == text;
        self.index.find(hash, is_it).copied()
    }

    /// The number of a text, a new one if it has none; none if it is not UTF-8.
    pub fn add(&mut self, text: &[u8]) -> Option<Name> {
        let hash = self.hash.hash_one(text);
        let (all, ends) = (self.text.as_bytes(), &self.ends);
        let bytes = |name: Name| range(ends, name).map_or(&[][..], |(from, to)| &all[from..to]);
        if let Some(name) = self.index.find(hash, |name| bytes(*name) == text) {
            return Some(*name);
        }
        let name = Name::try_from(self.ends.len())
            .ok()
            .filter(|name| *name != NONE)?;
        let new = std::str::from_utf8(text).ok()?;
        let rehash = |name: &Name| self.hash.hash_one(bytes(*name));
        self.index.insert_unique(hash, name, rehash);
        self.text.push_str(new);
        self.ends.push(self.text.len());
        Some(name)
    }

    /// As [`Names::add`], of what may be nothing.
    pub fn add_some(&mut self, text: Option<&str>) -> Name {
        text.and_then(|text| self.add(text.as_bytes()))
            .unwrap_or(NONE)
    }
}

/// Names that were met lately, by a look at their text that costs next to nothing.
#[derive(Debug, Clone)]
pub struct Recent([Name; 64]);

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

fn range(ends: &[usize], name: Name) -> Option<(usize, usize)> {
    let at = name as usize;
    let from = if at == 0 { 0 } else { *ends.get(at - 1)? };
    Some((from, *ends.get(at)?))
}
