//! The findings of the arms against the baseline: tables, and a sentence for each arm.
//!
//! A finding is never one bare word: beside it are the interval, the p of the exact test before and after Holm's
//! correction, and Welch's p.

use super::notes::{baseline_by, primary_by};
use super::numbers::{self, Shown, quotient, quotients};
use super::parts::{Grid, Sentence};
use crate::compare::Comparison;
use crate::contrast::{ALPHA, Contrast, Direction, Finding};
use crate::stats::{LeaveOneOut, Side, Test};
use crate::text::{enumerate, list, or_dash, p_is, p_value};

/// The heads of the tables.
pub const HEADS: [&str; 9] = [
    "arm",
    "difference",
    "95 %",
    "ratio",
    "95 %",
    "p",
    "p (Holm)",
    "p (Welch)",
    "finding",
];

/// A report of a single arm has this sentence in the place of a verdict.
pub fn only_arm(comparison: &Comparison) -> Option<String> {
    let baseline = &comparison.arms[0].label;
    (comparison.arms.len() == 1).then(|| {
        format!("{baseline}, the baseline, is the only arm: there is nothing to compare it with")
    })
}

/// The subject of the verdict: `wall_clock_time (lower is better; ...), against solo, the baseline (the arm called solo)`
pub fn subject(comparison: &Comparison) -> String {
    let column = comparison.primary();
    let better = match column.kind.better.name() {
        "" => "no direction is declared".to_owned(),
        better => format!("{better} is better"),
    };
    format!(
        "{} ({better}; the primary metric is {}), against {}, the baseline ({})",
        column.title(),
        primary_by(comparison.primary.by),
        comparison.arms[0].label,
        baseline_by(comparison.baseline_by)
    )
}

pub fn title(comparison: &Comparison) -> String {
    let only = only_arm(comparison);
    only.unwrap_or_else(|| format!("verdict on {}", subject(comparison)))
}

/// The verdict family: one row per arm but the baseline.
pub fn table(comparison: &Comparison) -> Grid {
    let at = comparison.primary.at;
    let shown = numbers::column(comparison, at);
    let others = comparison.others(at);
    grid(others.map(|(_, arm, contrast)| (row(arm.label.clone(), &shown, contrast), contrast)))
}

/// The exploratory family: one row per arm and metric, `push: total_cost`.
pub fn exploratory(comparison: &Comparison) -> Grid {
    let columns = comparison
        .shown()
        .filter(|(at, _)| *at != comparison.primary.at);
    grid(columns.flat_map(|(at, column)| {
        let (shown, title) = (numbers::column(comparison, at), column.title());
        let others = comparison.others(at);
        others.map(move |(_, arm, contrast)| {
            let name = format!("{}: {title}", arm.label);
            (row(name, &shown, contrast), contrast)
        })
    }))
}

fn grid<'a>(rows: impl Iterator<Item = (Vec<String>, &'a Contrast)>) -> Grid {
    let better = |contrast: &Contrast| match contrast.finding {
        Some(Finding::Difference(direction)) => direction.is_better,
        _ => None,
    };
    let (rows, better) = rows.map(|(row, contrast)| (row, better(contrast))).unzip();
    Grid {
        heads: &HEADS,
        rows,
        better,
    }
}

/// The cells of [`HEADS`].
fn row(name: String, shown: &Shown, contrast: &Contrast) -> Vec<String> {
    let ratio = contrast.ratio();
    let p = |p: Option<f64>| or_dash(p.map(p_value));
    let floor = if contrast.is_at_floor() {
        " (floor)"
    } else {
        ""
    };
    let signed = |difference: f64| shown.signed(difference) + &shown.unit_after();
    let welch = contrast.versus.as_ref().and_then(|versus| versus.welch);
    vec![
        name,
        or_dash(contrast.difference().map(signed)),
        or_dash(contrast.interval().map(|ends| shown.between(ends))),
        or_dash(ratio.map(|ratio| quotient(ratio.value))),
        or_dash(ratio.and_then(|ratio| ratio.interval).map(quotients)),
        p(contrast.verdict.map(|verdict| verdict.p)) + floor,
        p(contrast.adjusted),
        p(welch.map(|welch| welch.p)),
        finding(contrast),
    ]
}

