//! Custom metrics: the user's own filters, and their place among the built-in metrics.
//!
//! The run's record has the manifest's definitions; the command line adds to them, and replaces those of the same name.

use crate::facts::Facts;
use crate::filter_process::Computed;
use crate::filters::{self, Limits};
use crate::measure::measure_facts;
use crate::metric_table::{self, Metric};
use crate::run_info::RunInfo;
use crate::warning::Warning;
use serde_json::{Map, Value};
use std::io::{Cursor, Read};
use std::path::Path;
use tg_host::{database, rows, snapshot::text};
use tg_stage::error::outside;
use tg_stage::metric::METRICS;
use tg_stage::{CustomMetric, Error, Result, nearest};

/// The requested metrics.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The requested names, as they are in the records, in the order of the output; empty: all.
    pub only: Vec<String>,
    /// The built-in metrics among them.
    pub built_in: Vec<&'static Metric>,
    /// The definitions on the command line.
    pub custom: Vec<CustomMetric>,
    pub limits: Limits,
}

impl Selection {
    /// True if `run` or the command line defines a custom metric.
    pub fn has_custom(&self, run: &RunInfo) -> bool {
        !self.custom.is_empty() || run.custom_metrics().is_some()
    }

    /// The requested definitions for `run`, and warnings about its invalid ones.
    fn custom_metrics(&self, run: &RunInfo) -> Result<(Vec<CustomMetric>, Vec<Warning>)> {
        let (mut defined, warnings) = recorded(run);
        for typed in &self.custom {
            match defined.iter_mut().find(|known| known.name == typed.name) {
                Some(known) => known.clone_from(typed),
                None => defined.push(typed.clone()),
            }
        }
        let custom = defined.iter().map(|metric| metric.name.as_str());
        let names = METRICS.iter().map(|row| row.0).chain(custom);
        for typed in &self.only {
            if !names.clone().any(|name| name == typed) {
                let error = Error::usage(format!("--only {typed}"), "no such metric");
                return Err(match nearest(typed, names) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint("tg-metrics --list names them all"),
                });
            }
        }
        defined.retain(|metric| self.only.is_empty() || self.only.contains(&metric.name));
        Ok((defined, warnings))
    }
}

/// The built-in and custom metrics of a run that was read from `path`.
pub fn measure(facts: &Facts, run: &RunInfo, selection: &Selection, path: &Path) -> Result<Value> {
    let (custom, warnings) = selection.custom_metrics(run)?;
    let measured = measure_facts(facts, &selection.built_in);
    if custom.is_empty() {
        return Ok(join(measured, Vec::new(), warnings, &selection.only));
    }
    let mut known = measure_facts(facts, &metric_table::METRICS.iter().collect::<Vec<_>>());
    if let Value::Object(known) = &mut known {
        known.retain(|_, value| value.is_number() || value.is_null());
    }
    let mut document = document(path)?;
    let limits = &selection.limits;
    let computed = filters::compute(&mut document, &known, &run.json, &custom, limits);
    Ok(join(measured, computed, warnings, &selection.only))
}

/// The text of the snapshot; a database is converted to one.
fn document(path: &Path) -> Result<Box<dyn Read>> {
    if !database::is_database(path) {
        let text = text::open(path).map_err(outside)?;
        return Ok(Box::new(text));
    }
    let db = database::open_read_only(path).map_err(outside)?;
    let mut json = Vec::new();
    rows::document(&db, &mut json).map_err(|cause| Error::outside(path.display(), cause))?;
    Ok(Box::new(Cursor::new(json)))
}

/// The definitions in a record. A definition that this version cannot use is left out, with a warning.
fn recorded(run: &RunInfo) -> (Vec<CustomMetric>, Vec<Warning>) {
    let mut defined: Vec<CustomMetric> = Vec::new();
    let mut warnings = Vec::new();
    let listed = match run.custom_metrics() {
        Some(Value::Array(listed)) => listed.as_slice(),
        Some(other) => std::slice::from_ref(other), // not a definition either; the warning shows it
        None => &[],
    };
    for value in listed {
        let fault = match serde_json::from_value::<CustomMetric>(value.clone()) {
            Ok(metric) if defined.iter().any(|known| known.name == metric.name) => {
                Some(format!("`{}` is defined twice", metric.name))
            }
            Ok(metric) => metric.fault().or_else(|| {
                defined.push(metric);
                None
            }),
            Err(cause) => Some(cause.to_string()),
        };
        let message = |fault| format!("a custom metric of the run is left out: {fault}");
        warnings.extend(fault.map(|fault| Warning::new("filter", message(fault))));
    }
    (defined, warnings)
}

/// The metrics of a run with the custom ones, in the order of `only`, else behind the built-in ones.
fn join(
    measured: Value,
    custom: Vec<(String, Computed)>,
    mut warnings: Vec<Warning>,
    only: &[String],
) -> Value {
    let Value::Object(measured) = measured else {
        return measured;
    };
    // Behind the metrics: the sources of values, the trim, the warnings.
    let is_metric = |value: &Value| value.is_number() || value.is_null();
    let (mut metrics, mut about): (Map<_, _>, Map<_, _>) = measured
        .into_iter()
        .partition(|(_, value)| is_metric(value));
    for (name, computed) in custom {
        let fault = match &computed {
            Ok(Value::Null) => Some(("undefined", "gives null")),
            Ok(_) => None,
            Err(why) => Some(("filter", why.as_str())),
        };
        warnings.extend(fault.map(|(kind, why)| Warning {
            metrics: vec![name.clone().into()],
            ..Warning::new(kind, format!("its filter {why}"))
        }));
        metrics.insert(name, computed.unwrap_or_default());
    }
    let mut ordered = Map::new();
    for name in only {
        ordered.extend(metrics.shift_remove_entry(name));
    }
    ordered.append(&mut metrics);
    if let Some(Value::Array(listed)) = about.get_mut("warnings") {
        listed.extend(warnings.iter().map(Warning::json));
    }
    ordered.append(&mut about);
    ordered.into()
}
