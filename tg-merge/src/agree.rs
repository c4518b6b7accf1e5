//! The reasons for which runs do not belong together.
//!
//! One run at two places must be the same run. In an arm all inputs but the seed must agree, or its mean mixes two things.
//! Between arms the manifest may vary any input; but if the arms of one place agree on an input, and those of another
//! agree on another value, then the place varied it and not the manifest.

use crate::args::Args;
use crate::run_copy::{self, RunCopy};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;
use tg_stage::{Error, say};

/// The input in which replicates of an arm differ.
const SEED: &str = "seed";

/// The inputs in which arms differ.
const VARIED: [&str; 4] = ["workflow", "agents", "template", SEED];

/// All reasons that forbid to merge `runs`.
pub fn faults(runs: &[RunCopy], args: &Args) -> Vec<Error> {
    let mut faults: Vec<Error> = experiment_fault(runs).into_iter().collect();
    faults.extend(copy_faults(runs, args));
    let chosen = run_copy::chosen(runs);
    faults.extend(arm_faults(&chosen, args));
    faults.extend(place_faults(&chosen, args));
    faults
}

fn fault(subject: impl Display, cause: String) -> Error {
    Error::input(subject, cause)
}

fn experiment_fault(runs: &[RunCopy]) -> Option<Error> {
    let mut names: BTreeMap<&str, Box<dyn Display + '_>> = BTreeMap::new();
    for run in runs {
        let dir = || Box::new(run.dir.path().display()) as Box<dyn Display>;
        names.entry(&run.run.experiment).or_insert_with(dir);
    }
    let ((name, dir), (other, other_dir)) = (names.pop_first()?, names.pop_first()?);
    Some(fault(
        dir,
        format!("is of {name}, and {other_dir} of {other}"),
    ))
}

/// Runs that several places have: with other inputs, or run twice.
fn copy_faults(runs: &[RunCopy], args: &Args) -> Vec<Error> {
    let mut faults = Vec::new();
    for (id, copies) in run_copy::by_id(runs) {
        let subject = format!("run {id}");
        let first = copies[0];
        let is_other = |run: &&&RunCopy| run.run.inputs_sha256 != first.run.inputs_sha256;
        if let Some(other) = copies.iter().find(is_other) {
            let keys = differing(first, other).join(", ");
            let cause = format!("its inputs differ in {keys}: {}", pair(first, other));
            faults.push(fault(subject, cause));
            continue;
        }
        let mut over = copies.iter().filter(|run| run.is_over);
        let Some(first) = over.next() else { continue };
        let Some(other) = over.find(|run| run.snapshot != first.snapshot) else {
            continue;
        };
        let cause = format!("was run twice: {}", pair(first, other));
        if args.keep_first {
            say(format_args!(
                "tg-merge: {subject}: {cause}; the first is kept"
            ));
        } else {
            let cause = format!("{cause} (--keep-first keeps the first)");
            faults.push(fault(subject, cause));
        }
    }
    faults
}

fn pair(first: &RunCopy, other: &RunCopy) -> String {
    let (first, other) = (first.dir.path(), other.dir.path());
    format!("{} and {}", first.display(), other.display())
}

/// The inputs in which two runs differ.
fn differing<'r>(first: &'r RunCopy, other: &'r RunCopy) -> Vec<&'r str> {
    let (first, other) = (&first.run.inputs, &other.run.inputs);
    let keys: BTreeSet<&String> = first.keys().chain(other.keys()).collect();
    let differs = |key: &&String| first.get(*key) != other.get(*key);
    let keys = keys.into_iter().filter(differs);
    keys.map(String::as_str).collect()
}

/// Arms with runs that differ in more than the seed.
fn arm_faults(runs: &[&RunCopy], args: &Args) -> Vec<Error> {
    let mut first: BTreeMap<&str, &RunCopy> = BTreeMap::new();
    let mut faults = Vec::new();
    for run in runs {
        let before = first.entry(&run.run.arm).or_insert(run);
        let mut keys = differing(before, run);
        keys.retain(|key| *key != SEED && !is_allowed(args, key));
        if !keys.is_empty() {
            let (keys, pair) = (keys.join(", "), pair(before, run));
            let cause = format!("its runs differ in {keys}: {pair}");
            faults.push(fault(format!("arm {}", run.run.arm), cause));
        }
    }
    faults
}

fn is_allowed(args: &Args, key: &str) -> bool {
    args.allow.iter().any(|allowed| allowed == key)
}

/// Inputs that are constant at each place, and not between places.
fn place_faults(runs: &[&RunCopy], args: &Args) -> Vec<Error> {
    let keys: BTreeSet<&String> = runs.iter().flat_map(|run| run.run.inputs.keys()).collect();
    let is_checked = |key: &&String| !VARIED.contains(&key.as_str()) && !is_allowed(args, key);
    let checked = keys.into_iter().filter(is_checked);
    checked.filter_map(|key| place_fault(runs, key)).collect()
}

fn place_fault(runs: &[&RunCopy], key: &str) -> Option<Error> {
    let mut values: BTreeMap<&Path, BTreeSet<Option<&String>>> = BTreeMap::new();
    for run in runs {
        let value = run.run.inputs.get(key);
        values.entry(&run.place).or_default().insert(value);
    }
    let all: BTreeSet<_> = values.values().flatten().collect();
    if all.len() < 2 || values.values().any(|own| own.len() > 1) {
        return None;
    }
    let names = values.keys().map(|place| place.display().to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    let cause = format!("places differ in it: {names} (--allow {key} merges them all the same)");
    Some(fault(format!("input {key}"), cause))
}