/// The finding in a few words: `worse`, `no difference shown`, `large gap, rests on normality (higher)`.
pub fn finding(contrast: &Contrast) -> String {
    let words = match &contrast.finding {
        Some(Finding::Difference(direction)) => direction_word(*direction).to_owned(),
        Some(Finding::RestsOnNormality(direction)) => {
            let direction = direction_word(*direction);
            format!("large gap, rests on normality ({direction})")
        }
        Some(Finding::NotShown) => "no difference shown".to_owned(),
        Some(Finding::Refused(keys)) => format!("no verdict: differ in {}", enumerate(keys)),
        Some(Finding::NoData) => "no data".to_owned(),
        None => "A/A: the same configuration".to_owned(),
    };
    let left_out = contrast.leave_one_out.as_ref();
    let turns = if left_out.is_some_and(|all| !all.flips.is_empty()) {
        "; turns without one run"
    } else {
        ""
    };
    let noise = match contrast.within_noise {
        Some(true) => "; inside the A/A noise",
        _ => "",
    };
    words + turns + noise
}

fn direction_word(direction: Direction) -> &'static str {
    match (direction.is_better, direction.is_higher) {
        (Some(true), _) => "better",
        (Some(false), _) => "worse",
        (None, true) => "higher",
        (None, false) => "lower",
    }
}

/// One sentence for each arm: the finding, the range that is still possible, the runs it would take.
pub fn sentences(comparison: &Comparison) -> Vec<Sentence> {
    let at = comparison.primary.at;
    let shown = numbers::column(comparison, at);
    let parts = |place: usize, contrast: &Contrast| {
        let mut parts = vec![conclusion(contrast, &shown)];
        parts.extend(at_the_floor(contrast));
        let left_out_runs = contrast.leave_one_out.as_ref();
        parts.extend(left_out_runs.and_then(|all| left_out(all, comparison, place)));
        if contrast.within_noise == Some(true) {
            parts.push("the difference is no larger than that between the A/A arms".into());
        }
        parts
    };
    let others = comparison.others(at);
    let sentences = others.map(|(place, arm, contrast)| Sentence {
        subject: arm.label.clone(),
        parts: parts(place, contrast),
    });
    sentences.collect()
}

fn conclusion(contrast: &Contrast, shown: &Shown) -> String {
    let range = contrast.interval().map(|ends| shown.range(ends));
    let holm = |p: Option<f64>| {
        p.map(|p| format!("{} after Holm", p_is(p)))
            .unwrap_or_default()
    };
    let p = holm(contrast.adjusted);
    let within = |before: &str, after: &str| {
        let range = range
            .as_ref()
            .map(|range| format!("{before}{range}{after}"));
        range.unwrap_or_default()
    };
    match &contrast.finding {
        Some(Finding::Difference(direction)) => {
            let range = within(", a difference of ", " (95 %)");
            format!("{}{range}, {p}", direction_word(*direction))
        }
        Some(Finding::RestsOnNormality(direction)) => format!(
            "a large gap ({}{}) that rests on normality: Welch's {}, and so few runs cannot confirm it by ranks or signs ({p})",
            direction_word(*direction),
            within(", ", ""),
            holm(contrast.welch_adjusted),
        ),
        Some(Finding::NotShown) => match &range {
            Some(range) => {
                format!("no difference shown ({p}); anything from {range} is still possible (95 %)")
            }
            None => format!(
                "no difference shown ({p}), and no interval: that takes two runs per arm, not all alike"
            ),
        },
        Some(Finding::Refused(keys)) => format!(
            "no verdict: what was to be held constant varies ({}), so a difference has more than one explanation",
            enumerate(keys)
        ),
        Some(Finding::NoData) => {
            "no data: one of the two has no run with a value that counts".to_owned()
        }
        None => format!(
            "the same configuration as the baseline under another name{}: any difference here is noise",
            within(" (", ", 95 %)")
        ),
    }
}

fn at_the_floor(contrast: &Contrast) -> Option<String> {
    let (verdict, needed) = (contrast.verdict?, contrast.needed?);
    if !verdict.is_at_floor() || contrast.adjusted? <= ALPHA {
        return None;
    }
    let runs = match verdict.test {
        Test::Rank => "runs per arm",
        Test::SignFlip => "pairs of runs",
    };
    Some(format!(
        "its p is the least that so few runs can give: needs >= {needed} {runs}"
    ))
}

fn left_out(all: &LeaveOneOut, comparison: &Comparison, place: usize) -> Option<String> {
    let name = |side: Side, at: usize| {
        let arm = if side == Side::Arm { place } else { 0 };
        let mut runs = comparison.arms[arm].entering(comparison.primary());
        let run = runs.nth(at)?.0;
        Some(match side {
            Side::Pair => format!("pair {}", at + 1),
            _ => run.run.id.clone(),
        })
    };
    let names = all.flips.iter().filter_map(|flip| name(flip.side, flip.at));
    let names: Vec<String> = names.collect();
    let verdict = |names| {
        format!(
            "it rests on single runs: without {} the verdict turns",
            list::<String>(names)
        )
    };
    (!names.is_empty()).then(|| verdict(names))
}
