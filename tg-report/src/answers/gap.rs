//! What two arms differ by on one metric, in words.
//!
//! Where one of the two is the baseline and the metric is in a family, the words are those of the finding, corrected; else the two
//! are compared here, and the p is said to be uncorrected.

use crate::against::{ALPHA, Finding};
use crate::arm::Arm;
use crate::columns::Column;
use crate::compare::Comparison;
use crate::output::human::{column as shown, quotient, quotients};
use crate::stats::{Power, Versus, values_needed, versus};
use crate::words::p_is;

/// A gap.
pub struct Gap {
    /// `wall_clock_time 8.12 against 6.79 s, ratio 1.20 (95 % 1.02 to 1.41): no difference shown`
    pub said: String,
    /// What it would take to say more, where nothing is shown.
    pub needed: Option<String>,
}

/// The gap between two arms, by their places; `None` where one of them has no value.
pub fn gap(comparison: &Comparison, (one, other): (usize, usize), metric: &str) -> Option<Gap> {
    let at = comparison
        .columns
        .iter()
        .position(|column| column.name == metric)?;
    let column = &comparison.columns[at];
    let (a, b) = (&comparison.arms[one], &comparison.arms[other]);
    let level = ALPHA / comparison.families.verdict.m.max(1) as f64;
    let own = versus(&a.values(column), &b.values(column), None, level)?;
    let figures = figures(comparison, at, (a, b), &own)?;
    let (finding, is_shown) = finding(comparison, (one, other), at, &own);
    let said = format!("{} {figures}: {finding}", column.title());
    let needed = own
        .power
        .filter(|_| !is_shown)
        .and_then(|power| needed(&power, column, (a, b), level));
    Some(Gap { said, needed })
}

fn figures(
    comparison: &Comparison,
    at: usize,
    (a, b): (&Arm, &Arm),
    own: &Versus,
) -> Option<String> {
    let shown = shown(comparison, at);
    let mean = |arm: &Arm| Some(shown.value(arm.cells[at]?.mean));
    let means = format!("{} against {}{}", mean(b)?, mean(a)?, shown.unit_after());
    let ratio = own.ratio.map(|ratio| {
        let ends = ratio
            .interval
            .map_or_else(String::new, |ends| format!(" (95 % {})", quotients(ends)));
        format!(", ratio {}{ends}", quotient(ratio.value))
    });
    let difference = || {
        let ends = own.welch?.interval;
        Some(format!(
            ", difference 95 % {}{}",
            shown.between(ends),
            shown.unit_after()
        ))
    };
    Some(means + &ratio.or_else(difference).unwrap_or_default())
}

/// The finding in words, and whether it shows a difference.
fn finding(
    comparison: &Comparison,
    (one, other): (usize, usize),
    at: usize,
    own: &Versus,
) -> (String, bool) {
    // The baseline is the first arm. Turned round, its words would be too.
    let known = (one == 0).then(|| &comparison.against[other][at]);
    if let Some(against) = known.filter(|against| against.family.is_some()) {
        let is_shown = matches!(against.finding, Some(Finding::Difference(_)));
        return (crate::output::verdict::finding(against), is_shown);
    }
    let (a, b) = (&comparison.arms[one], &comparison.arms[other]);
    let column = &comparison.columns[at];
    if comparison
        .hidden
        .iter()
        .any(|hidden| hidden.forbids(a, b, column))
    {
        return (
            "no verdict, for what was to be constant varies".into(),
            false,
        );
    }
    let is_shown = own.rank.p <= ALPHA;
    let words = if is_shown {
        "differ"
    } else {
        "no difference shown"
    };
    (
        format!("{words} ({}, rank test, uncorrected)", p_is(own.rank.p)),
        is_shown,
    )
}

fn needed(power: &Power, column: &Column, (a, b): (&Arm, &Arm), level: f64) -> Option<String> {
    let (ratio, runs) = power.needed[0];
    let runs = runs?.max(values_needed(level));
    Some(format!(
        "to find a ratio of {ratio} in {} between {} and {} takes about {runs} runs per arm",
        column.title(),
        a.label,
        b.label
    ))
}
