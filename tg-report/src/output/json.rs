//! The comparison as one JSON object: every number at full precision, in the units of the records.
//!
//! Each run stands here with all its metrics, so that whatever was computed can be computed again from this file alone;
//! `over` says which runs entered. What is undefined is null, with the reason under `undefined`.

use crate::compare::{Arm, Comparison, Ratio, Ratios};
use crate::data::Row;
use crate::stats::Summary;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of this format, the `v` key.
const VERSION: u64 = 1;

/// The object, indented, with its newline.
pub fn render(comparison: &Comparison) -> String {
    let simulated: usize = comparison.arms.iter().map(Arm::simulated).sum();
    let runs: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
    let report = json!({
        "type": "report",
        "v": VERSION,
        "experiments": comparison.experiments,
        "templates": comparison.templates,
        "hosts": comparison.hosts,
        "simulated": simulated > 0,
        "runs": {"total": runs, "simulated": simulated},
        "baseline": {"arm": comparison.arms.first().map(|arm| &arm.label), "by": comparison.baseline_by},
        "metrics": comparison.columns.iter().map(|column| json!({
            "name": column.name,
            "slot": column.slot,
            "unit": column.kind.unit.name(),
            "better": column.kind.better.name(),
            "over": column.kind.over.name(),
        })).collect::<Vec<_>>(),
        "arms": comparison.arms.iter().map(|arm| self::arm(comparison, arm)).collect::<Vec<_>>(),
        "floor": floor(comparison),
        "warnings": comparison.warnings.iter().map(|warning| json!({
            "kind": warning.kind, "message": warning.message,
        })).collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

fn arm(comparison: &Comparison, arm: &Arm) -> Value {
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for row in &arm.runs {
        *outcomes.entry(row.end()).or_default() += 1;
    }
    let first = arm.runs.first().map(|row| &row.run);
    let metrics = comparison.columns.iter().zip(&arm.cells);
    json!({
        "arm": arm.label,
        "experiment": first.map(|run| &run.experiment),
        "workflow": first.map(|run| &run.workflow),
        "agents": arm.agents(),
        "simulated": arm.simulated() > 0,
        "runs": arm.runs.len(),
        "completed": arm.completed,
        "outcomes": outcomes,
        "metrics": metrics.map(|(column, cell)| (column.name.clone(), summary(cell.as_ref()))).collect::<Map<_, _>>(),
        "ratios": ratios(&arm.ratios),
        "per_run": arm.runs.iter().map(|row| run(comparison, row)).collect::<Vec<_>>(),
    })
}

fn summary(cell: Option<&Summary>) -> Value {
    let value = |of: fn(&Summary) -> f64| cell.map(of).map(number);
    json!({
        "n": cell.map_or(0, |cell| cell.n),
        "mean": value(|cell| cell.mean),
        "sd": cell.and_then(|cell| cell.sd).map(number),
        "min": value(|cell| cell.min),
        "median": value(|cell| cell.median),
        "max": value(|cell| cell.max),
    })
}

fn ratios(ratios: &Ratios) -> Value {
    let named: [(&str, &Ratio); 3] = [
        ("speedup", &ratios.speedup),
        ("cost_ratio", &ratios.cost),
        ("efficiency", &ratios.efficiency),
    ];
    let mut object = Map::new();
    let mut undefined = Map::new();
    for (name, ratio) in named {
        object.insert(
            name.into(),
            ratio.as_ref().map_or(Value::Null, |value| number(*value)),
        );
        if let Err(why) = ratio {
            undefined.insert(name.into(), why.clone().into());
        }
    }
    object.insert("undefined".into(), undefined.into());
    object.into()
}

fn run(comparison: &Comparison, row: &Row) -> Value {
    let values = comparison.columns.iter().map(|column| {
        (
            column.name.clone(),
            row.value(&column.name).map_or(Value::Null, number),
        )
    });
    json!({
        "run": row.run.id,
        "template": row.run.template,
        "agents": row.run.agents,
        "replicate": row.run.replicate,
        "seed": row.run.seed,
        "model": row.run.model,
        "host": row.host,
        "simulated": row.run.simulated,
        "outcome": row.end(),
        "error": row.failed.as_ref().map(|failed| &failed.1),
        "cost_source": row.cost_source,
        "metrics": values.collect::<Map<_, _>>(),
    })
}

fn floor(comparison: &Comparison) -> Value {
    let Some(floor) = &comparison.floor else {
        return Value::Null;
    };
    let pairs = floor.pairs.iter().map(|(arms, runs, baseline, p)| {
        json!({"arms": arms, "runs": runs, "baseline_runs": baseline, "smallest_p": p})
    });
    json!({
        "test": "exact rank, two-sided",
        "alpha": crate::compare::ALPHA,
        "pairs": pairs.collect::<Vec<_>>(),
        "runs_per_arm_needed": floor.needed,
        "comparisons": floor.needed_by_all.0,
        "runs_per_arm_needed_by_all": floor.needed_by_all.1,
    })
}

/// Whole numbers without a decimal point.
#[expect(clippy::float_cmp, reason = "whole, exactly")]
fn number(value: f64) -> Value {
    let is_whole = value == value.trunc() && value.abs() < 9e15;
    if is_whole {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}
