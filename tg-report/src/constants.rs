//! What was to be held constant, and was not: the hidden dimensions of a comparison.
//!
//! Inside an arm everything but the seed must agree, or its mean mixes two things. Between arms only some keys must:
//! agent counts and workflows differ on purpose. Agreement is by value for what a record spells out, by hash for the
//! inputs. A key that a record does not have at all (the host's version, the inputs) says nothing either way.

use crate::arm::Arm;
use crate::row::Row;
use crate::warning::Warning;
use crate::words::list;
use std::collections::{BTreeMap, BTreeSet};

/// A key that must be constant: its name, where, and its value in a run.
type Constant = (&'static str, Where, fn(&Row) -> Option<String>);

#[derive(Clone, Copy, PartialEq)]
enum Where {
    InArm,
    Everywhere,
}

const CONSTANTS: [Constant; 10] = [
    ("template", Where::Everywhere, |row| text(&row.run.template)),
    ("workflow", Where::InArm, |row| text(&row.run.workflow)),
    ("overlays", Where::InArm, |row| {
        Some(or_none(text(&row.run.overlays.join("+"))))
    }),
    ("agents", Where::InArm, |row| {
        (row.run.agents > 0).then(|| row.run.agents.to_string())
    }),
    ("model", Where::Everywhere, |row| {
        Some(or_none(row.run.model.clone()))
    }),
    ("temperature", Where::Everywhere, |row| {
        Some(or_none(row.run.temperature.map(|t| t.to_string())))
    }),
    ("host", Where::Everywhere, |row| row.host.clone()),
    ("simulated", Where::Everywhere, |row| {
        Some(row.run.simulated.to_string())
    }),
    ("command", Where::Everywhere, |row| {
        text(&row.run.command.join(" "))
    }),
    ("cost_source", Where::InArm, |row| row.cost_source.clone()),
];

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// For keys whose absence is a value, as that of a model is for the stand-in agent.
fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "none".to_owned())
}

/// One warning for each key that varies where it must not.
pub fn warnings(arms: &[Arm]) -> Vec<Warning> {
    let everywhere = CONSTANTS
        .iter()
        .filter(|constant| constant.1 == Where::Everywhere);
    let mut warnings: Vec<Warning> = arms.iter().flat_map(within).collect();
    warnings.extend(everywhere.filter_map(|constant| between(arms, constant)));
    warnings.extend(slots(arms));
    warnings.extend(own_metrics(arms));
    warnings
}

/// Keys on which the runs of one arm differ; an input whose name says so already is not named again by its hash.
fn within(arm: &Arm) -> Vec<Warning> {
    let mut varying = Vec::new();
    let mut warnings = Vec::new();
    for (name, _, value) in &CONSTANTS {
        if let Some(warning) = differ(arm, name, arm.runs.iter().filter_map(|row| value(row))) {
            varying.push(*name);
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
        let hashes = inputs().map(|inputs| or_none(inputs.get(key).cloned()));
        warnings.extend(differ(arm, &format!("inputs.{key}"), hashes));
    }
    warnings
}

fn differ(arm: &Arm, name: &str, values: impl Iterator<Item = String>) -> Option<Warning> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    if counts.len() < 2 {
        return None;
    }
    let values = counts
        .iter()
        .map(|(value, runs)| format!("{} ({runs})", short(value)));
    let message = format!(
        "runs of {} differ in {name}: {}",
        arm.label,
        list(values.collect())
    );
    Some(Warning {
        kind: "varies_in_arm",
        message,
    })
}

/// A key that each arm holds constant, at different values.
fn between(arms: &[Arm], (name, _, value): &Constant) -> Option<Warning> {
    let mut values: Vec<(String, &str)> = Vec::new();
    for arm in arms {
        let own: BTreeSet<String> = arm.runs.iter().filter_map(|row| value(row)).collect();
        if own.len() > 1 {
            return None; // said of that arm
        }
        values.extend(own.into_iter().map(|value| (value, arm.label.as_str())));
    }
    let distinct: BTreeSet<&String> = values.iter().map(|value| &value.0).collect();
    if distinct.len() < 2 {
        return None;
    }
    let values = values
        .iter()
        .map(|(value, arm)| format!("{arm} {}", short(value)));
    let message = format!("arms differ in {name}: {}", list(values.collect()));
    Some(Warning {
        kind: "varies_between_arms",
        message,
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
    mixed
        .map(|(name, _)| Warning {
            kind: "varies_in_metrics",
            message: format!("{name} is computed by different filters in different runs: pass all records through tg-metrics again"),
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
