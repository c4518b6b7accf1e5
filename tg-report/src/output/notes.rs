//! What stands above and beneath the table, in text and in Markdown alike, as plain sentences.
//!
//! Names in them are as they came; the format neutralises the whole sentence.

use crate::arm::Arm;
use crate::compare::Comparison;
use crate::words::{count, list};
use std::collections::BTreeMap;

/// `push-vs-pull: 6 runs of 2 arms on medium-feature, host 0.5.0`
pub fn title(comparison: &Comparison) -> String {
    let named = |before: &str, names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("{before}{}", list(names))
        }
    };
    let experiments = named("", &comparison.experiments);
    let experiments = if experiments.is_empty() {
        "comparison"
    } else {
        &experiments
    };
    let runs = count(total(comparison), "run");
    let arms = count(comparison.arms.len(), "arm");
    let on = named(" on ", &comparison.templates);
    let host = named(", host ", &comparison.hosts);
    format!("{experiments}: {runs} of {arms}{on}{host}")
}

fn total(comparison: &Comparison) -> usize {
    comparison.arms.iter().map(|arm| arm.runs.len()).sum()
}

/// The line that says no real agent worked, or in which arms none did.
pub fn simulated(comparison: &Comparison) -> Option<String> {
    let simulated: usize = comparison.arms.iter().map(Arm::simulated).sum();
    let total = total(comparison);
    if simulated == 0 {
        return None;
    }
    if simulated == total {
        let pace = pace(comparison).unwrap_or_default();
        return Some(format!(
            "simulated: no real agent worked in these runs{pace}"
        ));
    }
    let named = |arm: &Arm| format!("{} of {} in {}", arm.simulated(), arm.runs.len(), arm.label);
    let arms = comparison
        .arms
        .iter()
        .filter(|arm| arm.simulated() > 0)
        .map(named)
        .collect();
    Some(format!(
        "simulated: no real agent worked in {simulated} of {total} runs ({})",
        list(arms)
    ))
}

/// How fast the stand-in's clock went, if it went alike in all runs: times are of that clock, cost is not.
fn pace(comparison: &Comparison) -> Option<String> {
    let mut rows = comparison.arms.iter().flat_map(|arm| &arm.runs);
    let scale = rows.next()?.run.stand_in.as_ref()?.time_scale;
    let same = |row: &crate::row::Row| -> bool {
        row.run
            .stand_in
            .as_ref()
            .is_some_and(|model| model.time_scale.total_cmp(&scale).is_eq())
    };
    rows.all(|row| same(row)).then(|| {
        format!(
            "; an hour of work took {} s on the clock, and costs what the hour would",
            (3_600_000.0 * scale).round() / 1000.0
        )
    })
}

/// `push: 1 timeout (push-r2)`: one line for each arm in which a run did not complete.
pub fn not_completed(comparison: &Comparison) -> Vec<String> {
    let some = comparison
        .arms
        .iter()
        .filter(|arm| arm.completed < arm.runs.len());
    some.map(ends).collect()
}

/// Outcomes that need no word more: the report tells of failed tasks elsewhere, and who cancelled a run knows.
const KNOWN: [&str; 3] = ["failed_tasks", "cancelled", "unknown"];

/// What is enough of the words for an outcome, of which the first run of its kind has some.
fn short(why: &str) -> String {
    const MOST: usize = 100;
    let mut text: String = why.chars().take(MOST).collect();
    if text.len() < why.len() {
        text += "...";
    }
    text
}

fn ends(arm: &Arm) -> String {
    let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in arm.runs.iter().filter(|row| !row.is_completed()) {
        let runs = ends.entry(row.end()).or_default();
        let told = row
            .why
            .as_deref()
            .filter(|_| runs.is_empty() && !KNOWN.contains(&&*row.outcome));
        let failed = row.failed.as_ref().map(|failed| failed.1.as_str());
        let why = failed.map(String::from).or(told.map(short));
        let why = why.map(|why| format!(": {why}"));
        runs.push(format!("{}{}", row.run.id, why.unwrap_or_default()));
    }
    let ends = ends
        .into_iter()
        .map(|(end, runs)| format!("{} {end} ({})", runs.len(), list(runs)));
    format!("{}: {}", arm.label, ends.collect::<Vec<_>>().join("; "))
}

/// How to read the table.
pub fn table(comparison: &Comparison) -> Vec<String> {
    let mut notes = vec![
        "mean ± standard deviation over runs; - is unknown; lower, higher: which is better".to_owned(),
        "times, and what is derived from them, are over completed runs; cost, counts and shares over all \
         that have a value, except cancelled, infra and never_connected ones, which say nothing of the agents"
            .to_owned(),
    ];
    notes.extend(known_in_part(comparison));
    notes
}

/// Columns for which some runs that should enter have no value.
fn known_in_part(comparison: &Comparison) -> Option<String> {
    let mut parts = Vec::new();
    for (at, column) in comparison.shown() {
        for arm in &comparison.arms {
            let n = arm.cells[at].map_or(0, |cell| cell.n);
            let all = arm.expected(column.kind.over);
            if n > 0 && n < all {
                parts.push(format!(
                    "{} of {} in {n} of {all} runs",
                    column.title(),
                    arm.label
                ));
            }
        }
    }
    let is_any = !parts.is_empty();
    is_any.then(|| format!("known only in part: {}", list(parts)))
}
