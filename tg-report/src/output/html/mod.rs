//! The report as one HTML page that contains everything: no script, no network, light and dark, screen and paper.
//!
//! Its sentences and tables are those of the other formats, with figures added ([`crate::chart`]). Every part is a
//! function from the comparison to HTML, empty if there is nothing to show.

mod compared;
mod figure;
mod inside;
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

use super::{notes, warnings};
use crate::compare::Comparison;
use crate::report::Report;
use crate::text::{count, list};
use figure::side_by_side;
use markup::{Page, classed, paragraph, sentence, terms};
use std::collections::{BTreeMap, BTreeSet};

pub fn render(report: &Report) -> String {
    let comparison = &report.comparison;
    let warnings = markup::list("", &warnings::messages(comparison));
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
            "Answers to the questions",
            tables::answers(report),
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
        ("inside", "Inside the runs", inside(comparison)),
        ("scaling", "Scaling", scaling::section(comparison)),
        ("warnings", "Warnings", warnings),
        ("reading", "How to read this page", reading::section()),
        ("raw", "Raw values", raw::section(comparison)),
    ] {
        page.section(id, heading, &content);
    }
    let title = match list(&comparison.experiments) {
        names if names.is_empty() => "Comparison".to_owned(),
        names => names,
    };
    page.finish(&title, &opening(comparison), &closing(comparison))
}

/// The lines above everything: the amount of data, and a banner if no real agent worked.
fn opening(comparison: &Comparison) -> String {
    let banner = notes::simulated(comparison).map(|simulated| {
        let simulated = sentence(&simulated);
        format!("<p class=\"simulated\"><strong>Simulated</strong>: {simulated}</p>\n")
    });
    classed("lede", &notes::size(comparison)) + &banner.unwrap_or_default()
}

/// The inside of the runs, or the way to get its records.
fn inside(comparison: &Comparison) -> String {
    if comparison.insides().next().is_none() {
        return classed(
            "missing",
            "No figure: the input has no records of agents and tasks. tg-metrics --per agent,task prints them after each run's own",
        );
    }
    let intro = "These figures describe what happened inside completed runs; tasks and agents of one run depend on each other, so \
                 nothing here is tested";
    let figures = [
        inside::utilization(comparison),
        inside::balance(comparison),
        waits::figure(comparison),
    ];
    paragraph(intro)
        + &inside::unknown(comparison)
        + &side_by_side(&figures, false)
        + &timeline::section(comparison)
}

/// The lines at the end: the version and the inputs. No time of day: the same input gives the same bytes.
fn closing(comparison: &Comparison) -> String {
    let made = format!(
        "Made by tg-report {} from {}; it holds everything it shows, fetches nothing and runs no script. tg-report --format json has every \
         number at full precision",
        env!("CARGO_PKG_VERSION"),
        count(comparison.total(), "run record"),
    );
    let mut inputs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in comparison.arms.iter().flat_map(|arm| &arm.runs) {
        for (name, hash) in row.run.inputs.iter().filter(|input| input.0 != "seed") {
            inputs.entry(name).or_default().insert(hash);
        }
    }
    if inputs.is_empty() {
        return paragraph(&made);
    }
    let shortened = |hash: &str| hash.chars().take(12).collect::<String>();
    let hashes = inputs.into_iter();
    let hashes = hashes.map(|(name, all)| (name, list(all.into_iter().map(shortened))));
    paragraph(&made)
        + &paragraph("Inputs of the runs, the first digits of their SHA-256:")
        + &terms(&hashes.collect::<Vec<_>>())
}
