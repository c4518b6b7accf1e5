//! Laws for everything that the readers accept, however hostile.
//!
//! A fuzzer that only waits for a panic misses a number that is silently wrong. So for any snapshot: an unknown value has a
//! reason, shares are between 0 and the whole, and the output is valid JSON.

#[path = "../../../lib/tg-host/tests/content/mod.rs"]
pub mod content;

use serde_json::Value;
use std::path::Path;
use tg_host::Ledger;
use tg_metrics::{
    Facts, METRICS, Parts, Per, Scope, View, measure_facts, set_clock_start, snapshot_record,
};
use tg_stage::Trim;

/// Metrics that are shares, and the whole of each.
const SHARES: [(&str, f64); 7] = [
    ("agent_utilization_pct", 100.0),
    ("completion_rate_pct", 100.0),
    ("coordination_overhead_pct", 100.0),
    ("failure_rate", 1.0),
    ("first_pass_rate", 1.0),
    ("redo_rate", 1.0),
    ("rework_rate", 1.0),
];

/// The number of runs of a snapshot that are measured; thousands find nothing that three do not.
const RUNS: usize = 3;

/// Measures a snapshot's runs in every way; returns the metrics of each run, in scope `work` with nothing left out.
///
/// # Panics
/// If one of the metrics breaks a law.
pub fn measure_all(mut snapshot: Ledger) -> Vec<Value> {
    set_clock_start(&mut snapshot);
    let mut rows: Vec<_> = snapshot.runs.iter().map(Some).collect();
    if rows.is_empty() {
        rows.push(None);
    }
    let run = |row| {
        let view = View::new(&snapshot, row);
        let record = snapshot_record(&view, Path::new("x/snapshot.json"), false);
        is_json(&record.expect("a record").line());
        let whole = measure_view(&view, Scope::Work, &Trim::default());
        measure_view(&view, Scope::All, &edges());
        whole
    };
    rows.into_iter().take(RUNS).map(run).collect()
}

/// A trim with all its options.
fn edges() -> Trim {
    Trim {
        exclude_tags: vec!["a".into()],
        skip_first: 1,
        skip_last: 1,
        start_ms: Some(1),
        end_ms: Some(1),
    }
}

/// Measures a view without custom metrics, which a process of their own computes.
fn measure_view(view: &View, scope: Scope, trim: &Trim) -> Value {
    let facts = Facts::new(view, scope, trim, Parts::ALL);
    for per in [Per::Agent, Per::Task] {
        for line in per.records(view, &facts) {
            is_json(line.to_string().as_bytes());
        }
    }
    let metrics = measure_facts(&facts, &METRICS.iter().collect::<Vec<_>>());
    obeys(&metrics);
    metrics
}

fn obeys(metrics: &Value) {
    let warnings = metrics["warnings"].as_array().expect("warnings");
    let mut reasons = warnings.iter().filter(|one| one["kind"] == "undefined");
    for (name, _, _) in METRICS {
        let has_reason = || {
            let mut named = reasons.clone().filter_map(|one| one["metrics"].as_array());
            named.any(|names| names.iter().any(|one| one == name))
        };
        let value = &metrics[*name];
        assert!(
            value.is_number() || has_reason(),
            "{name} is {value} without a reason"
        );
    }
    assert!(reasons.all(|one| one["message"].as_str().is_some_and(|why| !why.is_empty())));
    for (name, whole) in SHARES {
        let value = metrics[name].as_f64().unwrap_or(0.0);
        assert!(
            (0.0..=whole * (1.0 + 1e-9)).contains(&value),
            "{name} is {value}"
        );
    }
    is_json(metrics.to_string().as_bytes());
}

/// Checks that a text is JSON.
///
/// # Panics
/// If it is not.
pub fn is_json(text: &[u8]) {
    serde_json::from_slice::<Value>(text).expect("JSON");
}
