//! What was to be held constant, and was not: the hidden dimensions of a comparison.
//!
//! Inside an arm everything but the seed must agree, or its mean mixes two things. Between arms only some keys must:
//! agent counts and workflows differ on purpose. Agreement is by value for what a record spells out, by hash for the
//! inputs. A key that a record does not have at all (the host's version, the inputs) says nothing either way.

use crate::compare::Arm;
use crate::data::{Row, Warning, list};
use std::collections::{BTreeMap, BTreeSet};

/// A key that must be constant.
struct Constant {
    name: &'static str,
    /// Between arms too.
    between: bool,
    value: fn(&Row) -> Option<String>,
}

const CONSTANTS: [Constant; 10] = [
    Constant {
        name: "template",
        between: true,
        value: |row| known(&row.run.template),
    },
    Constant {
        name: "workflow",
        between: false,
        value: |row| known(&row.run.workflow),
    },
    Constant {
        name: "overlays",
        between: false,
        value: |row| Some(or_none(row.run.overlays.join("+"))),
    },
    Constant {
        name: "agents",
        between: false,
        value: |row| (row.run.agents > 0).then(|| row.run.agents.to_string()),
    },
    Constant {
        name: "model",
        between: true,
        value: |row| Some(row.run.model.clone().unwrap_or_else(none)),
    },
    Constant {
        name: "temperature",
        between: true,
        value: |row| Some(row.run.temperature.map_or_else(none, |t| t.to_string())),
    },
    Constant {
        name: "host",
        between: true,
        value: |row| row.host.clone(),
    },
    Constant {
        name: "simulated",
        between: true,
        value: |row| Some(row.run.simulated.to_string()),
    },
    Constant {
        name: "command",
        between: true,
        value: |row| known(&row.run.command.join(" ")),
    },
    Constant {
        name: "cost_source",
        between: false,
        value: |row| row.cost_source.clone(),
    },
];

fn known(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn none() -> String {
    "none".to_owned()
}

fn or_none(text: String) -> String {
    if text.is_empty() { none() } else { text }
}

/// One warning for each key that varies where it must not.
pub fn warnings(arms: &[Arm]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for arm in arms {
        within(arm, &mut warnings);
    }
    if arms.len() > 1 {
        for constant in CONSTANTS.iter().filter(|constant| constant.between) {
            warnings.extend(between(arms, constant));
        }
    }
    warnings.extend(slots(arms));
    warnings
}

/// Keys on which the runs of one arm differ; an input whose name says the same is not named again by its hash.
fn within(arm: &Arm, warnings: &mut Vec<Warning>) {
    let mut varying = Vec::new();
    for constant in &CONSTANTS {
        let values = arm
            .runs
            .iter()
            .filter_map(|row| (constant.value)(row))
            .collect();
        if let Some(warning) = differ(arm, constant.name, values) {
            varying.push(constant.name);
            warnings.push(warning);
        }
    }
    let inputs = || {
        arm.runs
            .iter()
            .map(|row| &row.run.inputs)
            .filter(|inputs| !inputs.is_empty())
    };
    let keys: BTreeSet<&str> = inputs()
        .flat_map(BTreeMap::keys)
        .map(String::as_str)
        .collect();
    for key in keys
        .into_iter()
        .filter(|key| *key != "seed" && !varying.contains(key))
    {
        let values = inputs()
            .map(|inputs| inputs.get(key).cloned().unwrap_or_else(none))
            .collect();
        warnings.extend(differ(arm, &format!("inputs.{key}"), values));
    }
}

fn differ(arm: &Arm, name: &str, values: Vec<String>) -> Option<Warning> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let shown = counts
        .iter()
        .map(|(value, runs)| format!("{} ({runs} of them)", short(value)));
    (counts.len() > 1).then(|| Warning {
        kind: "varies_in_arm",
        message: format!(
            "runs of {} differ in {name}: {}",
            arm.label,
            list(shown.collect())
        ),
    })
}

/// A key that each arm holds constant, at different values.
fn between(arms: &[Arm], constant: &Constant) -> Option<Warning> {
    let mut values: Vec<(String, &str)> = Vec::new();
    for arm in arms {
        let own: BTreeSet<String> = arm
            .runs
            .iter()
            .filter_map(|row| (constant.value)(row))
            .collect();
        if own.len() > 1 {
            return None; // said of the arm
        }
        values.extend(own.into_iter().map(|value| (value, arm.label.as_str())));
    }
    let distinct: BTreeSet<&String> = values.iter().map(|value| &value.0).collect();
    let named = || {
        values
            .iter()
            .map(|(value, arm)| format!("{arm} {}", short(value)))
    };
    (distinct.len() > 1).then(|| Warning {
        kind: "varies_between_arms",
        message: format!(
            "arms differ in {}: {}",
            constant.name,
            list(named().collect())
        ),
    })
}

/// A slot that holds one thing in some runs and another in others.
fn slots(arms: &[Arm]) -> Vec<Warning> {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (slot, name) in arms
        .iter()
        .flat_map(|arm| &arm.runs)
        .flat_map(|row| &row.run.slots)
    {
        names.entry(slot).or_default().insert(name);
    }
    let mixed = names.into_iter().filter(|slot| slot.1.len() > 1);
    let message = |(slot, names): (&str, BTreeSet<&str>)| {
        let names = names.into_iter().map(short).collect();
        format!(
            "{slot} holds different things in different runs: {}",
            list(names)
        )
    };
    mixed
        .map(|slot| Warning {
            kind: "varies_in_slots",
            message: message(slot),
        })
        .collect()
}

/// A value as far as it tells two apart; hashes to twelve digits.
fn short(value: &str) -> String {
    let is_hash = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = if is_hash { 12 } else { 60 };
    if value.chars().count() <= shown {
        return value.to_owned();
    }
    value.chars().take(shown).chain(['…']).collect()
}
