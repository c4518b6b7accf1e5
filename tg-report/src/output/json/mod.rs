//! The comparison as one JSON object: every number at full precision, in the units of the records.
//!
//! Each run stands here with all its metrics, so that whatever was computed can be computed again from this file alone;
//! `over` says which runs entered. What is undefined is null, with the reason under `undefined`.

mod against;
mod inside;
mod scaling;

use crate::arm::Arm;
use crate::attempts;
use crate::columns::Column;
use crate::compare::Comparison;
use crate::floor::Pair;
use crate::gate::{Gate, Outcome};
use crate::ratio::Ratios;
use crate::row::Row;
use crate::stats::{Interval, Summary};
use crate::success::{Judged, Judgement};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of this format, the `v` key.
const VERSION: u64 = 1;

/// The object, indented, with its newline.
pub fn render(comparison: &Comparison) -> String {
    let arms = 0..comparison.arms.len();
    let arms: Vec<Value> = arms.map(|at| arm(comparison, at)).collect();
    let runs: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
    let simulated: usize = comparison.arms.iter().map(Arm::simulated).sum();
    let baseline = comparison.arms.first().map(|arm| &arm.label);
    let warnings = comparison.warnings.iter();
    let hidden = comparison.hidden.iter();
    let report = json!({
        "type": "report",
        "v": VERSION,
        "experiments": comparison.experiments,
        "templates": comparison.templates,
        "hosts": comparison.hosts,
        "simulated": simulated > 0,
        "runs": {"total": runs, "simulated": simulated},
        "by": comparison.by,
        "baseline": {"arm": baseline, "by": comparison.baseline_by},
        "primary": {
            "metric": comparison.columns[comparison.primary.at].name,
            "by": comparison.primary.by,
        },
        "families": against::families(&comparison.families),
        "metrics": comparison.columns.iter().map(metric).collect::<Vec<_>>(),
        "arms": arms,
        "floor": floor(comparison),
        "noise": noise(comparison),
        "scaling": comparison.scaling.as_ref().map(scaling::scaling),
        "success": comparison.success.iter().map(|judged| success(comparison, judged)).collect::<Vec<_>>(),
        "answers": answers(comparison),
        "gates": comparison.gates.iter().map(|own| gate(comparison, own)).collect::<Vec<_>>(),
        "hidden": hidden.map(|h| json!({"key": h.key, "message": h.message})).collect::<Vec<_>>(),
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
        "shown": column.is_shown,
    })
}

fn arm(comparison: &Comparison, at: usize) -> Value {
    let arm = &comparison.arms[at];
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for row in &arm.runs {
        *outcomes.entry(row.end()).or_default() += 1;
    }
    let cells = comparison.columns.iter().zip(&arm.cells);
    let metrics: Map<_, _> = cells
        .map(|(column, cell)| {
            let values: Vec<Value> = arm.values(column).into_iter().map(number).collect();
            (column.name.clone(), summary(cell.as_ref(), &values))
        })
        .collect();
    let compared = comparison.columns.iter().zip(&comparison.against[at]);
    let against: Map<_, _> = compared
        .map(|(column, own)| (column.name.clone(), against::against(own)))
        .collect();
    let first = &arm.runs[0].run;
    let attempts = attempts::of(arm);
    json!({
        "arm": arm.label,
        "experiment": first.experiment,
        "workflow": first.workflow,
        "agents": arm.agents(),
        "null_of": arm.null_of(),
        "simulated": arm.simulated() > 0,
        "runs": arm.runs.len(),
        "completed": arm.completed,
        "completed_share": interval(arm.completion),
        "outcomes": outcomes,
        "attempts": {"made": attempts.made, "machinery": attempts.machinery},
        "metrics": metrics,
        "against": against,
        "ratios": ratios(&comparison.ratios[at]),
        "inside": comparison.distributions[at].as_ref().map(inside::inside),
        "per_run": arm.runs.iter().map(|row| run(comparison, row)).collect::<Vec<_>>(),
    })
}

