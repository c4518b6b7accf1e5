//! The sentences of warnings, confounders and gates, without their full stops. Names are as they came from the input.

use super::notes::baseline_by;
use crate::compare::Comparison;
use crate::confounders::{Confounder, Place};
use crate::gate::{Gate, GateResult};
use crate::text::{count, list, plain};
use crate::warning::Warning;

pub fn messages(comparison: &Comparison) -> Vec<String> {
    comparison.warnings.iter().map(message).collect()
}

pub fn message(warning: &Warning) -> String {
    match warning {
        Warning::Duplicate(runs) => {
            let runs = runs
                .iter()
                .map(|(id, times)| format!("{id} ({times} times)"));
            let runs = list(runs);
            format!("runs that came more than once count once, by their newest record: {runs}")
        }
        Warning::NotRun {
            experiment,
            missing,
            planned,
        } => {
            let of = experiment.as_ref().map(|name| format!(" of {name}"));
            let have = if missing.len() == 1 { "has" } else { "have" };
            let (n, of, runs) = (missing.len(), of.unwrap_or_default(), list(missing));
            format!("{n} of {planned} rows{of} {have} not been run ({runs})")
        }
        Warning::LeftOut { left_out, all } => {
            format!("--where leaves out {left_out} of {all} runs")
        }
        Warning::OtherType(n) => {
            format!("records of another type than \"run\" are left out: {n}")
        }
        Warning::NoBaseline { name, by } => format!(
            "the manifest's baseline {name} has no runs here; {} stands in for it",
            baseline_by(*by)
        ),
        Warning::Confounder(found) => confounder(found),
        Warning::Slot { slot, names } => format!(
            "{slot} holds different things in different runs: {}",
            list(names.iter().map(|name| shortened(name)))
        ),
        Warning::CustomMetric(name) => format!(
            "{name} is computed by different filters in different runs: pass all records through tg-metrics again"
        ),
        Warning::NotInManifest(runs) => format!(
            "the manifest was edited and does not have these runs any more; they are compared all the same: {}",
            list(runs)
        ),
        Warning::NotInterleaved { arms, baseline } => {
            let side = |is_after: bool| if is_after { "after" } else { "before" };
            let arms = arms.iter();
            let arms =
                arms.map(|(arm, after)| format!("{arm} was run {} {baseline}", side(*after)));
            let arms = list(arms);
            format!(
                "arms were not interleaved in time, so a drift of the machine or provider looks like a difference: {arms}"
            )
        }
        Warning::NoOutcome(runs) => format!(
            "no record says how these runs ended, so none counts as completed \
             (tg-wait writes it, as \"wait\":{{\"outcome\":\"completed\"}}): {}",
            list(runs)
        ),
        Warning::Metrics { kinds, runs } => {
            let kinds = kinds.iter().map(|(kind, n)| format!("{kind} ({n})"));
            let kinds = list(kinds);
            format!("tg-metrics warned of {}: {kinds}", count(*runs, "run"))
        }
    }
}

pub fn confounder(found: &Confounder) -> String {
    let key = &found.key;
    match &found.place {
        Place::InArm(arm) => {
            let values = found.values.iter();
            let values =
                values.map(|(value, runs)| format!("{} ({})", shortened(value), runs.len()));
            format!("runs of {arm} differ in {key}: {}", list(values))
        }
        Place::Between(values) => {
            let values = values.iter();
            let values = values.map(|(arm, value)| format!("{arm} {}", shortened(value)));
            format!("arms differ in {key}: {}", list(values))
        }
        Place::Seeds { baseline, others } => format!(
            "arms differ in {key}: {} met other seeds than {baseline}",
            list(others)
        ),
    }
}

/// The beginning of a value, enough to distinguish two; twelve digits of a hash.
fn shortened(value: &str) -> String {
    let is_hash = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = if is_hash { 12 } else { 60 };
    if value.chars().count() <= shown {
        return value.to_owned();
    }
    value.chars().take(shown).chain(['…']).collect()
}

/// `--held`: only the keys that should be constant and vary, with the runs by their values.
pub fn confounders(comparison: &Comparison) -> String {
    let runs = count(comparison.total(), "run");
    let arms = count(comparison.arms.len(), "arm");
    if comparison.confounders.is_empty() {
        return format!(
            "{runs} of {arms}: what was to be held constant was, as far as the records show\n"
        );
    }
    let mut out = format!("{runs} of {arms}: not held constant\n");
    for found in &comparison.confounders {
        out.extend(["  ", &plain(&confounder(found)), "\n"]);
        for (value, runs) in &found.values {
            let runs = plain(&runs.join(", "));
            out.extend(["    ", &plain(value), ": ", &runs, "\n"]);
        }
    }
    out
}

/// The reason for the state of a gate.
pub fn gate(comparison: &Comparison, gate: &Gate) -> String {
    let result = match &gate.result {
        GateResult::NoArm => return "there is no arm to compare with the baseline".to_owned(),
        GateResult::Confounded(found) => format!("cannot be judged: {}", confounder(found)),
        GateResult::NoRatio => {
            "cannot be judged: there is no ratio (no run has a value, or not all are positive)"
                .to_owned()
        }
        GateResult::NoInterval(ratio) => format!(
            "cannot be judged: the change of {} has no interval; it takes two runs per arm that differ, or --point",
            percent(*ratio)
        ),
        GateResult::Tested {
            ratio,
            bound,
            by_point,
            is_past,
        } => {
            let (change, bound) = (percent(ratio.value), percent(*bound));
            let interval = ratio.interval.map(|ends| {
                let (low, high) = (percent(ends.low), percent(ends.high));
                format!(" (95 % interval {low} to {high})")
            });
            let interval = interval.unwrap_or_default();
            let basis = if *by_point {
                "the estimate"
            } else {
                "the whole interval"
            };
            let lies = if *is_past { "lies" } else { "does not lie" };
            format!("a change of {change}{interval}; {basis} {lies} past {bound}")
        }
    };
    let (arm, baseline) = (&comparison.arms[gate.arm], &comparison.arms[0]);
    format!("{} against {}: {result}", arm.label, baseline.label)
}

/// A ratio as a change: `+12.3 %`.
fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}
