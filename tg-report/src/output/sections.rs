//! The further sections of a report as plain sentences, for text and Markdown: the answers, success criteria, scaling, the
//! inside of runs, the gate.

use super::answers::answer_text;
use super::numbers::{self, quotient, time, with_interval};
use super::warnings;
use crate::answers::Answer;
use crate::compare::Comparison;
use crate::distribution::{Bottleneck, CauseOfWait, Distribution, Waits};
use crate::gate::{Gate, GateState};
use crate::report::Report;
use crate::scaling::{ScalingCurve, ScalingPoint};
use crate::stats::curve::{Fit, Method, Model, NoFit, Parameter};
use crate::success::{Judged, Judgement};
use crate::text::{count, enumerate, join};

/// Heading and sentences of each section that is not empty.
pub fn sections(report: &Report) -> Vec<(&'static str, Vec<String>)> {
    let comparison = &report.comparison;
    let success = comparison.success.iter();
    let gates = comparison.gates.iter();
    let mut sections = vec![
        ("answers", answers(report)),
        (
            "success criteria",
            success.map(|own| judged(comparison, own)).collect(),
        ),
        ("scaling", scaling(comparison)),
        ("inside the runs", inside(comparison)),
        ("gate", gates.map(|own| gate(comparison, own)).collect()),
    ];
    sections.retain(|section| !section.1.is_empty());
    sections
}

/// Questions with an answer one by one; the others in one line.
fn answers(report: &Report) -> Vec<String> {
    let answers = report.answers.iter();
    let (known, unknown): (Vec<&Answer>, Vec<&Answer>) =
        answers.partition(|answer| !answer.statements.is_empty());
    if known.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for answer in known {
        let (number, text) = (
            answer.question.number,
            answer_text(&report.comparison, answer),
        );
        lines.push(format!("{number}. {}", answer.question.text));
        lines.extend(text.statements.iter().map(|own| format!("{number}: {own}")));
        for (name, list) in [("keep in mind", text.caveats), ("missing", text.missing)] {
            if !list.is_empty() {
                lines.push(format!("{number}: {name}: {}", list.join("; ")));
            }
        }
    }
    let numbers = unknown
        .iter()
        .map(|answer| answer.question.number.to_string());
    let numbers: Vec<String> = numbers.collect();
    if !numbers.is_empty() {
        lines.push(format!(
            "not asked by these arms: questions {}",
            enumerate(&numbers)
        ));
    }
    lines
}

fn judged(comparison: &Comparison, judged: &Judged) -> String {
    let shown = numbers::column(comparison, judged.column);
    let arms = comparison.arms.iter().zip(&judged.arms);
    let arms = arms.map(|(arm, judgement)| {
        let mean = arm.summaries[judged.column];
        let mean = mean.map(|own| format!(" ({})", shown.with_unit(own.mean)));
        let word = match judgement {
            Judgement::Met { is_sure: true } => "meets it",
            Judgement::Met { is_sure: false } => {
                "meets it, but the mean's interval reaches past the bound"
            }
            Judgement::Missed { is_sure: true } => "misses it",
            Judgement::Missed { is_sure: false } => {
                "misses it, but the mean's interval reaches past the bound"
            }
            Judgement::Unknown => "unknown",
        };
        format!("{}{} {word}", arm.label, mean.unwrap_or_default())
    });
    let name = &comparison.columns[judged.column].name;
    format!("{name} {}: {}", judged.condition, join(arms, "; "))
}

fn scaling(comparison: &Comparison) -> Vec<String> {
    let Some(scaling) = &comparison.scaling else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for curve in &scaling.curves {
        lines.push(points(curve, scaling.metric));
        lines.push(format!("{}: {}", curve.label, law("USL", &curve.usl)));
        lines.push(format!("{}: {}", curve.label, law("Amdahl", &curve.amdahl)));
    }
    lines
}

