//! What stands above and beneath the table, in text and in Markdown alike, as plain sentences.
//!
//! Names in them are as they came; the format neutralises the whole sentence.

use super::count;
use super::human::quotient;
use crate::compare::{Arm, Comparison, Floor, Ratio};
use crate::data::list;
use crate::metric::{COST, WALL, stem};
use std::collections::BTreeMap;

/// `push-vs-pull: 6 runs of 2 arms on medium-feature, host 0.5.0`
pub fn title(comparison: &Comparison) -> String {
    let runs: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
    let names = |names: &[&str]| list(names.iter().map(ToString::to_string).collect());
    let named = |before: &str, what: &[&str]| {
        if what.is_empty() {
            String::new()
        } else {
            format!("{before}{}", names(what))
        }
    };
    let experiment = named("", &comparison.experiments);
    let experiment = if experiment.is_empty() {
        "comparison".to_owned()
    } else {
        experiment
    };
    let size = format!(
        "{} of {}",
        count(runs, "run"),
        count(comparison.arms.len(), "arm")
    );
    format!(
        "{experiment}: {size}{}{}",
        named(" on ", &comparison.templates),
        named(", host ", &comparison.hosts)
    )
}

/// The line that says no real agent worked, or in which arms none did.
pub fn simulated(comparison: &Comparison) -> Option<String> {
    let total: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
    let simulated: usize = comparison.arms.iter().map(Arm::simulated).sum();
    if simulated == total {
        return Some("simulated: no real agent worked in these runs".to_owned());
    }
    let named = |arm: &Arm| format!("{} {} of {}", arm.label, arm.simulated(), arm.runs.len());
    let arms = comparison
        .arms
        .iter()
        .filter(|arm| arm.simulated() > 0)
        .map(named)
        .collect();
    (simulated > 0).then(|| {
        format!(
            "simulated: no real agent worked in {simulated} of {total} runs ({})",
            list(arms)
        )
    })
}

/// `push: 1 timeout (push-r2)`: one line for each arm in which a run did not complete.
pub fn not_completed(comparison: &Comparison) -> Vec<String> {
    comparison
        .arms
        .iter()
        .filter(|arm| arm.completed < arm.runs.len())
        .map(ends)
        .collect()
}

fn ends(arm: &Arm) -> String {
    let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in arm.runs.iter().filter(|row| !row.is_completed()) {
        let why = row
            .failed
            .as_ref()
            .map_or(String::new(), |failed| format!(": {}", failed.1));
        ends.entry(row.end())
            .or_default()
            .push(format!("{}{why}", row.run.id));
    }
    let ends = ends
        .into_iter()
        .map(|(end, runs)| format!("{} {end} ({})", runs.len(), list(runs)));
    format!("{}: {}", arm.label, ends.collect::<Vec<_>>().join("; "))
}

/// The ratios' table: one row per arm but the baseline; the first cell is the arm's name.
pub fn ratios<'a>(comparison: &'a Comparison) -> Vec<(&'a str, [String; 4])> {
    let ratio = |ratio: &Ratio| {
        ratio
            .as_ref()
            .map_or_else(|_| "-".to_owned(), |value| quotient(*value))
    };
    let agents = |arm: &Arm| {
        arm.agents()
            .map_or_else(|| "-".to_owned(), |agents| agents.to_string())
    };
    let row = |arm: &'a Arm| {
        let Arm { ratios, label, .. } = arm;
        (
            label.as_str(),
            [
                agents(arm),
                ratio(&ratios.speedup),
                ratio(&ratios.cost),
                ratio(&ratios.efficiency),
            ],
        )
    };
    comparison.arms.iter().skip(1).map(row).collect()
}

/// The heads of the columns of [`ratios`].
pub const RATIOS: [&str; 4] = ["agents", "speedup", "cost ratio", "efficiency"];

/// `against solo (named in the manifest)`
pub fn baseline(comparison: &Comparison) -> String {
    let label = comparison.arms.first().map_or("", |arm| arm.label.as_str());
    if comparison.arms.len() == 1 {
        return format!("baseline {label}: the only arm, so there is nothing to compare it with");
    }
    format!("against {label}, the baseline ({})", comparison.baseline_by)
}

