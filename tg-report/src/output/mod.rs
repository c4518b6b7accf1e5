//! Printing: one file per format, each from a finished [`Report`] to text.
//!
//! Files shared by several formats: `numbers` (values for people), `notes` (the text around the table), `verdict` and
//! `verdict_notes` (the arms against the baseline), `ratios`, `answers`, `sections` and `warnings`. Every sentence is
//! written here, from the values that the computation found. Names come from the input and may hold anything; each format
//! neutralises them in its own way.

mod answers;
mod blocks;
mod csv;
mod html;
mod json;
mod markdown;
mod notes;
mod numbers;
mod parts;
pub mod power;
mod ratios;
mod sections;
mod text;
mod verdict;
mod verdict_notes;
pub mod warnings;

use crate::args::Format;
use crate::report::Report;

/// The report in a format; `width` columns and colour are for text only.
pub fn render(report: &Report, format: Format, width: usize, is_coloured: bool) -> String {
    match format {
        Format::Text => text::render(report, width, is_coloured),
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Csv => csv::summary(&report.comparison),
        Format::Tidy => csv::tidy(&report.comparison),
        Format::Json => json::render(report),
    }
}
