//! The report as one JSON object: every number at full precision, in the units of the records.
//!
//! Each run is in it with all its metrics, so that everything computed can be computed again from this file alone; `over`
//! names the runs that entered. An undefined value is null, with the reason under `undefined`.

mod contrast;
mod inside;
mod scaling;
mod values;

use super::answers::answer_text;
use super::notes::{baseline_by, completed, primary_by};
use super::ratios::reason;
use super::warnings;
use crate::arm::Arm;
use crate::columns::Column;
use crate::compare::Comparison;
use crate::gate::{Gate, GateState};
use crate::limits::{Floor, FloorPair, Noise};
use crate::ratio::Ratios;
use crate::report::Report;
use crate::row::RunRow;
use crate::success::{Judged, Judgement};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use values::{array, interval, number, summary};

/// The version of this format, the `v` key.
const VERSION: u64 = 1;

/// The object, indented, with its newline.
pub fn render(report: &Report) -> String {
    let comparison = &report.comparison;
    let arms: Value = (0..comparison.arms.len())
        .map(|at| arm(comparison, at))
        .collect();
    let (runs, simulated) = (comparison.total(), comparison.simulated());
    let report = json!({
        "type": "report",
        "v": VERSION,
        "experiments": comparison.experiments,
        "templates": comparison.templates,
        "hosts": comparison.hosts,
        "simulated": simulated > 0,
        "runs": {"total": runs, "simulated": simulated},
        "by": comparison.by,
        "baseline": {
            "arm": comparison.arms.first().map(|arm| &arm.label),
            "by": baseline_by(comparison.baseline_by),
        },
        "primary": {
            "metric": comparison.primary().name,
            "by": primary_by(comparison.primary.by),
        },
        "families": contrast::families(&comparison.families),
        "metrics": array(&comparison.columns, metric),
        "arms": arms,
        "floor": comparison.floor.as_ref().map(|own| floor(comparison, own)),
        "noise": comparison.noise.as_ref().map(|own| noise(comparison, own)),
        "scaling": comparison.scaling.as_ref().map(scaling::scaling),
        "success": array(&comparison.success, |own| success(comparison, own)),
        "answers": answers(report),
        "gates": array(&comparison.gates, |own| gate(comparison, own)),
        "hidden": array(&comparison.confounders, |own| {
            json!({"key": own.key, "message": warnings::confounder(own)})
        }),
        "warnings": array(&comparison.warnings, |own| {
            json!({"kind": own.kind(), "message": warnings::message(own)})
        }),
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
        *outcomes.entry(row.ending.name()).or_default() += 1;
    }
    let columns = || comparison.columns.iter();
    let metrics = columns().zip(&arm.summaries).map(|(column, own)| {
        let values = arm.values(column);
        (column.name.clone(), summary(own.as_ref(), &values))
    });
    let against = columns().zip(&comparison.contrasts[at]);
    let against = against.map(|(column, own)| (column.name.clone(), contrast::contrast(own)));
    let first = &arm.runs[0].run;
    let attempts = arm.attempts();
    json!({
        "arm": arm.label,
        "experiment": first.experiment,
        "workflow": first.workflow,
        "agents": arm.agents(),
        "null_of": arm.null_of(),
        "simulated": arm.simulated() > 0,
        "runs": arm.runs.len(),
        (completed()): arm.completed,
        "completed_share": interval(arm.completion),
        "outcomes": outcomes,
        "attempts": {"made": attempts.made, "machinery": attempts.machinery},
        "metrics": metrics.collect::<Map<_, _>>(),
        "against": against.collect::<Map<_, _>>(),
        "ratios": ratios(&comparison.ratios[at]),
        "inside": comparison.distributions[at].as_ref().map(inside::inside),
        "per_run": array(&arm.runs, |row| run(comparison, row)),
    })
}

fn ratios(ratios: &Ratios) -> Value {
    let mut object = Map::new();
    let mut intervals = Map::new();
    let mut undefined = Map::new();
    for (name, ratio) in ratios.named() {
        let name = name.replace(' ', "_");
        if let Err(why) = ratio {
            undefined.insert(name.clone(), reason(why).into());
        }
        let ratio = ratio.as_ref().ok();
        let ends = ratio.and_then(|ratio| ratio.interval);
        intervals.insert(name.clone(), interval(ends));
        let value = ratio.map(|ratio| number(ratio.value));
        object.insert(name, value.unwrap_or_default());
    }
    object.insert("intervals".into(), intervals.into());
    object.insert("undefined".into(), undefined.into());
    object.into()
}

fn run(comparison: &Comparison, row: &RunRow) -> Value {
    let metrics = comparison.columns.iter().map(|column| {
        let value = row.value(&column.name).map(number);
        (column.name.clone(), value.unwrap_or_default())
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
        "outcome": row.ending.name(),
        "error": row.ending.failure(),
        "cost_source": row.cost_source,
        "metrics": metrics.collect::<Map<_, _>>(),
        "warnings": array(&row.warned, |(about, times)| json!({"about": about, "times": times})),
    })
}

fn floor(comparison: &Comparison, floor: &Floor) -> Value {
    json!({
        "alpha": comparison.families.verdict.alpha,
        "comparisons": floor.comparisons,
        "pairs": array(&floor.pairs, pair),
    })
}

fn pair(pair: &FloorPair) -> Value {
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

fn noise(comparison: &Comparison, noise: &Noise) -> Value {
    let columns = comparison.columns.iter().zip(&noise.differences);
    let differences = columns.map(|(column, ends)| (column.name.clone(), interval(*ends)));
    let differences: Map<_, _> = differences.collect();
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

fn answers(report: &Report) -> Value {
    array(&report.answers, |answer| {
        let text = answer_text(&report.comparison, answer);
        json!({
            "number": answer.question.number,
            "question": answer.question.text,
            "answer": array(&text.statements, |own| own.to_string().into()),
            "caveats": text.caveats,
            "missing": text.missing,
        })
    })
}

fn gate(comparison: &Comparison, gate: &Gate) -> Value {
    json!({
        "condition": gate.condition,
        "metric": comparison.columns[gate.column].name,
        "arm": comparison.arms[gate.arm].label,
        "outcome": match gate.state() {
            GateState::Open => "open",
            GateState::Closed => "closed",
            GateState::Undefined => "undefined",
        },
        "reason": warnings::gate(comparison, gate),
    })
}
