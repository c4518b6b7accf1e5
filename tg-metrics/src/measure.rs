//! The metrics of one run as they are written into its record.

use crate::answer::{Answer, Number};
use crate::facts::Facts;
use crate::table::Metric;
use crate::view::View;
use crate::warning::Warning;
use serde_json::{Map, Value};

/// The metrics of a run, flat, with where the cost comes from and what must be known about them.
pub fn measure(view: &View, metrics: &[&Metric]) -> Value {
    let facts = Facts::of(view);
    let mut object = Map::new();
    let mut undefined: Vec<Warning> = Vec::new();
    for (name, compute) in metrics {
        let answer = compute(&facts).and_then(finite);
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
    let warnings = facts.warnings.iter().chain(&undefined).map(Warning::json);
    object.insert("warnings".into(), warnings.collect());
    object.into()
}

fn finite(number: Number) -> Answer {
    if number.real().is_finite() {
        Ok(number)
    } else {
        Err("the value is beyond all numbers")
    }
}