/// A sample; `values` are those that entered, in the order of the runs.
fn summary(cell: Option<&Summary>, values: &[Value]) -> Value {
    let value = |of: fn(&Summary) -> f64| cell.map(of).map(number);
    json!({
        "n": cell.map_or(0, |cell| cell.n),
        "mean": value(|cell| cell.mean),
        "sd": cell.and_then(|cell| cell.sd).map(number),
        "interval": interval(cell.and_then(|cell| cell.interval)),
        "min": value(|cell| cell.min),
        "median": value(|cell| cell.median),
        "max": value(|cell| cell.max),
        "values": values,
    })
}

/// Both ends of a 95 % interval.
fn interval(ends: Option<Interval>) -> Value {
    ends.map_or(
        Value::Null,
        |ends| json!({"low": number(ends.low), "high": number(ends.high)}),
    )
}

fn ratios(ratios: &Ratios) -> Value {
    let mut object = Map::new();
    let mut intervals = Map::new();
    let mut undefined = Map::new();
    for (name, ratio) in ratios.named() {
        let name = name.replace(' ', "_");
        if let Err(why) = ratio {
            undefined.insert(name.clone(), why.clone().into());
        }
        let ratio = ratio.as_ref().ok();
        intervals.insert(
            name.clone(),
            interval(ratio.and_then(|ratio| ratio.interval)),
        );
        object.insert(name, ratio.map_or(Value::Null, |ratio| number(ratio.value)));
    }
    object.insert("intervals".into(), intervals.into());
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
        "alpha": comparison.families.verdict.alpha,
        "comparisons": floor.comparisons,
        "pairs": floor.pairs.iter().map(pair).collect::<Vec<_>>(),
    })
}

fn pair(pair: &Pair) -> Value {
    json!({
        "arms": pair.arms,
        "test": pair.test.name(),
        "runs": pair.runs,
        "baseline_runs": pair.baseline,
        "smallest_p": pair.p,
        "needed": pair.needed,
        "needed_by_all": pair.needed_by_all,
    })
}

fn noise(comparison: &Comparison) -> Value {
    let Some(noise) = &comparison.noise else {
        return Value::Null;
    };
    let columns = comparison.columns.iter().zip(&noise.differences);
    let differences: Map<_, _> = columns
        .map(|(column, ends)| (column.name.clone(), interval(*ends)))
        .collect();
    json!({"arm": comparison.arms[noise.arm].label, "differences": differences})
}

fn success(comparison: &Comparison, judged: &Judged) -> Value {
    let arms = comparison.arms.iter().zip(&judged.arms);
    let arm = |(arm, judgement): (&Arm, &Judgement)| {
        let (met, sure) = match judgement {
            Judgement::Met { is_sure } => (Some(true), Some(*is_sure)),
            Judgement::Missed { is_sure } => (Some(false), Some(*is_sure)),
            Judgement::Unknown => (None, None),
        };
        json!({"arm": arm.label, "met": met, "whole_interval": sure})
    };
    json!({
        "metric": comparison.columns[judged.column].name,
        "condition": judged.condition,
        "arms": arms.map(arm).collect::<Vec<_>>(),
    })
}

fn answers(comparison: &Comparison) -> Value {
    let answers = comparison.answers.iter().map(|answer| {
        json!({
            "number": answer.number,
            "question": answer.question,
            "answer": answer.answer,
            "caveats": answer.caveats,
            "missing": answer.missing,
        })
    });
    answers.collect()
}

fn gate(comparison: &Comparison, gate: &Gate) -> Value {
    json!({
        "condition": gate.condition,
        "metric": comparison.columns[gate.column].name,
        "arm": comparison.arms[gate.arm].label,
        "outcome": match gate.outcome {
            Outcome::Open => "open",
            Outcome::Closed => "closed",
            Outcome::Undefined => "undefined",
        },
        "reason": gate.reason,
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
