//! Parts of a report that several formats print: tables of text, and sentences.

use crate::text::join;
use std::fmt;

/// A table of text; the first cell of a row names it.
pub struct Grid {
    pub heads: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
    /// For each row, true if it is shown to be better, false if worse; for colour.
    pub better: Vec<Option<bool>>,
}

/// A sentence without its full stop: its subject, which may be empty, and its parts.
pub struct Sentence {
    pub subject: String,
    pub parts: Vec<String>,
}

impl Sentence {
    pub fn plain(text: String) -> Self {
        Self {
            subject: String::new(),
            parts: vec![text],
        }
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if !self.subject.is_empty() {
            write!(f, "{}: ", self.subject)?;
        }
        f.write_str(&join(&self.parts, "; "))
    }
}
