//! The metrics of one run in the form of its record.

use crate::facts::Facts;
use crate::metric_table::Metric;
use crate::number::{BEYOND, MetricValue, Number};
use crate::scope::{self, Scope};
use crate::view::View;
use crate::walk::Parts;
use crate::warning::{Basis, Warning};
use serde_json::{Map, Value};
use tg_stage::Trim;

/// The parts that these metrics depend on.
pub fn parts(metrics: &[&Metric]) -> Parts {
    let names: Vec<_> = metrics.iter().map(|metric| metric.0).collect();
    Parts::needed_by(&names)
}

/// The metrics of all the work in a run, flat, with the sources of cost and tokens, the trim, and the warnings.
pub fn measure(view: &View, metrics: &[&Metric]) -> Value {
    let trim = Trim::default();
    measure_facts(
        &Facts::new(view, Scope::Work, &trim, parts(metrics)),
        metrics,
    )
}

/// [`measure`] with facts that are already computed.
pub fn measure_facts(facts: &Facts, metrics: &[&Metric]) -> Value {
    let mut object = Map::new();
    let mut undefined: Vec<Warning> = Vec::new();
    for (name, _, compute) in metrics {
        let value = compute(facts).and_then(finite);
        object.insert((*name).into(), value.map_or(Value::Null, Number::json));
        let Err(reason) = value else { continue };
        let mut known = undefined.iter_mut();
        match known.find(|warning| warning.message == reason) {
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
        let trimmed = scope::trim_json(&facts.trim, facts.cut);
        object.insert("trimmed".into(), trimmed);
    }
    let general = facts.warnings.iter();
    let general = general.filter_map(|warning| concerning(warning, metrics));
    let warnings = general.chain(undefined).map(|warning| warning.json());
    object.insert("warnings".into(), warnings.collect());
    object.into()
}

/// The warning with the requested metrics that it concerns; `None` if there are none.
fn concerning(warning: &Warning, metrics: &[&Metric]) -> Option<Warning> {
    if warning.basis.is_none() && warning.metrics.is_empty() {
        return Some(warning.clone());
    }
    let is_meant = |name: &str, bases: &[Basis]| match warning.basis {
        Some(basis) => bases.contains(&basis),
        None => warning.metrics.iter().any(|one| one == name),
    };
    let meant = metrics.iter();
    let meant = meant.filter(|(name, bases, _)| is_meant(name, bases));
    let names: Vec<_> = meant.map(|(name, _, _)| (*name).into()).collect();
    (!names.is_empty()).then(|| Warning {
        metrics: names,
        ..warning.clone()
    })
}

fn finite(number: Number) -> MetricValue {
    if number.real().is_finite() {
        Ok(number)
    } else {
        Err(BEYOND)
    }
}
