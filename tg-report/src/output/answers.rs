//! The sentences of the answers to the five questions.

use super::numbers::{column as shown, quotient, quotients};
use super::parts::Sentence;
use super::verdict::finding;
use crate::answers::{About, Answer, Caveat, Gap, GapFinding, Missing, Statement};
use crate::compare::Comparison;
use crate::scaling::ScalingCurve;
use crate::stats::curve::{Crossing, Shape};
use crate::text::{join, p_is};
use tg_stage::workflows::SWARM;

/// An answer as sentences.
pub struct AnswerText {
    pub statements: Vec<Sentence>,
    pub caveats: Vec<String>,
    pub missing: Vec<String>,
}

pub fn answer_text(comparison: &Comparison, answer: &Answer) -> AnswerText {
    let statements = answer.statements.iter();
    let missing = answer.missing.iter();
    AnswerText {
        statements: statements.map(|own| statement(comparison, own)).collect(),
        caveats: answer.caveats.iter().map(caveat).collect(),
        missing: missing.map(|own| lack(comparison, answer, own)).collect(),
    }
}

fn statement(comparison: &Comparison, statement: &Statement) -> Sentence {
    let label = |at: usize| &comparison.arms[at].label;
    let curve = |at: usize| curve(comparison, at);
    Sentence::plain(match statement {
        Statement::Gaps { one, other, gaps } => {
            let gaps = gaps.iter();
            return Sentence {
                subject: format!("{} against {}", label(*other), label(*one)),
                parts: gaps
                    .map(|own| gap(comparison, (*one, *other), own))
                    .collect(),
            };
        }
        Statement::Crossing {
            ahead,
            behind,
            crossing,
        } => crossing_of(&curve(*ahead).label, &curve(*behind).label, crossing),
        Statement::NoCrossing(one, other) => format!(
            "the curves of {} and {} do not cross in the range measured",
            curve(*one).label,
            curve(*other).label
        ),
        Statement::Throughput(at) => return throughput(comparison, curve(*at)),
        Statement::Peak(at) => peak(curve(*at)).unwrap_or_default(),
    })
}

fn curve<'a>(comparison: &'a Comparison, at: usize) -> &'a ScalingCurve {
    let curves = comparison.scaling.as_ref().map(|own| &own.curves[..]);
    &curves.unwrap_or_default()[at]
}

/// `wall_clock_time 8.12 against 6.79 s, ratio 1.20 (95 % 1.02 to 1.41): no difference shown`
fn gap(comparison: &Comparison, (one, other): (usize, usize), gap: &Gap) -> String {
    let shown = shown(comparison, gap.column);
    let mean = |arm: usize| &shown.cells[arm].mean;
    let range = match (gap.ratio, gap.interval) {
        (Some(ratio), _) => {
            let ends = ratio
                .interval
                .map(|ends| format!(" (95 % {})", quotients(ends)));
            format!(
                ", ratio {}{}",
                quotient(ratio.value),
                ends.unwrap_or_default()
            )
        }
        (None, Some(ends)) => format!(", difference 95 % {}", shown.range(ends)),
        (None, None) => String::new(),
    };
    let finding = match gap.finding {
        GapFinding::Contrast => finding(&comparison.contrasts[other][gap.column]),
        GapFinding::Confounded => "no verdict, for what was to be constant varies".to_owned(),
        GapFinding::Uncorrected { p, is_shown } => {
            let words = if is_shown {
                "differ"
            } else {
                "no difference shown"
            };
            format!("{words} ({}, rank test, uncorrected)", p_is(p))
        }
    };
    let (title, unit) = (&shown.title, shown.unit_after());
    format!(
        "{title} {} against {}{unit}{range}: {finding}",
        mean(other),
        mean(one)
    )
}

