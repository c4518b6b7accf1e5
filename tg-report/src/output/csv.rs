//! The comparison as CSV: a summary by arm and metric, or tidy, one row per run.
//!
//! Values are at full precision and in the units of the records. Numbers are numbers; a text that a spreadsheet would
//! take for a formula begins with an apostrophe. An unknown value is empty.

use crate::arm::Arm;
use crate::compare::Comparison;
use crate::contrast::Contrast;
use crate::row::RunRow;
use crate::stats::Summary;

const SUMMARY: &str = "experiment,arm,baseline,simulated,runs,completed,\
    metric,slot,unit,better,over,n,mean,sd,min,median,max,\
    mean_low,mean_high,difference,difference_low,difference_high,ratio,ratio_low,ratio_high,\
    family,test,p,p_holm,p_welch,finding,attempts,machinery_failures";

const TIDY: &str =
    "run,experiment,arm,workflow,template,agents,replicate,seed,simulated,outcome,attempt";

/// One row for each arm and metric.
pub fn summary(comparison: &Comparison) -> String {
    let mut out = format!("{SUMMARY}\n");
    for (place, arm) in comparison.arms.iter().enumerate() {
        let run = arm.runs.first().map(|row| &row.run);
        let name = if comparison.by.is_empty() {
            arm.name()
        } else {
            &arm.label
        };
        for (at, (column, summary)) in comparison.columns.iter().zip(&arm.summaries).enumerate() {
            let value = |of: fn(&Summary) -> Option<f64>| number(summary.as_ref().and_then(of));
            let kind = column.kind;
            let mut cells = vec![
                text(run.map_or("", |run| &run.experiment)),
                text(name),
                (place == 0).to_string(),
                simulated(arm).to_owned(),
                arm.runs.len().to_string(),
                arm.completed.to_string(),
                text(&column.name),
                text(column.slot.as_deref().unwrap_or("")),
                text(kind.unit.name()),
                text(kind.better.name()),
                text(kind.over.name()),
                summary.map_or(0, |own| own.n).to_string(),
                value(|own| Some(own.mean)),
                value(|own| own.sd),
                value(|own| Some(own.min)),
                value(|own| Some(own.median)),
                value(|own| Some(own.max)),
                value(|own| Some(own.interval?.low)),
                value(|own| Some(own.interval?.high)),
            ];
            cells.extend(compared(comparison.contrasts[place].get(at)));
            let attempts = arm.attempts();
            cells.extend([attempts.made, attempts.machinery].map(|n| n.to_string()));
            line(&mut out, &cells);
        }
    }
    out
}

/// The cells of an arm against the baseline; all empty in the baseline's own row.
fn compared(contrast: Option<&Contrast>) -> [String; 12] {
    let of = |value: fn(&Contrast) -> Option<f64>| number(contrast.and_then(value));
    let word = |value: fn(&Contrast) -> Option<&'static str>| {
        contrast.and_then(value).unwrap_or_default().to_owned()
    };
    [
        of(Contrast::difference),
        of(|own| Some(own.interval()?.low)),
        of(|own| Some(own.interval()?.high)),
        of(|own| Some(own.ratio()?.value)),
        of(|own| Some(own.ratio()?.interval?.low)),
        of(|own| Some(own.ratio()?.interval?.high)),
        word(|own| Some(own.family?.name())),
        word(|own| Some(own.verdict?.test.name())),
        of(|own| Some(own.verdict?.p)),
        of(|own| own.adjusted),
        of(|own| Some(own.versus.as_ref()?.welch?.p)),
        word(|own| Some(own.finding.as_ref()?.name())),
    ]
}

fn simulated(arm: &Arm) -> &'static str {
    match arm.simulated() {
        0 => "false",
        n if n == arm.runs.len() => "true",
        _ => "some",
    }
}

/// One row for each run, every metric a column.
pub fn tidy(comparison: &Comparison) -> String {
    let mut out = TIDY.to_owned();
    for column in &comparison.columns {
        out.extend([",", &text(&column.name)]);
    }
    out.push('\n');
    for row in comparison.arms.iter().flat_map(|arm| &arm.runs) {
        let columns = comparison.columns.iter();
        let mut cells = about(row);
        cells.extend(columns.map(|column| number(row.value(&column.name))));
        line(&mut out, &cells);
    }
    out
}

fn about(row: &RunRow) -> Vec<String> {
    let run = &row.run;
    let known = |n: u32| if n == 0 { String::new() } else { n.to_string() };
    vec![
        text(&run.id),
        text(&run.experiment),
        text(&run.arm),
        text(&run.workflow),
        text(&run.template),
        known(run.agents),
        known(run.replicate),
        run.seed.to_string(),
        run.simulated.to_string(),
        text(&row.ending.name()),
        row.attempt().to_string(),
    ]
}

fn line(out: &mut String, cells: &[String]) {
    *out += &cells.join(",");
    out.push('\n');
}

/// The shortest digits that read back as the same number.
fn number(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value != 0.0 && !(1e-5..1e16).contains(&value.abs()) => format!("{value:e}"),
        Some(value) => value.to_string(),
    }
}

/// A cell of text, quoted if it must be.
fn text(text: &str) -> String {
    let is_formula = text
        .trim_start_matches(' ')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = format!("{}{text}", if is_formula { "'" } else { "" });
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
