//! The five questions that experiments are run for, answered as far as the data goes.
//!
//! An answer stands on pairs of arms that differ in what the question is about and in nothing else: same template, same
//! number of agents, same experiment. Each sentence has its interval. What nobody ran is named, with the manifest that asks it.

mod gap;
mod questions;

use crate::arm::Arm;
use crate::compare::Comparison;
use crate::output::human::quotient;
use crate::scaling::ScalingCurve;
use crate::stats::curve::{Crossing, Model, Shape};
use gap::gap;
use questions::{About, QUESTIONS, Question};

/// One question.
#[derive(Debug)]
pub struct Answer {
    /// From 1 to 5.
    pub number: u8,
    /// As people ask it.
    pub question: &'static str,
    /// What the data says, each sentence with its interval; empty where it says nothing.
    pub answer: Vec<String>,
    /// What to keep in mind.
    pub caveats: Vec<String>,
    /// What is missing, and how many runs it would take.
    pub missing: Vec<String>,
}

/// All five, in order.
pub fn answers(comparison: &Comparison) -> Vec<Answer> {
    let answer = |question: &Question| {
        let mut answer = Answer {
            number: question.number,
            question: question.text,
            answer: Vec::new(),
            caveats: Vec::new(),
            missing: Vec::new(),
        };
        match &question.about {
            About::Workflows {
                one,
                other,
                metrics,
            } => {
                let is =
                    |arm: &Arm, names: &[&str]| names.contains(&arm.runs[0].run.workflow.as_str());
                let pairs = pairs(comparison, |a, b| {
                    is(a, one) && is(b, other) && same_template(a, b)
                });
                compared(&mut answer, comparison, &pairs, metrics);
            }
            About::Templates { metrics } => {
                let same = |a: &Arm, b: &Arm| a.runs[0].run.workflow == b.runs[0].run.workflow;
                let tasks = |arm: &Arm| is_coarse(arm);
                let pairs = pairs(comparison, |a, b| tasks(a) && !tasks(b) && same(a, b));
                compared(&mut answer, comparison, &pairs, metrics);
                crossovers(&mut answer, comparison);
            }
            About::Scaling => scaling(&mut answer, comparison),
        }
        finish(&mut answer, comparison, question);
        answer
    };
    QUESTIONS.iter().map(answer).collect()
}

/// Pairs of arms of the same experiment and number of agents for which `fits` holds, one and other.
fn pairs(comparison: &Comparison, fits: impl Fn(&Arm, &Arm) -> bool) -> Vec<(usize, usize)> {
    let arms = &comparison.arms;
    let mut pairs = Vec::new();
    for (one, a) in arms.iter().enumerate() {
        for (other, b) in arms.iter().enumerate() {
            let alike = a.agents().is_some()
                && a.agents() == b.agents()
                && a.runs[0].run.experiment == b.runs[0].run.experiment
                && a.null_of().is_none()
                && b.null_of().is_none();
            if alike && fits(a, b) {
                pairs.push((one, other));
            }
        }
    }
    pairs.sort_by_key(|(one, _)| arms[*one].agents());
    pairs
}

fn same_template(a: &Arm, b: &Arm) -> bool {
    a.runs[0].run.template == b.runs[0].run.template
}

/// The library's coarse templates say so in their names; nothing in a record tells how fine a task is.
fn is_coarse(arm: &Arm) -> bool {
    arm.runs[0].run.template.contains("coarse")
}

fn compared(
    answer: &mut Answer,
    comparison: &Comparison,
    pairs: &[(usize, usize)],
    metrics: &[&str],
) {
    for pair in pairs {
        let gaps = metrics.iter().map(|metric| gap(comparison, *pair, metric));
        let gaps: Vec<_> = gaps.collect();
        let said: Vec<&str> = gaps.iter().flatten().map(|gap| gap.said.as_str()).collect();
        if said.is_empty() {
            continue;
        }
        let (one, other) = (&comparison.arms[pair.0], &comparison.arms[pair.1]);
        answer.answer.push(format!(
            "{} against {}: {}",
            other.label,
            one.label,
            said.join("; ")
        ));
        let needed = gaps.iter().flatten().find_map(|gap| gap.needed.clone());
        answer.missing.extend(needed);
        let unknown = metrics.iter().zip(&gaps).filter(|(_, gap)| gap.is_none());
        let unknown: Vec<&str> = unknown.map(|(metric, _)| *metric).collect();
        if !unknown.is_empty() {
            answer.missing.push(format!(
                "no values of {} in both {} and {}",
                unknown.join(", "),
                one.label,
                other.label
            ));
        }
    }
}