fn points(curve: &ScalingCurve, metric: &str) -> String {
    let point = |point: &ScalingPoint| {
        let mean = with_interval(point.summary.mean, point.summary.interval);
        format!("n={} {mean}", point.agents)
    };
    let points = join(curve.points.iter().map(point), ", ");
    format!("{}: {metric} by agents (95 %): {points}", curve.label)
}

fn law(name: &str, fit: &Result<Fit, NoFit>) -> String {
    match fit {
        Ok(fit) => fitted(name, fit),
        Err(NoFit::TooFew { distinct, needed }) => {
            format!(
                "no {name} curve: it takes {needed} numbers of agents, and there are {distinct}"
            )
        }
        Err(NoFit::NoThroughput) => format!("no {name} curve: there is no throughput"),
        Err(NoFit::NoCurve) => format!("no {name} curve: the runs do not determine one"),
    }
}

fn fitted(name: &str, fit: &Fit) -> String {
    let parameter = |letter: &str, own: &Parameter| {
        let bound = if own.at_bound { ", at its bound" } else { "" };
        format!("{letter} {}{bound}", with_interval(own.value, own.interval))
    };
    let mut parts = vec![
        parameter("lambda", &fit.lambda),
        parameter("sigma", &fit.sigma),
    ];
    parts.extend(fit.kappa.as_ref().map(|kappa| parameter("kappa", kappa)));
    let by = match fit.method {
        Method::Resampled { draws } => format!("from {draws} resamples of runs"),
        Method::Delta => "from t, linearised, with a variance for each number of agents".into(),
        Method::DeltaPooled { df } => {
            format!("from t with {df} df, linearised, with one variance for all")
        }
    };
    let law = match fit.model {
        Model::Amdahl => "lambda N / (1 + sigma (N-1))",
        Model::Usl => "lambda N / (1 + sigma (N-1) + kappa N (N-1))",
    };
    format!("{name}, {law}: {}; 95 % intervals {by}", parts.join(", "))
}

fn inside(comparison: &Comparison) -> Vec<String> {
    let line = |(_, label, own): (usize, &str, &Distribution)| {
        let waits = own.waits.as_ref();
        let parts = [
            busy(own),
            waits.map(average_wait),
            waits.and_then(bottlenecks),
        ];
        let (runs, parts) = (
            count(own.runs, "run"),
            join(parts.into_iter().flatten(), "; "),
        );
        format!("{label} ({runs}): {parts}")
    };
    comparison.insides().map(line).collect()
}

/// The histogram of utilization as a row of counts, and the balance of the load.
fn busy(own: &Distribution) -> Option<String> {
    let counts = join(own.utilization.as_ref()?.counts, " ");
    let load = own.load.map(|load| {
        let (gini, busiest) = (quotient(load.gini), quotient(load.max_over_mean));
        format!(", load: Gini {gini}, busiest / mean {busiest}")
    });
    let load = load.unwrap_or_default();
    Some(format!(
        "agents by utilization, in tenths of 0 to 100 %: {counts}{load}"
    ))
}

fn average_wait(waits: &Waits) -> String {
    let cause = |own: &CauseOfWait| {
        let (mean, p90) = (time(own.mean_ms), time(own.p90_ms));
        format!("{} {mean} (90 % of tasks up to {p90})", own.cause.name())
    };
    let causes = join(waits.causes.iter().map(cause), ", ");
    format!("a task waits {causes} on average")
}

fn bottlenecks(waits: &Waits) -> Option<String> {
    let task = |task: &Bottleneck| {
        let (mean, cause) = (time(task.mean_ms), task.cause.name());
        format!("{} {mean} (mostly {cause})", task.template_task)
    };
    let tasks = join(waits.bottlenecks.iter().take(3).map(task), ", ");
    (!tasks.is_empty()).then(|| format!("longest: {tasks}"))
}

fn gate(comparison: &Comparison, gate: &Gate) -> String {
    let state = match gate.state() {
        GateState::Open => "open",
        GateState::Closed => "closed",
        GateState::Undefined => "undefined, and so closed",
    };
    format!(
        "{}: {state}: {}",
        gate.condition,
        warnings::gate(comparison, gate)
    )
}
