//! The metrics of one run as they are written into its record.

use crate::answer::{Answer, BEYOND, Number};
use crate::facts::{Facts, Parts};
use crate::scope::Scope;
use crate::table::{Metric, Rest};
use crate::trim;
use crate::view::View;
use crate::warning::Warning;
use serde_json::{Map, Value};
use tg_stage::Trim;

/// The metrics of all the work in a run.
pub fn measure(view: &View, metrics: &[&Metric]) -> Value {
    let parts = Parts::of(metrics);
    let facts = Facts::of_parts(view, Scope::Work, &Trim::default(), parts);
    of(&facts, metrics)
}

/// The metrics of a run, flat, with where cost and tokens come from, what was left out, and what must be known about them.
pub fn of(facts: &Facts, metrics: &[&Metric]) -> Value {
    let mut object = Map::new();
    let mut undefined: Vec<Warning> = Vec::new();
    for (name, _, compute) in metrics {
        let answer = compute(facts).and_then(finite);
        object.insert((*name).into(), answer.map_or(Value::Null, Number::json));
        let Err(reason) = answer else { continue };
        match undefined
            .iter_mut()
            .find(|warning| warning.message == reason)
        {
            Some(warning) => warning.metrics.push((*name).into()),
            None => undefined.push(Warning {
                metrics: vec![(*name).into()],
                ..Warning::new("undefined", reason)
            }),
        }
    }
    object.insert("cost_source".into(), facts.cost.source.as_str().into());
    object.insert("tokens_source".into(), facts.cost.tokens_source.into());
    if facts.scope != Scope::Work {
        object.insert("scope".into(), "all".into());
    }
    if !facts.trim.is_empty() {
        object.insert("trimmed".into(), trim::json(&facts.trim, facts.cut));
    }
    let general = facts
        .warnings
        .iter()
        .filter_map(|warning| concerning(warning, metrics));
    let warnings = general.chain(undefined).map(|warning| warning.json());
    object.insert("warnings".into(), warnings.collect());
    object.into()
}

/// The warning with the metrics it concerns; none if nobody asked for one of them.
fn concerning(warning: &Warning, metrics: &[&Metric]) -> Option<Warning> {
    if warning.rest.is_none() && warning.metrics.is_empty() {
        return Some(warning.clone());
    }
    let is_meant = |name: &str, rests: &[Rest]| match warning.rest {
        Some(rest) => rests.contains(&rest),
        None => warning.metrics.iter().any(|one| one == name),
    };
    let meant = metrics
        .iter()
        .filter(|(name, rests, _)| is_meant(name, rests));
    let names: Vec<_> = meant.map(|(name, _, _)| (*name).into()).collect();
    (!names.is_empty()).then(|| Warning {
        metrics: names,
        ..warning.clone()
    })
}

fn finite(number: Number) -> Answer {
    if number.real().is_finite() {
        Ok(number)
    } else {
        Err(BEYOND)
    }
}