fn crossovers(answer: &mut Answer, comparison: &Comparison) {
    let Some(scaling) = &comparison.scaling else {
        return;
    };
    for own in &scaling.crossovers {
        let [one, other] = [own.one, own.other].map(|at| &scaling.curves[at]);
        let said = |crossing: &Crossing| {
            let ahead = if crossing.first_wins_above {
                one
            } else {
                other
            };
            let end = |end: Option<f64>, open: &str| end.map_or_else(|| open.to_owned(), quotient);
            format!(
                "{} is ahead of {} above {} agents (95 % {} to {})",
                ahead.label,
                if crossing.first_wins_above {
                    &other.label
                } else {
                    &one.label
                },
                quotient(crossing.at),
                end(crossing.low, "fewer than measured"),
                end(crossing.high, "more than twice the most measured")
            )
        };
        match own.model {
            Some(_) if own.crossings.is_empty() => answer.answer.push(format!(
                "the curves of {} and {} do not cross in the range measured",
                one.label, other.label
            )),
            Some(_) => answer.answer.extend(own.crossings.iter().map(said)),
            None => answer.missing.push(format!(
                "where {} and {} cross: a curve takes three numbers of agents or more for each",
                one.label, other.label
            )),
        }
    }
}

fn scaling(answer: &mut Answer, comparison: &Comparison) {
    let Some(scaling) = &comparison.scaling else {
        return;
    };
    for curve in &scaling.curves {
        answer.answer.push(ends(curve, scaling.metric));
        match curve.best() {
            None => answer.missing.push(format!(
                "how {} bends: three numbers of agents for Amdahl's law, four for the USL; there are {}",
                curve.label,
                curve.points.len()
            )),
            Some(fit) if fit.model == Model::Amdahl => answer
                .missing
                .push(format!("where {} peaks: a peak takes a fourth number of agents", curve.label)),
            Some(_) => {}
        }
        answer.answer.extend(peak(curve));
    }
}

/// Throughput at the fewest and the most agents.
fn ends(curve: &ScalingCurve, metric: &str) -> String {
    let at = |point: &crate::scaling::Point| {
        let interval = point.summary.interval.map_or_else(String::new, |ends| {
            format!(" (95 % {} to {})", quotient(ends.low), quotient(ends.high))
        });
        format!(
            "{}{interval} with {} agents",
            quotient(point.summary.mean),
            point.agents
        )
    };
    let points: Vec<String> = curve.points.iter().map(at).collect();
    format!("{}: {metric} is {}", curve.label, points.join(", "))
}

fn peak(curve: &ScalingCurve) -> Option<String> {
    let fit = curve.usl.as_ref().ok()?;
    let peak = fit.peak?;
    let limit = quotient(fit.limit());
    let open = |end: Option<f64>| end.map_or_else(|| format!("beyond {limit}"), quotient);
    let range = format!("95 % {} to {}", quotient(peak.low), open(peak.high));
    let label = &curve.label;
    Some(match (peak.shape, peak.at) {
        (Shape::Falls, _) => {
            format!("{label} only falls: no second agent helps, by the USL ({range})")
        }
        (Shape::Peaks, Some(at)) => format!(
            "{label} peaks at {} agents by the USL ({range})",
            quotient(at)
        ),
        (Shape::Rises | Shape::Peaks, _) => {
            format!(
                "{label} has no peak up to {limit} agents, twice the most measured, by the USL ({range})"
            )
        }
    })
}

/// Caveats that hold for every answer, and what to run where there is none.
fn finish(answer: &mut Answer, comparison: &Comparison, question: &Question) {
    if answer.answer.is_empty() {
        answer
            .missing
            .push(format!("{}; {} asks it", question.lacks, question.manifest));
        return;
    }
    answer.caveats.extend(question.caveat.map(str::to_owned));
    if comparison.arms.iter().any(|arm| arm.simulated() > 0) {
        answer.caveats.push(
            "simulated agents: this shows how the pattern queues, collides and waits, not how well a model works".into(),
        );
    }
    answer.missing.dedup();
}
