//! What was to be held constant, and was not: the hidden dimensions of a comparison.
//!
//! Inside an arm everything but the seed must agree, or its mean mixes two things. Between arms only some keys must:
//! agent counts and workflows differ on purpose. Agreement is by value for what a record spells out, by hash for the
//! inputs. A key that a record does not have at all (the host's version, the inputs) says nothing either way. A key of
//! `--by` is no hidden dimension: it is the one compared.

use crate::against::seeds;
use crate::arm::Arm;
use crate::columns::Column;
use crate::held::{CONSTANTS, COST_SOURCE, COVERED, Constant, TEMPLATE, VARIED, Where, or_none};
use crate::row::Row;
use crate::warning::Warning;
use crate::words::list;
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::metric::Unit;

/// A key that varies where it must not.
#[derive(Debug, Clone)]
pub struct Hidden {
    /// The key: `model`, `host`, `inputs.agent`, `seeds` ...
    pub key: String,
    /// Whose runs vary in it.
    pub place: Place,
    /// The sentence that warns of it.
    pub message: String,
    /// Each value with the runs that have it.
    pub values: Vec<(String, Vec<String>)>,
}

/// Where a key varies.
#[derive(Debug, Clone)]
pub enum Place {
    /// Between the runs of this arm.
    In(String),
    /// Between arms: the arms' labels with their values.
    Between(Vec<(String, String)>),
}

impl Hidden {
    /// Whether no winner of `arm` against `baseline` can be called on that metric because of it.
    pub fn forbids(&self, baseline: &Arm, arm: &Arm, column: &Column) -> bool {
        let is_it = |label: &String| *label == baseline.label || *label == arm.label;
        if self.key == COST_SOURCE && column.kind.unit != Unit::Usd {
            return false;
        }
        match &self.place {
            Place::In(label) => is_it(label),
            Place::Between(_) if self.key == TEMPLATE => false,
            Place::Between(values) => {
                let concerned = values.iter().filter(|value| is_it(&value.0));
                concerned
                    .map(|value| &value.1)
                    .collect::<BTreeSet<_>>()
                    .len()
                    > 1
            }
        }
    }

    /// The warning.
    pub fn warning(&self) -> Warning {
        Warning {
            kind: match self.place {
                Place::In(_) => "varies_in_arm",
                Place::Between(_) => "varies_between_arms",
            },
            message: self.message.clone(),
        }
    }
}

/// Every key that varies where it must not, but for those of `by`.
pub fn hidden(arms: &[Arm], by: &[String]) -> Vec<Hidden> {
    let is_free = |key: &str| {
        by.iter()
            .any(|by| by == key || by.starts_with(&format!("{key}.")))
    };
    let constants: Vec<&Constant> = CONSTANTS.iter().filter(|key| !is_free(key.0)).collect();
    let mut hidden: Vec<Hidden> = arms
        .iter()
        .flat_map(|arm| within(arm, &constants, &is_free))
        .collect();
    let everywhere = constants
        .iter()
        .filter(|constant| constant.1 == Where::Everywhere);
    hidden.extend(everywhere.filter_map(|(key, _, value)| between(arms, key, value)));
    for key in input_keys(arms) {
        let is_said =
            covered(key).any(|by| is_free(by) || hidden.iter().any(|hidden| hidden.key == by));
        if !VARIED.contains(&key) && !is_said && !is_free(key) {
            let hash = |row: &Row| row.run.inputs.get(key).cloned();
            hidden.extend(between(arms, &format!("inputs.{key}"), &hash));
        }
    }
    hidden.extend(seed_sets(arms));
    hidden
}

/// Warnings of what concerns no single comparison: slots and metrics that mean several things.
pub fn warnings(arms: &[Arm]) -> Vec<Warning> {
    let mut warnings = slots(arms);
    warnings.extend(own_metrics(arms));
    warnings
}

fn covered(input: &str) -> impl Iterator<Item = &'static str> {
    COVERED
        .iter()
        .filter(move |pair| pair.0 == input)
        .map(|pair| pair.1)
}

fn input_keys<'a>(arms: &'a [Arm]) -> BTreeSet<&'a str> {
    let rows = arms.iter().flat_map(|arm| &arm.runs);
    rows.flat_map(|row| row.run.inputs.keys())
        .map(String::as_str)
        .collect()
}

/// Keys on which the runs of one arm differ; an input whose name says so already is not named again by its hash.
fn within(arm: &Arm, constants: &[&Constant], is_free: &impl Fn(&str) -> bool) -> Vec<Hidden> {
    let mut found: Vec<Hidden> = Vec::new();
    for (key, _, value) in constants {
        found.extend(differ(arm, key, &|row| value(row)));
    }
    let inputs = || {
        arm.runs
            .iter()
            .map(|row| &row.run.inputs)
            .filter(|inputs| !inputs.is_empty())
    };
    let keys: BTreeSet<&String> = inputs().flat_map(BTreeMap::keys).collect();
    for key in keys
        .into_iter()
        .filter(|key| *key != "seed" && !is_free(key))
    {
        let is_said =
            covered(key).any(|by| is_free(by) || found.iter().any(|hidden| hidden.key == by));
        if !is_said {
            let hash = |row: &Row| {
                let inputs = Some(&row.run.inputs).filter(|inputs| !inputs.is_empty())?;
                Some(or_none(inputs.get(key).cloned()))
            };
            found.extend(differ(arm, &format!("inputs.{key}"), &hash));
        }
    }
    found
}

