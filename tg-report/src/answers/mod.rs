//! The five questions that experiments are run for, answered as far as the data goes.
//!
//! An answer rests on pairs of arms that differ in the subject of the question and in nothing else: same template, same
//! number of agents, same experiment. Each statement has its interval. Missing runs are named, with the manifest that
//! makes them. The sentences are written in `output::answers`.

mod questions;

use crate::arm::Arm;
use crate::compare::Comparison;
use crate::contrast::{ALPHA, Finding};
use crate::stats::curve::{Crossing, Model};
use crate::stats::{Interval, Ratio, values_needed, versus};
use questions::QUESTIONS;
use tg_stage::workflows::{SWARM, pattern};

pub use questions::{About, Question};

/// A question, with its answer. Arms and curves are named by their places.
#[derive(Debug)]
pub struct Answer {
    pub question: &'static Question,
    /// Empty if the data gives no answer.
    pub statements: Vec<Statement>,
    pub caveats: Vec<Caveat>,
    pub missing: Vec<Missing>,
}

#[derive(Debug)]
pub enum Statement {
    /// `other` against `one`, by metric.
    Gaps {
        one: usize,
        other: usize,
        gaps: Vec<Gap>,
    },
    /// The curve `ahead` is above the curve `behind` from the crossing on.
    Crossing {
        ahead: usize,
        behind: usize,
        crossing: Crossing,
    },
    NoCrossing(usize, usize),
    /// Throughput of a curve by number of agents.
    Throughput(usize),
    /// The peak of a curve by the Universal Scalability Law.
    Peak(usize),
}

/// The difference of two arms on one metric.
#[derive(Debug)]
pub struct Gap {
    /// The metric's place among the columns.
    pub column: usize,
    pub ratio: Option<Ratio>,
    /// The interval of the difference of means.
    pub interval: Option<Interval>,
    pub finding: GapFinding,
}

#[derive(Debug, Clone, Copy)]
pub enum GapFinding {
    /// The finding of the contrast with the baseline, corrected in its family.
    Contrast,
    /// No verdict, because a key that should be constant varies.
    Confounded,
    /// The rank test of these two arms alone, uncorrected.
    Uncorrected { p: f64, is_shown: bool },
}

#[derive(Debug)]
pub enum Caveat {
    /// The leader of this workflow is one of its agents: its role, and the workflow.
    Leader(&'static str, &'static str),
    /// A fit proves nothing about causes or larger numbers of agents.
    Fit,
    /// Agents were simulated.
    Simulated,
}

#[derive(Debug, PartialEq)]
pub enum Missing {
    /// Runs per arm that would find `ratio` on the metric of a column.
    Runs {
        column: usize,
        one: usize,
        other: usize,
        ratio: f64,
        runs: usize,
    },
    /// Metrics without values in both arms.
    Values {
        metrics: Vec<&'static str>,
        one: usize,
        other: usize,
    },
    /// Fits for the crossing of these curves.
    Crossing(usize, usize),
    /// A fit of this curve.
    Fit(usize),
    /// A fit of this curve that can peak.
    Peak(usize),
    /// Arms that the question is about.
    Arms,
}

/// All five answers, in order.
pub fn answers(comparison: &Comparison) -> Vec<Answer> {
    let answer = |question: &'static Question| {
        let mut answer = Answer {
            question,
            statements: Vec::new(),
            caveats: Vec::new(),
            missing: Vec::new(),
        };
        match &question.about {
            About::Workflow { name, metrics } => {
                let template = |arm: &'_ Arm| arm.runs[0].run.template.clone();
                let pairs = pairs(comparison, |a, b| {
                    workflow(a) == SWARM && workflow(b) == *name && template(a) == template(b)
                });
                answer.add_gaps(comparison, &pairs, metrics);
            }
            About::Templates { metrics } => {
                let pairs = pairs(comparison, |a, b| {
                    is_coarse(a) && !is_coarse(b) && workflow(a) == workflow(b)
                });
                answer.add_gaps(comparison, &pairs, metrics);
                answer.add_crossings(comparison);
            }
            About::Scaling => answer.add_scaling(comparison),
        }
        answer.finish(comparison);
        answer
    };
    QUESTIONS.iter().map(answer).collect()
}

/// Pairs of arms of the same experiment and number of agents for which `fits` holds, one and other.
fn pairs(comparison: &Comparison, fits: impl Fn(&Arm, &Arm) -> bool) -> Vec<(usize, usize)> {
    let arms = &comparison.arms;
    let is_alike = |a: &Arm, b: &Arm| {
        a.agents().is_some()
            && a.agents() == b.agents()
            && a.runs[0].run.experiment == b.runs[0].run.experiment
            && a.null_of().is_none()
            && b.null_of().is_none()
    };
    let mut pairs = Vec::new();
    for (one, a) in arms.iter().enumerate() {
        for (other, b) in arms.iter().enumerate() {
            if is_alike(a, b) && fits(a, b) {
                pairs.push((one, other));
            }
        }
    }
    pairs.sort_by_key(|(one, _)| arms[*one].agents());
    pairs
}

