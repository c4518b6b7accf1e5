//! Which metrics of the user's own a run has, and their place among the others.
//!
//! The manifest's stand in the run's record; the command line adds to them, and defines anew what has the same name.

use crate::args::Wanted;
use crate::evaluate::Computed;
use crate::view::View;
use crate::warning::Warning;
use crate::{filters, measure, table};
use serde_json::{Map, Value};
use std::path::Path;
use tg_host::snapshot;
use tg_stage::error::outside;
use tg_stage::metric::METRICS;
use tg_stage::{Error, OwnMetric, Result, nearest};

/// What stands behind the metrics and is none.
const ABOUT: [&str; 2] = ["cost_source", "warnings"];

/// The metrics of the run in `view`, with those of the user's own that `run` or the command line defines.
pub fn metrics(view: &View, run: &Value, wanted: &Wanted, path: &Path) -> Result<Value> {
    let (own, warnings) = of(run, wanted)?;
    let measured = measure(view, &wanted.built_in);
    if own.is_empty() {
        return Ok(join(measured, Vec::new(), warnings, wanted));
    }
    let mut known = if wanted.only.is_empty() {
        measured.clone()
    } else {
        measure(view, &table::METRICS.iter().collect::<Vec<_>>())
    };
    if let Value::Object(known) = &mut known {
        known.retain(|name, _| !ABOUT.contains(&name.as_str()));
    }
    let document = snapshot::read(path).map_err(outside)?;
    let mut document = document.as_slice();
    let computed = filters::compute(&mut document, &known, run, &own, &wanted.limits);
    Ok(join(measured, computed, warnings, wanted))
}

/// Those that are to be computed for `run`, and what is wrong with others.
fn of(run: &Value, wanted: &Wanted) -> Result<(Vec<OwnMetric>, Vec<Warning>)> {
    let (mut own, warnings) = defined(run);
    for typed in &wanted.own {
        match own.iter_mut().find(|own| own.name == typed.name) {
            Some(own) => own.clone_from(typed),
            None => own.push(typed.clone()),
        }
    }
    let names = || {
        METRICS
            .iter()
            .map(|row| row.0)
            .chain(own.iter().map(|own| own.name.as_str()))
    };
    for typed in &wanted.only {
        if !names().any(|name| name == typed) {
            let error = Error::usage(format!("--only {typed}"), "no such metric");
            return Err(match nearest(typed, names()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("tg-metrics --list names them all"),
            });
        }
    }
    own.retain(|own| wanted.only.is_empty() || wanted.only.contains(&own.name));
    Ok((own, warnings))
}

/// The definitions in a record. One that this version cannot take is left out, with a warning.
fn defined(run: &Value) -> (Vec<OwnMetric>, Vec<Warning>) {
    let mut own: Vec<OwnMetric> = Vec::new();
    let mut warnings = Vec::new();
    let listed = match run.pointer("/report/own_metrics") {
        Some(Value::Array(listed)) => listed.as_slice(),
        Some(other) => std::slice::from_ref(other), // no definition either, and told so
        None => &[],
    };
    for value in listed {
        let fault = match serde_json::from_value::<OwnMetric>(value.clone()) {
            Ok(one) if own.iter().any(|other| other.name == one.name) => {
                Some(format!("`{}` is defined twice", one.name))
            }
            Ok(one) => one.fault().or_else(|| {
                own.push(one);
                None
            }),
            Err(cause) => Some(cause.to_string()),
        };
        let told = |fault| format!("a metric of the run's own is left out: {fault}");
        warnings.extend(fault.map(|fault| Warning::new("filter", told(fault))));
    }
    (own, warnings)
}

/// The metrics of a run with those of the user's own, in the order they were asked for, else behind the built-in ones.
fn join(
    measured: Value,
    own: Vec<(String, Computed)>,
    mut warnings: Vec<Warning>,
    wanted: &Wanted,
) -> Value {
    let Value::Object(mut measured) = measured else {
        return measured;
    };
    let about = ABOUT.map(|key| measured.shift_remove(key).unwrap_or_default());
    for (name, answer) in own {
        let (kind, why) = match &answer {
            Ok(Value::Null) => ("undefined", "gives null"),
            Ok(_) => ("", ""),
            Err(why) => ("filter", why.as_str()),
        };
        if !kind.is_empty() {
            warnings.push(Warning {
                metrics: vec![name.clone().into()],
                ..Warning::new(kind, format!("its filter {why}"))
            });
        }
        measured.insert(name, answer.unwrap_or_default());
    }
    let mut ordered = Map::new();
    for name in &wanted.only {
        ordered.extend(measured.shift_remove_entry(name));
    }
    ordered.append(&mut measured);
    let [cost_source, told] = about;
    let told = told.as_array().cloned().unwrap_or_default();
    let told = told.into_iter().chain(warnings.iter().map(Warning::json));
    ordered.insert("cost_source".into(), cost_source);
    ordered.insert("warnings".into(), told.collect());
    ordered.into()
}
