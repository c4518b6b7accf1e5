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
