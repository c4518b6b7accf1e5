//! What does not belong together.
//!
//! One run at two places must be the same run. Inside an arm everything but the seed must agree, or its mean mixes two
//! things. Between arms the manifest may vary what it likes; but an input in which the arms of one place agree, and those
//! of another agree on something else, was varied by the place.

use crate::args::Args;
use crate::choice;
use crate::found::Found;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tg_stage::{Error, say};

/// What replicates of an arm are made to differ in.
const SEED: &str = "seed";

/// What arms are made to differ in.
const VARIED: [&str; 4] = ["workflow", "agents", "template", SEED];

/// Everything that forbids to bring `runs` together.
pub fn faults(runs: &[Found], args: &Args) -> Vec<Error> {
    let mut faults: Vec<Error> = experiments(runs).into_iter().collect();
    faults.extend(copies(runs, args));
    let chosen = choice::of(runs);
    faults.extend(arms(&chosen, args));
    faults.extend(places(&chosen, args));
    faults
}

fn fault(subject: impl std::fmt::Display, cause: String) -> Error {
    Error::input(subject, cause)
}

fn experiments(runs: &[Found]) -> Option<Error> {
    let mut names: BTreeMap<&str, &Found> = BTreeMap::new();
    for run in runs {
        names.entry(&run.run.experiment).or_insert(run);
    }
    let (first, other) = (names.pop_first()?, names.pop_first()?);
    let cause = format!(
        "is of {}, and {} of {}",
        first.0,
        other.1.dir.display(),
        other.0
    );
    Some(fault(first.1.dir.display(), cause))
}

/// Runs that several places have: with other inputs, or run twice.
fn copies(runs: &[Found], args: &Args) -> Vec<Error> {
    let mut faults = Vec::new();
    for (id, copies) in choice::by_id(runs) {
        let subject = format!("run {id}");
        let first = copies[0];
        let other = copies
            .iter()
            .find(|run| run.run.inputs_sha256 != first.run.inputs_sha256);
        if let Some(other) = other {
            let keys = differing(first, other).join(", ");
            let cause = format!("its inputs differ in {keys}: {}", pair(first, other));
            faults.push(fault(subject, cause));
            continue;
        }
        let mut over = copies.iter().filter(|run| run.is_over());
        let Some(first) = over.next() else { continue };
        let Some(other) = over.find(|run| run.snapshot != first.snapshot) else {
            continue;
        };
        let cause = format!("was run twice: {}", pair(first, other));
        if args.keep_first {
            say(format_args!(
                "{}: {subject}: {cause}; the first is kept",
                crate::TOOL
            ));
        } else {
            faults.push(fault(
                subject,
                format!("{cause} (--keep-first keeps the first)"),
            ));
        }
    }
    faults
}

fn pair(first: &Found, other: &Found) -> String {
    format!("{} and {}", first.dir.display(), other.dir.display())
}

fn differing<'r>(one: &'r Found, other: &'r Found) -> Vec<&'r str> {
    let keys: BTreeSet<&String> = one
        .run
        .inputs
        .keys()
        .chain(other.run.inputs.keys())
        .collect();
    let differs = |key: &&String| one.run.inputs.get(*key) != other.run.inputs.get(*key);
    keys.into_iter()
        .filter(differs)
        .map(String::as_str)
        .collect()
}

/// Runs of one arm that differ in more than the seed.
fn arms(runs: &[&Found], args: &Args) -> Vec<Error> {
    let mut first: BTreeMap<&str, &Found> = BTreeMap::new();
    let mut faults = Vec::new();
    for run in runs {
        let before = first.entry(&run.run.arm).or_insert(run);
        let keys: Vec<&str> = differing(before, run)
            .into_iter()
            .filter(|key| *key != SEED && !is_allowed(args, key))
            .collect();
        if !keys.is_empty() {
            let cause = format!(
                "its runs differ in {}: {}",
                keys.join(", "),
                pair(before, run)
            );
            faults.push(fault(format!("arm {}", run.run.arm), cause));
        }
    }
    faults
}

fn is_allowed(args: &Args, key: &str) -> bool {
    args.allow.iter().any(|allowed| allowed == key)
}

/// Inputs that are constant at each place, and not between places.
fn places(runs: &[&Found], args: &Args) -> Vec<Error> {
    let keys: BTreeSet<&String> = runs.iter().flat_map(|run| run.run.inputs.keys()).collect();
    let checked = keys
        .into_iter()
        .filter(|key| !VARIED.contains(&key.as_str()) && !is_allowed(args, key));
    checked.filter_map(|key| place(runs, key)).collect()
}

fn place(runs: &[&Found], key: &str) -> Option<Error> {
    let mut values: BTreeMap<&Path, BTreeSet<Option<&String>>> = BTreeMap::new();
    for run in runs {
        let value = run.run.inputs.get(key);
        values.entry(&run.place).or_default().insert(value);
    }
    let all: BTreeSet<_> = values.values().flatten().collect();
    if all.len() < 2 || values.values().any(|own| own.len() > 1) {
        return None;
    }
    let names: Vec<String> = values
        .keys()
        .map(|place| place.display().to_string())
        .collect();
    let cause = format!(
        "places differ in it: {} (--allow {key} brings them together all the same)",
        names.join(", ")
    );
    Some(fault(format!("input {key}"), cause))
}
