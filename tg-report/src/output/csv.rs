//! The comparison as CSV: a summary by arm and metric, or tidy, one row per run.
//!
//! Values are at full precision and in the units of the records. Numbers are numbers; a text that a spreadsheet would
//! take for a formula begins with an apostrophe. What is unknown is empty.

use crate::against::Against;
use crate::arm::Arm;
use crate::attempts;
use crate::compare::Comparison;
use crate::row::Row;
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
        for (at, (column, cell)) in comparison.columns.iter().zip(&arm.cells).enumerate() {
            let value = |of: fn(&Summary) -> Option<f64>| number(cell.as_ref().and_then(of));
            let kind = column.kind;
            let ends = cell.and_then(|cell| cell.interval);
            let own = [
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
                cell.map_or(0, |cell| cell.n).to_string(),
                value(|cell| Some(cell.mean)),
                value(|cell| cell.sd),
                value(|cell| Some(cell.min)),
                value(|cell| Some(cell.median)),
                value(|cell| Some(cell.max)),
                number(ends.map(|ends| ends.low)),
                number(ends.map(|ends| ends.high)),
            ];
            let compared = compared(comparison.against[place].get(at));
            let attempts = attempts::of(arm);
            let tried = [attempts.made.to_string(), attempts.machinery.to_string()];
            let cells: Vec<String> = own.into_iter().chain(compared).chain(tried).collect();
            line(&mut out, &cells);
        }
    }
    out
}

/// What an arm's row says of it against the baseline; all empty in the baseline's own.
fn compared(against: Option<&Against>) -> [String; 12] {
    let versus = against.and_then(|against| against.versus.as_ref());
    let welch = versus.and_then(|versus| versus.welch);
    let ratio = versus.and_then(|versus| versus.ratio);
    let ratio_ends = ratio.and_then(|ratio| ratio.interval);
    let verdict = against.and_then(|against| against.verdict);
    let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
    [
        number(versus.and_then(|versus| versus.difference)),
        number(welch.map(|welch| welch.interval.low)),
        number(welch.map(|welch| welch.interval.high)),
        number(ratio.map(|ratio| ratio.value)),
        number(ratio_ends.map(|ends| ends.low)),
        number(ratio_ends.map(|ends| ends.high)),
        word(against.and_then(|against| Some(against.family?.name()))),
        word(verdict.map(|verdict| verdict.test.name())),
        number(verdict.map(|verdict| verdict.p)),
        number(against.and_then(|against| against.adjusted)),
        number(welch.map(|welch| welch.p)),
        word(against.and_then(|against| Some(against.finding.as_ref()?.name()))),
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
        let values = comparison
            .columns
            .iter()
            .map(|column| number(row.value(&column.name)));
        let cells: Vec<String> = about(row).into_iter().chain(values).collect();
        line(&mut out, &cells);
    }
    out
}

fn about(row: &Row) -> [String; 11] {
    let run = &row.run;
    let known = |number: u32| {
        if number == 0 {
            String::new()
        } else {
            number.to_string()
        }
    };
    [
        text(&run.id),
        text(&run.experiment),
        text(&run.arm),
        text(&run.workflow),
        text(&run.template),
        known(run.agents),
        known(run.replicate),
        run.seed.to_string(),
        run.simulated.to_string(),
        text(&row.end()),
        attempts::made(row).to_string(),
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

/// A cell of text, quoted where it must be.
fn text(text: &str) -> String {
    let is_formula = text
        .trim_start_matches(' ')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
