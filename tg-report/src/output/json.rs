//! The comparison as one JSON object: every number at full precision, in the units of the records.
//!
//! Each run stands here with all its metrics, so that whatever was computed can be computed again from this file alone;
//! `over` says which runs entered. What is undefined is null, with the reason under `undefined`.

use crate::arm::Arm;
use crate::columns::Column;
use crate::compare::Comparison;
use crate::floor::{ALPHA, Pair};
use crate::ratio::Ratios;
use crate::row::Row;
use crate::stats::Summary;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of this format, the `v` key.
const VERSION: u64 = 1;

/// The object, indented, with its newline.
pub fn render(comparison: &Comparison) -> String {
    let arms = comparison.arms.iter().zip(&comparison.ratios);
    let arms: Vec<Value> = arms
        .map(|(arm, ratios)| self::arm(comparison, arm, ratios))
        .collect();
    let runs: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
    let simulated: usize = comparison.arms.iter().map(Arm::simulated).sum();
    let baseline = comparison.arms.first().map(|arm| &arm.label);
    let warnings = comparison.warnings.iter();
    let report = json!({
        "type": "report",
        "v": VERSION,
        "experiments": comparison.experiments,
        "templates": comparison.templates,
        "hosts": comparison.hosts,
        "simulated": simulated > 0,
        "runs": {"total": runs, "simulated": simulated},
        "baseline": {"arm": baseline, "by": comparison.baseline_by},
        "metrics": comparison.columns.iter().map(metric).collect::<Vec<_>>(),
        "arms": arms,
        "floor": floor(comparison),
        "warnings": warnings.map(|w| json!({"kind": w.kind, "message": w.message})).collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

fn metric(column: &Column) -> Value {
    json!({
        "name": column.name,
        "slot": column.slot,
        "unit": column.kind.unit.name(),
        "better": column.kind.better.name(),
        "over": column.kind.over.name(),
    })
}

fn arm(comparison: &Comparison, arm: &Arm, ratios: &Ratios) -> Value {
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for row in &arm.runs {
        *outcomes.entry(row.end()).or_default() += 1;
    }
    let cells = comparison.columns.iter().zip(&arm.cells);
    let metrics: Map<_, _> = cells
        .map(|(column, cell)| (column.name.clone(), summary(cell.as_ref())))
        .collect();
    let first = &arm.runs[0].run;
    json!({
        "arm": arm.label,
        "experiment": first.experiment,
        "workflow": first.workflow,
        "agents": arm.agents(),
        "simulated": arm.simulated() > 0,
        "runs": arm.runs.len(),
        "completed": arm.completed,
        "outcomes": outcomes,
        "metrics": metrics,
        "ratios": self::ratios(ratios),
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
    let mut object = Map::new();
    let mut undefined = Map::new();
    for (name, ratio) in ratios.named() {
        let name = name.replace(' ', "_");
        if let Err(why) = ratio {
            undefined.insert(name.clone(), why.clone().into());
        }
        object.insert(
            name,
            ratio.as_ref().map_or(Value::Null, |value| number(*value)),
        );
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
        "warnings": row.warned.iter().map(|(about, times)| json!({"about": about, "times": times})).collect::<Vec<_>>(),
    })
}

fn floor(comparison: &Comparison) -> Value {
    let Some(floor) = &comparison.floor else {
        return Value::Null;
    };
    json!({
        "test": "exact rank, two-sided",
        "alpha": ALPHA,
        "pairs": floor.pairs.iter().map(pair).collect::<Vec<_>>(),
        "runs_per_arm_needed": floor.needed,
        "comparisons": floor.comparisons,
        "runs_per_arm_needed_by_all": floor.needed_by_all,
    })
}

fn pair(pair: &Pair) -> Value {
    json!({"arms": pair.arms, "runs": pair.runs, "baseline_runs": pair.baseline, "smallest_p": pair.p})
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