fn differ(arm: &Arm, name: &str, value: &impl Fn(&Row) -> Option<String>) -> Option<Hidden> {
    let runs = by_value(std::slice::from_ref(arm), value);
    if runs.len() < 2 {
        return None;
    }
    let values = runs
        .iter()
        .map(|(value, runs)| format!("{} ({})", short(value), runs.len()));
    let values = list(values.collect());
    Some(Hidden {
        key: name.to_owned(),
        place: Place::In(arm.label.clone()),
        message: format!("runs of {} differ in {name}: {values}", arm.label),
        values: runs.into_iter().collect(),
    })
}

/// The ids of the runs of `arms` by their value.
fn by_value(
    arms: &[Arm],
    value: &impl Fn(&Row) -> Option<String>,
) -> BTreeMap<String, Vec<String>> {
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in arms.iter().flat_map(|arm| &arm.runs) {
        if let Some(value) = value(row) {
            runs.entry(value).or_default().push(row.run.id.clone());
        }
    }
    runs
}

/// A key that each arm holds constant, at different values.
fn between(arms: &[Arm], name: &str, value: &impl Fn(&Row) -> Option<String>) -> Option<Hidden> {
    let mut values: Vec<(String, String)> = Vec::new();
    for arm in arms {
        let own: BTreeSet<String> = arm.runs.iter().filter_map(|row| value(row)).collect();
        if own.len() == 1 {
            // More than one is said of that arm.
            values.extend(own.into_iter().map(|value| (arm.label.clone(), value)));
        }
    }
    let distinct: BTreeSet<&String> = values.iter().map(|value| &value.1).collect();
    if distinct.len() < 2 {
        return None;
    }
    let shown = values
        .iter()
        .map(|(arm, value)| format!("{arm} {}", short(value)));
    let shown = list(shown.collect());
    Some(Hidden {
        key: name.to_owned(),
        message: format!("arms differ in {name}: {shown}"),
        place: Place::Between(values),
        values: by_value(arms, value).into_iter().collect(),
    })
}

/// Arms that met other seeds than the baseline did, and so other work: neither has all the seeds of the other.
fn seed_sets(arms: &[Arm]) -> Option<Hidden> {
    let baseline: BTreeSet<u64> = seeds(arms.first()?)?.into_iter().collect();
    let apart = |arm: &&Arm| {
        let own: Option<BTreeSet<u64>> = seeds(arm).map(|seeds| seeds.into_iter().collect());
        own.is_some_and(|own| !own.is_subset(&baseline) && !baseline.is_subset(&own))
    };
    let apart: Vec<String> = arms[1..]
        .iter()
        .filter(apart)
        .map(|arm| arm.label.clone())
        .collect();
    if apart.is_empty() {
        return None;
    }
    let first = &arms[0].label;
    let message = format!(
        "arms differ in seeds: {} met other seeds than {first}",
        list(apart.clone())
    );
    let other = |label| (label, "other".to_owned());
    let values = std::iter::once((first.clone(), "own".to_owned()));
    Some(Hidden {
        key: "seeds".to_owned(),
        place: Place::Between(values.chain(apart.into_iter().map(other)).collect()),
        message,
        values: Vec::new(), // the runs' seeds are theirs on purpose
    })
}

/// A slot that holds one thing in some runs and another in others.
fn slots(arms: &[Arm]) -> Vec<Warning> {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let rows = arms.iter().flat_map(|arm| &arm.runs);
    for (slot, name) in rows.flat_map(|row| &row.run.slots) {
        names.entry(slot).or_default().insert(name);
    }
    let message = |(slot, names): (&str, BTreeSet<&str>)| {
        let names = names.into_iter().map(short).collect();
        format!(
            "{slot} holds different things in different runs: {}",
            list(names)
        )
    };
    let mixed = names.into_iter().filter(|slot| slot.1.len() > 1);
    mixed
        .map(|slot| Warning {
            kind: "varies_in_slots",
            message: message(slot),
        })
        .collect()
}

/// A metric of the user's own that is one thing in some runs and another in others: measured before and after a change.
fn own_metrics(arms: &[Arm]) -> Vec<Warning> {
    let mut filters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let rows = arms.iter().flat_map(|arm| &arm.runs);
    for own in rows.flat_map(|row| &row.run.report.own_metrics) {
        filters.entry(&own.name).or_default().insert(&own.jq);
    }
    let mixed = filters.into_iter().filter(|own| own.1.len() > 1);
    let message = |name| {
        format!(
            "{name} is computed by different filters in different runs: pass all records through tg-metrics again"
        )
    };
    mixed
        .map(|(name, _)| Warning {
            kind: "varies_in_metrics",
            message: message(name),
        })
        .collect()
}

/// A value as far as it tells two apart; of a hash, twelve digits.
fn short(value: &str) -> String {
    let is_hash = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = if is_hash { 12 } else { 60 };
    if value.chars().count() <= shown {
        return value.to_owned();
    }
    value.chars().take(shown).chain(['…']).collect()
}
