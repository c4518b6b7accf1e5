//! Printing: one file per format, each from a finished [`Comparison`] to text.
//!
//! What two formats share has a file of its own: [`human`] (values as people read them), [`notes`] (what stands around
//! the table) and [`versus`] (the arms against the baseline). Names come from the input and may hold anything; each
//! format neutralises them in its own way.

mod blocks;
mod csv;
pub mod human;
mod json;
mod markdown;
pub mod notes;
mod text;
pub mod versus;

use crate::args::Format;
use crate::compare::Comparison;

/// The report in a format; `width` columns are for text only.
pub fn render(comparison: &Comparison, format: Format, width: usize) -> String {
    match format {
        Format::Text => text::render(comparison, width),
        Format::Markdown => markdown::render(comparison),
        Format::Csv => csv::summary(comparison),
        Format::Tidy => csv::tidy(comparison),
        Format::Json => json::render(comparison),
    }
}

/// Text that cannot steer a terminal: control characters, line breaks and direction marks become visible escapes.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => plain.extend(c.escape_unicode()),
            c if c.is_control() => plain.extend(c.escape_default()),
            c => plain.push(c),
        }
    }
    plain
}
