//! Printing: one file per format, each from a finished [`Comparison`] to text.
//!
//! What two formats share has a file of its own: [`human`] (values as people read them), [`notes`] (what stands around
//! the table), [`verdict`] (what is said of the arms against the baseline) and [`versus`] (their ratios). Names come from the input and may hold anything; each
//! format neutralises them in its own way.

mod blocks;
mod csv;
pub mod floor;
pub mod held;
mod html;
pub mod human;
mod json;
mod markdown;
pub mod notes;
pub mod sections;
mod text;
pub mod verdict;
pub mod versus;

use crate::args::Format;
use crate::compare::Comparison;

/// The report in a format; `width` columns and colour are for text only.
pub fn render(comparison: &Comparison, format: Format, width: usize, is_coloured: bool) -> String {
    match format {
        Format::Text => text::render(comparison, width, is_coloured),
        Format::Markdown => markdown::render(comparison),
        Format::Html => html::render(comparison),
        Format::Csv => csv::summary(comparison),
        Format::Tidy => csv::tidy(comparison),
        Format::Json => json::render(comparison),
    }
}
