//! Which metrics of the user's own a run has, and their place among the others.
//!
//! The manifest's stand in the run's record; the command line adds to them, and defines anew what has the same name.

use crate::evaluate::Computed;
use crate::facts::Facts;
use crate::how::How;
use crate::warning::Warning;
use crate::{filters, measure, table};
use serde_json::{Map, Value};
use std::io::{Cursor, Read};
use std::path::Path;
use tg_host::{database, rows, snapshot::text};
use tg_stage::error::outside;
use tg_stage::metric::METRICS;
use tg_stage::{Error, OwnMetric, Result, nearest};

/// The metrics of a run that was read from `path`, with those of the user's own that `run` or the command line defines.
pub fn metrics(facts: &Facts, run: &Value, how: &How, path: &Path) -> Result<Value> {
    let (own, warnings) = of(run, how)?;
    let measured = measure::of(facts, &how.metrics);
    if own.is_empty() {
        return Ok(join(measured, Vec::new(), warnings, how));
    }
    let mut known = measure::of(facts, &table::METRICS.iter().collect::<Vec<_>>());
    if let Value::Object(known) = &mut known {
        known.retain(|_, value| value.is_number() || value.is_null());
    }
    let mut document = document(path)?;
    let computed = filters::compute(&mut document, &known, run, &own, &how.limits);
    Ok(join(measured, computed, warnings, how))
}

/// Whether `run` or the command line defines any.
pub fn is_any(run: &Value, how: &How) -> bool {
    !how.own.is_empty() || run.pointer("/report/own_metrics").is_some()
}

/// The snapshot's text, which a database is turned into.
fn document(path: &Path) -> Result<Box<dyn Read>> {
    if !database::is_one(path) {
        let text = text::open(path).map_err(outside)?;
        return Ok(Box::new(text));
    }
    let db = database::open_read_only(path).map_err(outside)?;
    let mut json = Vec::new();
    rows::document(&db, &mut json).map_err(|cause| Error::outside(path.display(), cause))?;
    Ok(Box::new(Cursor::new(json)))
}

/// Those that are to be computed for `run`, and what is wrong with others.
fn of(run: &Value, how: &How) -> Result<(Vec<OwnMetric>, Vec<Warning>)> {
    let (mut own, warnings) = defined(run);
    for typed in &how.own {
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
    for typed in &how.only {
        if !names().any(|name| name == typed) {
            let error = Error::usage(format!("--only {typed}"), "no such metric");
            return Err(match nearest(typed, names()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("tg-metrics --list names them all"),
            });
        }
    }
    own.retain(|own| how.only.is_empty() || how.only.contains(&own.name));
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
    how: &How,
) -> Value {
    let Value::Object(mut measured) = measured else {
        return measured;
    };
    // What stands behind the metrics and is none: where values come from, what was left out, warnings.
    let is_about = |value: &Value| !value.is_number() && !value.is_null();
    let mut about: Map<String, Value> = Map::new();
    for name in measured.keys().cloned().collect::<Vec<_>>() {
        if measured.get(&name).is_some_and(is_about) {
            about.extend(measured.shift_remove_entry(&name));
        }
    }
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
    for name in &how.only {
        ordered.extend(measured.shift_remove_entry(name));
    }
    ordered.append(&mut measured);
    if let Some(Value::Array(told)) = about.get_mut("warnings") {
        told.extend(warnings.iter().map(Warning::json));
    }
    ordered.append(&mut about);
    ordered.into()
}
