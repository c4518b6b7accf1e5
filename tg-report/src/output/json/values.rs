//! Values that several parts of the JSON object contain.

use crate::stats::{Interval, Summary};
use serde_json::{Value, json};

/// A sample; `values` are those that entered, in the order of the runs.
pub fn summary(summary: Option<&Summary>, values: &[f64]) -> Value {
    let value = |of: fn(&Summary) -> f64| summary.map(of).map(number);
    json!({
        "n": summary.map_or(0, |own| own.n),
        "mean": value(|own| own.mean),
        "sd": summary.and_then(|own| own.sd).map(number),
        "interval": interval(summary.and_then(|own| own.interval)),
        "min": value(|own| own.min),
        "median": value(|own| own.median),
        "max": value(|own| own.max),
        "values": array(values, |value| number(*value)),
    })
}

/// Both ends of a 95 % interval.
pub fn interval(ends: Option<Interval>) -> Value {
    let ends = ends.map(|ends| json!({"low": number(ends.low), "high": number(ends.high)}));
    ends.unwrap_or_default()
}

pub fn array<T>(items: &[T], value: impl FnMut(&T) -> Value) -> Value {
    items.iter().map(value).collect()
}

/// Whole numbers without a decimal point.
#[expect(clippy::float_cmp, reason = "whole, exactly")]
pub fn number(value: f64) -> Value {
    let is_whole = value == value.trunc() && value.abs() < 9e15;
    if is_whole {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}
