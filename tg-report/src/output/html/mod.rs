//! The report as one HTML page that carries everything: no script, no network, light and dark, screen and paper.
//!
//! What it says in words and in tables is what the other formats say; figures come on top ([`crate::chart`]). Every part
//! is a function from the comparison to HTML, empty where there is nothing to say.

mod compared;
mod figure;
mod inside;
mod made;
mod markup;
mod ratios;
mod raw;
mod reading;
mod scaling;
mod strips;
mod table;
mod tables;
mod timeline;
mod waits;

use super::notes;
use crate::compare::Comparison;
use crate::words::list;
use markup::Page;

/// The page.
pub fn render(comparison: &Comparison) -> String {
    let warnings = comparison
        .warnings
        .iter()
        .map(|warning| warning.message.clone());
    let mut page = Page::default();
    for (id, heading, content) in [
        (
            "compared",
            "What was compared",
            compared::section(comparison),
        ),
        ("verdict", "Verdict", tables::verdict(comparison)),
        ("table", "All metrics", tables::means(comparison)),
        (
            "answers",
            "What it says about the questions",
            tables::answers(comparison),
        ),
        (
            "ratios",
            "Ratios to the baseline",
            ratios::section(comparison),
        ),
        (
            "metrics",
            "Every run, by metric",
            strips::section(comparison),
        ),
        ("inside", "Inside the runs", inside::section(comparison)),
        ("scaling", "Scaling", scaling::section(comparison)),
        (
            "warnings",
            "Warnings",
            markup::list("", &warnings.collect::<Vec<_>>()),
        ),
        ("reading", "How to read this page", reading::section()),
        ("raw", "Raw values", raw::section(comparison)),
    ] {
        page.section(id, heading, &content);
    }
    page.finish(
        &title(comparison),
        &opening(comparison),
        &made::section(comparison),
    )
}

fn title(comparison: &Comparison) -> String {
    let names = comparison.experiments.iter().map(ToString::to_string);
    let names = list(names.collect());
    if names.is_empty() {
        "Comparison".to_owned()
    } else {
        names
    }
}

/// What stands above everything: how much data this is, and whether anybody really worked.
fn opening(comparison: &Comparison) -> String {
    let whole = notes::title(comparison);
    let own = title(comparison);
    let rest = whole.strip_prefix(&format!("{own}: ")).unwrap_or(&whole);
    let simulated = notes::simulated(comparison);
    let banner = simulated.map(|words| {
        let rest = words.strip_prefix("simulated: ").unwrap_or(&words);
        let rest = markup::sentence(rest);
        format!("<p class=\"simulated\"><strong>Simulated</strong>: {rest}</p>\n")
    });
    markup::classed("lede", rest) + &banner.unwrap_or_default()
}
