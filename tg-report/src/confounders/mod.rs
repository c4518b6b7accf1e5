//! Confounders: keys that should be constant and are not.
//!
//! Inside an arm everything but the seed must agree, or its mean mixes two things. Between arms only some keys must:
//! agent counts and workflows differ on purpose. A value that the record spells out is compared as such, an input by its
//! hash. A key that a record does not have at all (the host's version, the inputs) counts neither way. A key of `--by` is
//! not a confounder: it is the one compared.

mod keys;

use crate::arm::Arm;
use crate::columns::Column;
use crate::row::RunRow;
use keys::{COST_SOURCE, COVERED, KEYS, Key, Scope, TEMPLATE, VARIED, or_none};
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::metric::Unit;

/// A key that varies where it should be constant.
#[derive(Debug, Clone)]
pub struct Confounder {
    /// The key: `model`, `host`, `inputs.agent`, `seeds` ...
    pub key: String,
    pub place: Place,
    /// Each value with the ids of its runs; empty for seeds.
    pub values: Vec<(String, Vec<String>)>,
}

/// The runs between which a key varies.
#[derive(Debug, Clone)]
pub enum Place {
    /// Between the runs of this arm.
    InArm(String),
    /// Between arms: their labels with their values.
    Between(Vec<(String, String)>),
    /// Seeds, and so the work itself: these arms met other seeds than the baseline.
    Seeds {
        baseline: String,
        others: Vec<String>,
    },
}

impl Confounder {
    pub fn is_in_arm(&self) -> bool {
        matches!(self.place, Place::InArm(_))
    }

    /// True if it forbids to call a winner of `arm` against `baseline` on that metric.
    pub fn forbids(&self, baseline: &Arm, arm: &Arm, column: &Column) -> bool {
        let is_it = |label: &String| *label == baseline.label || *label == arm.label;
        if self.key == COST_SOURCE && column.kind.unit != Unit::Usd {
            return false;
        }
        match &self.place {
            Place::InArm(label) => is_it(label),
            Place::Between(_) if self.key == TEMPLATE => false,
            Place::Between(values) => {
                let concerned = values.iter().filter(|value| is_it(&value.0));
                let values: BTreeSet<&String> = concerned.map(|value| &value.1).collect();
                values.len() > 1
            }
            Place::Seeds { baseline, others } => is_it(baseline) && others.iter().any(is_it),
        }
    }
}

/// All confounders, but for the keys of `by`.
pub fn confounders(arms: &[Arm], by: &[String]) -> Vec<Confounder> {
    let is_free = |key: &str| {
        by.iter()
            .any(|by| by == key || by.starts_with(&format!("{key}.")))
    };
    let keys: Vec<&Key> = KEYS.iter().filter(|key| !is_free(key.0)).collect();
    let within = arms.iter().flat_map(|arm| within(arm, &keys, &is_free));
    let mut found: Vec<Confounder> = within.collect();
    let everywhere = keys.iter().filter(|key| key.1 == Scope::Everywhere);
    found.extend(everywhere.filter_map(|(key, _, value)| between(arms, key, value)));
    for key in input_keys(arms.iter()) {
        if !VARIED.contains(&key) && !is_covered(key, &found, &is_free) {
            let hash = |row: &RunRow| row.run.inputs.get(key).cloned();
            found.extend(between(arms, &format!("inputs.{key}"), &hash));
        }
    }
    found.extend(seeds(arms));
    found
}

/// True if an input is free to vary, or a key found to vary covers it.
fn is_covered(input: &str, found: &[Confounder], is_free: &impl Fn(&str) -> bool) -> bool {
    let mut covering = COVERED.iter().filter(|pair| pair.0 == input);
    is_free(input)
        || covering.any(|(_, key)| is_free(key) || found.iter().any(|other| other.key == *key))
}

fn input_keys<'a>(arms: impl Iterator<Item = &'a Arm<'a>>) -> BTreeSet<&'a str> {
    let rows = arms.flat_map(|arm| &arm.runs);
    let keys = rows.flat_map(|row| row.run.inputs.keys());
    keys.map(String::as_str).collect()
}

/// Keys in which the runs of one arm differ. An input is not reported by its hash if its key is reported already.
fn within(arm: &Arm, keys: &[&Key], is_free: &impl Fn(&str) -> bool) -> Vec<Confounder> {
    let differing = keys
        .iter()
        .filter_map(|(key, _, value)| differ(arm, key, value));
    let mut found: Vec<Confounder> = differing.collect();
    for key in input_keys(std::iter::once(arm)) {
        if key != "seed" && !is_covered(key, &found, is_free) {
            let hash = |row: &RunRow| {
                let inputs = Some(&row.run.inputs).filter(|inputs| !inputs.is_empty())?;
                Some(or_none(inputs.get(key).cloned()))
            };
            found.extend(differ(arm, &format!("inputs.{key}"), &hash));
        }
    }
    found
}

fn differ(arm: &Arm, key: &str, value: &impl Fn(&RunRow) -> Option<String>) -> Option<Confounder> {
    let values = by_value(std::slice::from_ref(arm), value);
    (values.len() > 1).then(|| Confounder {
        key: key.to_owned(),
        place: Place::InArm(arm.label.clone()),
        values,
    })
}

/// The ids of the runs of `arms` by their value.
fn by_value(
    arms: &[Arm],
    value: &impl Fn(&RunRow) -> Option<String>,
) -> Vec<(String, Vec<String>)> {
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in arms.iter().flat_map(|arm| &arm.runs) {
        if let Some(value) = value(row) {
            runs.entry(value).or_default().push(row.run.id.clone());
        }
    }
    runs.into_iter().collect()
}

/// A key that each arm holds constant, at different values.
fn between(
    arms: &[Arm],
    key: &str,
    value: &impl Fn(&RunRow) -> Option<String>,
) -> Option<Confounder> {
    let mut values: Vec<(String, String)> = Vec::new();
    for arm in arms {
        let own: BTreeSet<String> = arm.runs.iter().filter_map(|row| value(row)).collect();
        if own.len() == 1 {
            // An arm with several values is reported by `within`.
            values.extend(own.into_iter().map(|value| (arm.label.clone(), value)));
        }
    }
    let distinct: BTreeSet<&String> = values.iter().map(|value| &value.1).collect();
    (distinct.len() > 1).then(|| Confounder {
        key: key.to_owned(),
        values: by_value(arms, value),
        place: Place::Between(values),
    })
}

/// Arms that met other seeds than the baseline: neither has all the seeds of the other.
fn seeds(arms: &[Arm]) -> Option<Confounder> {
    let set = |arm: &Arm| Some(arm.seeds()?.into_iter().collect::<BTreeSet<u64>>());
    let (first, others) = arms.split_first()?;
    let baseline = set(first)?;
    let is_apart = |arm: &&Arm| {
        set(arm).is_some_and(|own| !own.is_subset(&baseline) && !baseline.is_subset(&own))
    };
    let others = others.iter().filter(is_apart);
    let others: Vec<String> = others.map(|arm| arm.label.clone()).collect();
    (!others.is_empty()).then(|| Confounder {
        key: "seeds".to_owned(),
        place: Place::Seeds {
            baseline: first.label.clone(),
            others,
        },
        values: Vec::new(), // every run has a seed of its own on purpose
    })
}
