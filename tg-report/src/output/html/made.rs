//! How the page was made: by which version, from which inputs. No time of day: the same input gives the same bytes.

use super::markup::{paragraph, terms};
use crate::compare::Comparison;
use crate::words::{count, list};
use std::collections::{BTreeMap, BTreeSet};

/// What stands at the end.
pub fn section(comparison: &Comparison) -> String {
    let runs: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
    let made = format!(
        "Made by tg-report {} from {}; it holds everything it shows, fetches nothing and runs no script. tg-report --format json has every \
         number at full precision",
        env!("CARGO_PKG_VERSION"),
        count(runs, "run record"),
    );
    let mut inputs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in comparison.arms.iter().flat_map(|arm| &arm.runs) {
        for (name, hash) in row.run.inputs.iter().filter(|input| input.0 != "seed") {
            inputs.entry(name).or_default().insert(hash);
        }
    }
    let short = |hash: &&str| hash.chars().take(12).collect::<String>();
    let hashes = inputs
        .iter()
        .map(|(name, hashes)| (*name, list(hashes.iter().map(short).collect())));
    let hashes: Vec<(&str, String)> = hashes.collect();
    if hashes.is_empty() {
        return paragraph(&made);
    }
    paragraph(&made)
        + &paragraph("Inputs of the runs, the first digits of their SHA-256:")
        + &terms(&hashes)
}
