//! The further sections of a report as plain sentences, in text and in Markdown alike: the answers, success criteria,
//! scaling, what happened inside runs, the gate.

use super::human::{self, quotient, quotients, time};
use crate::answers::Answer;
use crate::compare::Comparison;
use crate::distribution::{Distribution, Waits};
use crate::gate::{Gate, Outcome};
use crate::scaling::ScalingCurve;
use crate::stats::curve::{Fit, Method, Model, NoFit, Parameter};
use crate::success::Judgement;
use crate::words::{count, enumerate};

/// Heading and sentences of each section that has something to say.
pub fn sections(comparison: &Comparison) -> Vec<(&'static str, Vec<String>)> {
    let sections = [
        ("answers", answers(comparison)),
        ("success criteria", success(comparison)),
        ("scaling", scaling(comparison)),
        ("inside the runs", inside(comparison)),
        ("gate", comparison.gates.iter().map(gate).collect()),
    ];
    sections
        .into_iter()
        .filter(|section| !section.1.is_empty())
        .collect()
}

/// Questions with an answer one by one; the others in one line.
fn answers(comparison: &Comparison) -> Vec<String> {
    let (known, unknown): (Vec<&Answer>, Vec<&Answer>) = comparison
        .answers
        .iter()
        .partition(|answer| !answer.answer.is_empty());
    if known.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for answer in known {
        lines.push(format!("{}. {}", answer.number, answer.question));
        lines.extend(
            answer
                .answer
                .iter()
                .map(|said| format!("{}: {said}", answer.number)),
        );
        let but = |what: &str, list: &[String]| match list {
            [] => None,
            list => Some(format!("{}: {what}: {}", answer.number, list.join("; "))),
        };
        lines.extend(but("keep in mind", &answer.caveats));
        lines.extend(but("missing", &answer.missing));
    }
    let numbers: Vec<String> = unknown
        .iter()
        .map(|answer| answer.number.to_string())
        .collect();
    if !numbers.is_empty() {
        lines.push(format!(
            "not asked by these arms: questions {}",
            enumerate(&numbers)
        ));
    }
    lines
}

fn success(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    for judged in &comparison.success {
        let shown = human::column(comparison, judged.column);
        let arms = comparison.arms.iter().zip(&judged.arms);
        let arm = arms.map(|(arm, judgement)| {
            let mean = arm.cells[judged.column].map_or_else(String::new, |cell| {
                format!(" ({}{})", shown.value(cell.mean), shown.unit_after())
            });
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
            format!("{}{mean} {word}", arm.label)
        });
        let name = &comparison.columns[judged.column].name;
        let arms: Vec<String> = arm.collect();
        lines.push(format!("{name} {}: {}", judged.condition, arms.join("; ")));
    }
    lines
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
    let point = |point: &crate::scaling::Point| {
        let ends = point
            .summary
            .interval
            .map_or_else(String::new, |ends| format!(" ({})", quotients(ends)));
        format!("n={} {}{ends}", point.agents, quotient(point.summary.mean))
    };
    let points: Vec<String> = curve.points.iter().map(point).collect();
    format!(
        "{}: {metric} by agents (95 %): {}",
        curve.label,
        points.join(", ")
    )
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
        let ends = own
            .interval
            .map_or_else(String::new, |ends| format!(" ({})", quotients(ends)));
        let bound = if own.at_bound { ", at its bound" } else { "" };
        format!("{letter} {}{ends}{bound}", quotient(own.value))
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
    let mut lines = Vec::new();
    for (arm, own) in comparison.arms.iter().zip(&comparison.distributions) {
        if let Some(own) = own {
            let parts = [
                busy(own),
                own.waits.as_ref().map(waits),
                own.waits.as_ref().and_then(bottlenecks),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            lines.push(format!(
                "{} ({}): {}",
                arm.label,
                count(own.runs, "run"),
                parts.join("; ")
            ));
        }
    }
    lines
}

/// A histogram as a row of counts, and how even the load was.
fn busy(own: &Distribution) -> Option<String> {
    let histogram = own.utilization.as_ref()?;
    let counts: Vec<String> = histogram.counts.iter().map(ToString::to_string).collect();
    let load = own.load.map_or_else(String::new, |load| {
        format!(
            ", load: Gini {}, busiest / mean {}",
            quotient(load.gini),
            quotient(load.max_over_mean)
        )
    });
    Some(format!(
        "agents by utilization, in tenths of 0 to 100 %: {}{load}",
        counts.join(" ")
    ))
}

fn waits(waits: &Waits) -> String {
    let cause = |own: &crate::distribution::CauseOfWait| {
        format!(
            "{} {} (90 % of tasks up to {})",
            own.cause.name(),
            time(own.mean_ms),
            time(own.p90_ms)
        )
    };
    let causes: Vec<String> = waits.causes.iter().map(cause).collect();
    format!("a task waits {} on average", causes.join(", "))
}

fn bottlenecks(waits: &Waits) -> Option<String> {
    let task = |task: &crate::distribution::Bottleneck| {
        format!(
            "{} {} (mostly {})",
            task.template_task,
            time(task.mean_ms),
            task.cause.name()
        )
    };
    let tasks: Vec<String> = waits.bottlenecks.iter().take(3).map(task).collect();
    (!tasks.is_empty()).then(|| format!("longest: {}", tasks.join(", ")))
}

fn gate(gate: &Gate) -> String {
    let outcome = match gate.outcome {
        Outcome::Open => "open",
        Outcome::Closed => "closed",
        Outcome::Undefined => "undefined, and so closed",
    };
    format!("{}: {outcome}: {}", gate.condition, gate.reason)
}
