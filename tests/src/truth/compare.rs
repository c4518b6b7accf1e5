//! A comparison of the log's metrics with those of `tg-metrics`.

use super::bound::Bound;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Metrics that a client's log cannot give, and why.
pub const NOT_IN_A_LOG: [(&str, &str); 5] = [
    ("coordinator_cost_usd", "reported by the agent itself"),
    ("coordinator_tokens", "reported by the agent itself"),
    ("cost_mismatch", "reported by the agent itself"),
    ("verify_passed", "said by the verify command"),
    ("verify_score", "said by the verify command"),
];

/// Events of which the host writes no row, though its clients saw them: null, with a reason, is the right answer.
const NO_ROW: [&str; 1] = ["file_contention"];

/// A metric on which the two do not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Its name.
    pub name: &'static str,
    /// By the log; none if it cannot be known.
    pub truth: Option<Bound>,
    /// By `tg-metrics`.
    pub measured: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.truth {
            Some(Bound { low, high }) => write!(
                f,
                "{}: {} is not in [{low}, {high}]",
                self.name, self.measured
            ),
            None => write!(f, "{}: {} cannot be known", self.name, self.measured),
        }
    }
}

/// True if the log allows the measured value.
pub fn agrees(truth: Option<Bound>, measured: &Value) -> bool {
    match (truth, measured.as_f64()) {
        (Some(truth), Some(measured)) => truth.holds(measured),
        (None, None) => measured.is_null(),
        // A divisor that may be 0 may leave no value.
        (Some(truth), None) => measured.is_null() && truth.high.is_infinite(),
        (None, Some(_)) => false,
    }
}

/// The metrics on which `measured`, the metrics of a record, contradicts the log.
///
/// # Panics
/// If it has a metric that the log could give and does not, or lacks one.
pub fn differences(
    truth: &BTreeMap<&'static str, Option<Bound>>,
    measured: &Value,
) -> Vec<Difference> {
    let measured = measured.as_object().expect("metrics are an object");
    let others = ["cost_source", "tokens_source", "warnings"];
    let others: BTreeSet<&str> = NOT_IN_A_LOG.iter().map(|row| row.0).chain(others).collect();
    for name in measured.keys().map(String::as_str) {
        let is_known = truth.contains_key(name) || others.contains(name);
        assert!(
            is_known,
            "{name} is measured, and not computed from the log"
        );
    }
    for name in &others {
        assert!(measured.contains_key(*name), "{name} is not measured");
    }
    let compared = truth.iter();
    compared
        .filter_map(|(name, truth)| {
            let value = measured
                .get(*name)
                .unwrap_or_else(|| panic!("{name} is not measured"));
            let is_known_gap = NO_ROW.contains(name) && value.is_null();
            (!is_known_gap && !agrees(*truth, value)).then(|| Difference {
                name,
                truth: *truth,
                measured: value.clone(),
            })
        })
        .collect()
}

/// The kinds of warnings among the metrics of a record.
pub fn warnings(measured: &Value) -> BTreeSet<&str> {
    let warnings = measured["warnings"].as_array().into_iter().flatten();
    warnings
        .filter_map(|warning| warning["kind"].as_str())
        .collect()
}