/// How to read the table.
pub fn table_notes(comparison: &Comparison) -> Vec<String> {
    let mut notes = vec![
        "mean ± standard deviation over runs; - is unknown; lower, higher: which is better".to_owned(),
        "times and what is derived from them: completed runs only; cost, counts and shares: every run that has a \
         value, but for cancelled and infra"
            .to_owned(),
    ];
    notes.extend(missing(comparison));
    notes
}

/// How to read the ratios, and why some are missing.
pub fn ratio_notes(comparison: &Comparison) -> Vec<String> {
    if comparison.arms.len() < 2 {
        return Vec::new();
    }
    let base = &comparison.arms[0].label;
    let (wall, cost) = (stem(WALL), stem(COST));
    let mut notes = vec![format!(
        "speedup = {wall} of {base} / of the arm; cost ratio = {cost} of the arm / of {base}; efficiency = speedup x \
         agents of {base} / of the arm; each a ratio of geometric means over runs with positive values"
    )];
    notes.extend(undefined(comparison));
    notes.extend(comparison.floor.as_ref().map(floor));
    notes
}

/// Columns for which some runs that should enter have no value.
fn missing(comparison: &Comparison) -> Option<String> {
    let mut missing = Vec::new();
    for (at, column) in comparison.columns.iter().enumerate() {
        for arm in &comparison.arms {
            let n = arm.cells[at].map_or(0, |cell| cell.n);
            let all = arm.entering(column.kind.over);
            if n > 0 && n < all {
                missing.push(format!(
                    "{} of {} in {n} of {all} runs",
                    column.title(),
                    arm.label
                ));
            }
        }
    }
    (!missing.is_empty()).then(|| format!("known only in part: {}", list(missing)))
}

/// Why a ratio is missing, the same reason once.
fn undefined(comparison: &Comparison) -> Vec<String> {
    let mut reasons: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for arm in comparison.arms.iter().skip(1) {
        let ratios = &arm.ratios;
        for (name, ratio) in [
            ("speedup", &ratios.speedup),
            ("cost ratio", &ratios.cost),
            ("efficiency", &ratios.efficiency),
        ] {
            let Err(why) = ratio else { continue };
            if name == "efficiency" && ratios.speedup.is_err() {
                continue; // follows from the speedup
            }
            match reasons
                .iter_mut()
                .find(|reason| reason.0 == name && reason.1 == why)
            {
                Some(reason) => reason.2.push(arm.label.clone()),
                None => reasons.push((name, why, vec![arm.label.clone()])),
            }
        }
    }
    reasons
        .into_iter()
        .map(|(name, why, arms)| format!("no {name} for {}: {why}", list(arms)))
        .collect()
}

fn floor(floor: &Floor) -> String {
    let several = floor.pairs.len() > 1;
    let pair = |(arms, n, base, p): &(Vec<String>, usize, usize, f64)| {
        let who = if several {
            format!(" ({})", list(arms.clone()))
        } else {
            String::new()
        };
        let cannot = if *p < 1.0 {
            format!("a difference at p < {}", two_digits(*p))
        } else {
            "any difference".into()
        };
        format!(
            "{n} against {} cannot show {cannot}{who}",
            count(*base, "completed run")
        )
    };
    let pairs: Vec<String> = floor.pairs.iter().map(pair).collect();
    let mut note = format!(
        "{} (exact rank test); p < 0.05 needs {} runs per arm",
        pairs.join("; "),
        floor.needed
    );
    let (comparisons, needed) = floor.needed_by_all;
    if needed > floor.needed {
        note += &format!(", and {needed} for {comparisons} comparisons (Holm)");
    }
    note
}

/// Two digits, rounded down: what is below it cannot be reached.
fn two_digits(p: f64) -> String {
    let decimals = 1 - p.log10().floor() as i32;
    let shift = 10f64.powi(decimals);
    format!(
        "{:.*}",
        decimals.max(0) as usize,
        (p * shift + 1e-9).floor() / shift
    )
}
