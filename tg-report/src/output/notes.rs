//! The text above and beneath the table, for all formats for people.
//!
//! Names are as they came from the input; the format neutralises the whole sentence.

use crate::arm::Arm;
use crate::columns::ChosenBy;
use crate::compare::Comparison;
use crate::row::{Ending, RunRow};
use crate::text::{count, join, list};
use std::collections::BTreeMap;
use tg_stage::Outcome;

/// The name of the number of completed runs: that of the outcome.
pub fn completed() -> &'static str {
    static COMPLETED: Outcome = Outcome::Completed;
    COMPLETED.name()
}

/// `push-vs-pull: 6 runs of 2 arms on medium-feature, host 0.5.0`
pub fn title(comparison: &Comparison) -> String {
    let names = list(&comparison.experiments);
    let names = if names.is_empty() {
        "comparison"
    } else {
        &names
    };
    format!("{names}: {}", size(comparison))
}

/// `6 runs of 2 arms on medium-feature, host 0.5.0`
pub fn size(comparison: &Comparison) -> String {
    let named = |before: &str, names: &[&str]| match names {
        [] => String::new(),
        names => format!("{before}{}", list(names)),
    };
    let runs = count(comparison.total(), "run");
    let arms = count(comparison.arms.len(), "arm");
    let on = named(" on ", &comparison.templates);
    let host = named(", host ", &comparison.hosts);
    format!("{runs} of {arms}{on}{host}")
}

pub fn baseline_by(by: ChosenBy) -> &'static str {
    match by {
        ChosenBy::Flag => "--baseline",
        ChosenBy::Manifest => "named in the manifest",
        ChosenBy::Solo => "the arm called solo",
        ChosenBy::First => "the first arm",
    }
}

pub fn primary_by(by: ChosenBy) -> &'static str {
    match by {
        ChosenBy::Flag => "--primary",
        ChosenBy::Manifest => "the manifest's",
        ChosenBy::Solo | ChosenBy::First => "the first metric",
    }
}

/// The statement that no real agent worked, or the arms in which none did. It follows the word `simulated`.
pub fn simulated(comparison: &Comparison) -> Option<String> {
    let (simulated, total) = (comparison.simulated(), comparison.total());
    if simulated == 0 {
        return None;
    }
    if simulated == total {
        let pace = pace(comparison).unwrap_or_default();
        return Some(format!("no real agent worked in these runs{pace}"));
    }
    let arms = comparison.arms.iter().filter(|arm| arm.simulated() > 0);
    let arms =
        arms.map(|arm| format!("{} of {} in {}", arm.simulated(), arm.runs.len(), arm.label));
    let arms = list(arms);
    Some(format!(
        "no real agent worked in {simulated} of {total} runs ({arms})"
    ))
}

/// The speed of the simulated agent's clock, if it was the same in all runs: times are of that clock, cost is not.
fn pace(comparison: &Comparison) -> Option<String> {
    let mut rows = comparison.arms.iter().flat_map(|arm| &arm.runs);
    let scale = rows.next()?.run.stand_in.as_ref()?.time_scale;
    let own = rows.map(|row| row.run.stand_in.as_ref().map(|model| model.time_scale));
    let mut own = own.map(|own| own.is_some_and(|own| own.total_cmp(&scale).is_eq()));
    own.all(|is_same| is_same).then(|| {
        format!(
            "; an hour of work took {} s on the clock, and costs what the hour would",
            (3_600_000.0 * scale).round() / 1000.0
        )
    })
}

/// A sentence for each arm in which some run was tried more than once.
pub fn attempts(comparison: &Comparison) -> Vec<String> {
    let is_retried = |arm: &&Arm| arm.runs.iter().any(|row| row.attempt() > 1);
    let sentence = |arm: &Arm| {
        let attempts = arm.attempts();
        let ends = attempts.earlier.iter();
        format!(
            "{}: {} at {}, the machinery failed in {}; earlier ones ended as {}",
            arm.label,
            count(attempts.made, "attempt"),
            count(arm.runs.len(), "run"),
            attempts.machinery,
            list(ends.map(|(end, times)| format!("{times} {end}")))
        )
    };
    let arms = comparison.arms.iter().filter(is_retried);
    arms.map(sentence).collect()
}

/// `push: 1 timeout (push-r2)`: one line for each arm in which a run did not complete.
pub fn not_completed(comparison: &Comparison) -> Vec<String> {
    let arms = comparison.arms.iter();
    let some = arms.filter(|arm| arm.completed < arm.runs.len());
    some.map(ends).collect()
}

/// The reason for the end of a run, except for outcomes that need none: failed tasks are reported elsewhere, and a run is
/// cancelled by its user.
fn reason(row: &RunRow) -> Option<String> {
    use Outcome::{Cancelled, FailedTasks};
    match &row.ending {
        Ending::Failed(_, message) => Some(message.clone()),
        Ending::Unknown | Ending::Outcome(FailedTasks | Cancelled) => None,
        Ending::Outcome(_) | Ending::CutOff => row.why.as_deref().map(shortened),
    }
}

/// The beginning of the reason for an outcome.
fn shortened(why: &str) -> String {
    const MOST: usize = 100;
    let mut text: String = why.chars().take(MOST).collect();
    if text.len() < why.len() {
        text += "...";
    }
    text
}

/// The ends of an arm's runs, each with its runs; the first run of a kind has the reason.
fn ends(arm: &Arm) -> String {
    let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in arm.runs.iter().filter(|row| !row.is_completed()) {
        let runs = ends.entry(row.ending.name()).or_default();
        let is_failed = row.ending.failure().is_some();
        let why = reason(row).filter(|_| runs.is_empty() || is_failed);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        runs.push(format!("{}{why}", row.run.id));
    }
    let ends = ends.into_iter();
    let ends = ends.map(|(end, runs)| format!("{} {end} ({})", runs.len(), list(runs)));
    format!("{}: {}", arm.label, join(ends, "; "))
}

/// The explanation of the table.
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

/// Columns in which some runs that should enter have no value.
fn known_in_part(comparison: &Comparison) -> Option<String> {
    let mut parts = Vec::new();
    for (at, column) in comparison.shown() {
        for arm in &comparison.arms {
            let n = arm.summaries[at].map_or(0, |summary| summary.n);
            let all = arm.expected(column.kind.over);
            if n > 0 && n < all {
                let title = column.title();
                parts.push(format!("{title} of {} in {n} of {all} runs", arm.label));
            }
        }
    }
    (!parts.is_empty()).then(|| format!("known only in part: {}", list(parts)))
}