fn workflow<'a>(arm: &'a Arm) -> &'a str {
    &arm.runs[0].run.workflow
}

/// The library's coarse templates have the word in their names; nothing else in a record shows how fine a task is.
fn is_coarse(arm: &Arm) -> bool {
    arm.runs[0].run.template.contains("coarse")
}

impl Answer {
    fn add_gaps(
        &mut self,
        comparison: &Comparison,
        pairs: &[(usize, usize)],
        metrics: &[&'static str],
    ) {
        for &(one, other) in pairs {
            let (mut gaps, mut needed, mut unknown) = (Vec::new(), None, Vec::new());
            for metric in metrics {
                match gap(comparison, (one, other), metric) {
                    Some((gap, runs)) => {
                        gaps.push(gap);
                        needed = needed.or(runs);
                    }
                    None => unknown.push(*metric),
                }
            }
            if gaps.is_empty() {
                continue;
            }
            self.statements.push(Statement::Gaps { one, other, gaps });
            self.missing.extend(needed);
            if !unknown.is_empty() {
                self.missing.push(Missing::Values {
                    metrics: unknown,
                    one,
                    other,
                });
            }
        }
    }

    fn add_crossings(&mut self, comparison: &Comparison) {
        for pair in comparison.scaling.iter().flat_map(|all| &all.crossovers) {
            let (one, other) = (pair.one, pair.other);
            if pair.model.is_none() {
                self.missing.push(Missing::Crossing(one, other));
            } else if pair.crossings.is_empty() {
                self.statements.push(Statement::NoCrossing(one, other));
            }
            for crossing in &pair.crossings {
                let (ahead, behind) = if crossing.first_wins_above {
                    (one, other)
                } else {
                    (other, one)
                };
                self.statements.push(Statement::Crossing {
                    ahead,
                    behind,
                    crossing: *crossing,
                });
            }
        }
    }

    fn add_scaling(&mut self, comparison: &Comparison) {
        let curves = comparison.scaling.iter().flat_map(|all| &all.curves);
        for (at, curve) in curves.enumerate() {
            self.statements.push(Statement::Throughput(at));
            match curve.best() {
                None => self.missing.push(Missing::Fit(at)),
                Some(fit) if fit.model == Model::Amdahl => self.missing.push(Missing::Peak(at)),
                Some(_) => {}
            }
            if curve.usl.as_ref().is_ok_and(|fit| fit.peak.is_some()) {
                self.statements.push(Statement::Peak(at));
            }
        }
    }

    /// Adds the caveats of every answer, or names the missing arms.
    fn finish(&mut self, comparison: &Comparison) {
        if self.statements.is_empty() {
            self.missing.push(Missing::Arms);
            return;
        }
        match self.question.about {
            About::Workflow { name, .. } => {
                let leader = pattern(name).leader;
                let caveat = leader.map(|leader| Caveat::Leader(leader.role, name));
                self.caveats.extend(caveat);
            }
            About::Scaling => self.caveats.push(Caveat::Fit),
            About::Templates { .. } => {}
        }
        if comparison.simulated() > 0 {
            self.caveats.push(Caveat::Simulated);
        }
        self.missing.dedup();
    }
}

/// The gap between two arms, and the runs it would take if no difference is shown; `None` if an arm has no value.
fn gap(
    comparison: &Comparison,
    (one, other): (usize, usize),
    metric: &str,
) -> Option<(Gap, Option<Missing>)> {
    let mut columns = comparison.columns.iter();
    let at = columns.position(|column| column.name == metric)?;
    let column = &comparison.columns[at];
    let (a, b) = (&comparison.arms[one], &comparison.arms[other]);
    let level = ALPHA / comparison.families.verdict.m.max(1) as f64;
    let own = versus(&a.values(column), &b.values(column), None, level)?;
    // The baseline is the first arm. With the arms exchanged, its finding would be reversed.
    let contrast = (one == 0).then(|| &comparison.contrasts[other][at]);
    let contrast = contrast.filter(|contrast| contrast.family.is_some());
    let mut confounders = comparison.confounders.iter();
    let (finding, is_shown) = match contrast {
        Some(contrast) => {
            let is_shown = matches!(contrast.finding, Some(Finding::Difference(_)));
            (GapFinding::Contrast, is_shown)
        }
        None if confounders.any(|confounder| confounder.forbids(a, b, column)) => {
            (GapFinding::Confounded, false)
        }
        None => {
            let (p, is_shown) = (own.rank.p, own.rank.p <= ALPHA);
            (GapFinding::Uncorrected { p, is_shown }, is_shown)
        }
    };
    let needed = own.power.filter(|_| !is_shown).and_then(|power| {
        let (ratio, runs) = power.needed[0];
        Some(Missing::Runs {
            column: at,
            one,
            other,
            ratio,
            runs: runs?.max(values_needed(level)),
        })
    });
    let gap = Gap {
        column: at,
        ratio: own.ratio,
        interval: own.welch.map(|welch| welch.interval),
        finding,
    };
    Some((gap, needed))
}