fn crossing_of(ahead: &str, behind: &str, crossing: &Crossing) -> String {
    let end = |end: Option<f64>, open: &str| end.map_or_else(|| open.to_owned(), quotient);
    format!(
        "{ahead} is ahead of {behind} above {} agents (95 % {} to {})",
        quotient(crossing.at),
        end(crossing.low, "fewer than measured"),
        end(crossing.high, "more than twice the most measured")
    )
}

fn throughput(comparison: &Comparison, curve: &ScalingCurve) -> Sentence {
    let metric = comparison.scaling.as_ref().map_or("", |own| own.metric);
    let points = curve.points.iter().map(|point| {
        let ends = point.summary.interval;
        let ends = ends.map(|ends| format!(" (95 % {})", quotients(ends)));
        let (mean, ends) = (quotient(point.summary.mean), ends.unwrap_or_default());
        format!("{mean}{ends} with {} agents", point.agents)
    });
    Sentence {
        subject: curve.label.clone(),
        parts: vec![format!("{metric} is {}", join(points, ", "))],
    }
}

fn peak(curve: &ScalingCurve) -> Option<String> {
    let fit = curve.usl.as_ref().ok()?;
    let peak = fit.peak?;
    let (label, limit) = (&curve.label, quotient(fit.limit()));
    let high = peak
        .high
        .map_or_else(|| format!("beyond {limit}"), quotient);
    let range = format!("by the USL (95 % {} to {high})", quotient(peak.low));
    Some(match (peak.shape, peak.at) {
        (Shape::Falls, _) => format!("{label} only falls: no second agent helps, {range}"),
        (Shape::Peaks, Some(at)) => format!("{label} peaks at {} agents {range}", quotient(at)),
        (Shape::Rises | Shape::Peaks, _) => {
            format!("{label} has no peak up to {limit} agents, twice the most measured, {range}")
        }
    })
}

fn caveat(caveat: &Caveat) -> String {
    match caveat {
        Caveat::Leader(role, workflow) => {
            format!("the {role} is one of the agents: {workflow} has one worker fewer than {SWARM}")
        }
        Caveat::Fit => {
            "a good fit proves no mechanism, and nothing is said beyond twice the most agents measured".to_owned()
        }
        Caveat::Simulated => {
            "simulated agents: this shows how the pattern queues, collides and waits, not how well a model works".to_owned()
        }
    }
}

fn lack(comparison: &Comparison, answer: &Answer, missing: &Missing) -> String {
    let label = |at: usize| &comparison.arms[at].label;
    let curve = |at: usize| curve(comparison, at);
    match missing {
        Missing::Runs {
            column,
            one,
            other,
            ratio,
            runs,
        } => format!(
            "to find a ratio of {ratio} in {} between {} and {} takes about {runs} runs per arm",
            comparison.columns[*column].title(),
            label(*one),
            label(*other)
        ),
        Missing::Values {
            metrics,
            one,
            other,
        } => format!(
            "no values of {} in both {} and {}",
            metrics.join(", "),
            label(*one),
            label(*other)
        ),
        Missing::Crossing(one, other) => format!(
            "where {} and {} cross: a curve takes three numbers of agents or more for each",
            curve(*one).label,
            curve(*other).label
        ),
        Missing::Fit(at) => format!(
            "how {} bends: three numbers of agents for Amdahl's law, four for the USL; there are {}",
            curve(*at).label,
            curve(*at).points.len()
        ),
        Missing::Peak(at) => format!(
            "where {} peaks: a peak takes a fourth number of agents",
            curve(*at).label
        ),
        Missing::Arms => {
            let lacks = match answer.question.about {
                About::Workflow { name, .. } => format!(
                    "no arms under {SWARM} and under {name} with the same number of agents on the same template"
                ),
                About::Templates { .. } => {
                    "no arms on a coarse and on a fine template with the same workflow and number of agents".to_owned()
                }
                About::Scaling => "no pattern ran with several numbers of agents".to_owned(),
            };
            format!("{lacks}; {} asks it", answer.question.manifest)
        }
    }
}
