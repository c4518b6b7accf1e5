//! The table of ratios and its notes, for text and Markdown; the notes also for HTML.

use super::numbers::with_interval;
use super::parts::Grid;
use crate::compare::Comparison;
use crate::ratio::{NoRatio, Ratio};
use crate::text::{list, or_dash};
use tg_stage::metric::{COST, WALL, stem};

/// One row per arm but the baseline.
pub fn table(comparison: &Comparison) -> Grid {
    let ratio = |ratio: &Ratio| {
        let known = ratio.as_ref().ok();
        or_dash(known.map(|ratio| with_interval(ratio.value, ratio.interval)))
    };
    let arms = comparison.arms.iter().zip(&comparison.ratios).skip(1);
    let rows = arms.map(|(arm, ratios)| {
        let [speedup, cost, efficiency] = ratios.named().map(|named| ratio(named.1));
        vec![
            arm.label.clone(),
            or_dash(arm.agents()),
            speedup,
            cost,
            efficiency,
        ]
    });
    let rows: Vec<_> = rows.collect();
    Grid {
        heads: &["arm", "agents", "speedup", "cost ratio", "efficiency"],
        better: vec![None; rows.len()],
        rows,
    }
}

/// The definitions of the ratios, and the reasons for missing ones.
pub fn notes(comparison: &Comparison) -> Vec<String> {
    let [baseline, _, ..] = &comparison.arms[..] else {
        return Vec::new();
    };
    let (base, wall, cost) = (&baseline.label, stem(WALL), stem(COST));
    let mut notes = vec![format!(
        "speedup = {wall} of {base} / of the arm; cost ratio = {cost} of the arm / of {base}; efficiency = speedup x \
         agents of {base} / of the arm; each a ratio of geometric means (95 % interval, from Welch's on logarithms)"
    )];
    notes.extend(undefined(comparison));
    notes
}

/// The reasons for missing ratios, the same reason once.
fn undefined(comparison: &Comparison) -> Vec<String> {
    let mut reasons: Vec<(&str, &NoRatio, Vec<&str>)> = Vec::new();
    for (arm, ratios) in comparison.arms.iter().zip(&comparison.ratios).skip(1) {
        for (name, ratio) in ratios.named() {
            let Err(why) = ratio else { continue };
            let is_known =
                |reason: &&mut (&str, &NoRatio, Vec<&str>)| (reason.0, reason.1) == (name, why);
            match reasons.iter_mut().find(is_known) {
                Some(reason) => reason.2.push(&arm.label),
                None => reasons.push((name, why, vec![&arm.label])),
            }
        }
    }
    let sentence =
        |(name, why, arms)| format!("no {name} for {}: {}", list::<&str>(arms), reason(why));
    reasons.into_iter().map(sentence).collect()
}

/// The reason for a missing ratio.
pub fn reason(why: &NoRatio) -> String {
    match why {
        NoRatio::NonePositive { arm, metric } => {
            format!("no run of {arm} that counts has a positive {metric}")
        }
        NoRatio::NotPositive { arm, metric } => {
            format!("a run of {arm} has a {metric} that is not positive")
        }
        NoRatio::OutOfRange(metric) => format!("the quotient of {metric} is out of range"),
        NoRatio::Agents(arm) => format!("the number of agents of {arm} is unknown or varies"),
        NoRatio::CostSources(sources) => {
            let sources = sources.join(", ");
            format!("the costs come from different sources ({sources})")
        }
    }
}
