//! What is said of the arms against the baseline, in text and in Markdown alike: the table of ratios and its notes.

use super::human::{quotient, quotients};
use crate::compare::Comparison;
use crate::ratio::Ratio;
use crate::words::list;
use tg_stage::metric::{COST, WALL, stem};

/// The heads of the columns of [`table`].
pub const HEADS: [&str; 5] = ["arm", "agents", "speedup", "cost ratio", "efficiency"];

/// One row per arm but the baseline.
pub fn table(comparison: &Comparison) -> Vec<[String; 5]> {
    let unknown = || "-".to_owned();
    let ratio = |ratio: &Ratio| {
        ratio.as_ref().map_or_else(
            |_| unknown(),
            |ratio| match ratio.interval {
                Some(ends) => format!("{} ({})", quotient(ratio.value), quotients(ends)),
                None => quotient(ratio.value),
            },
        )
    };
    let arms = comparison.arms.iter().zip(&comparison.ratios).skip(1);
    let row = arms.map(|(arm, ratios)| {
        let agents = arm
            .agents()
            .map_or_else(unknown, |agents| agents.to_string());
        let [speedup, cost, efficiency] = ratios.named().map(|named| ratio(named.1));
        [arm.label.clone(), agents, speedup, cost, efficiency]
    });
    row.collect()
}

/// How to read the ratios, and why some are missing.
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

/// Why a ratio is missing, the same reason once.
fn undefined(comparison: &Comparison) -> Vec<String> {
    let mut reasons: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for (arm, ratios) in comparison.arms.iter().zip(&comparison.ratios).skip(1) {
        for (name, ratio) in ratios.named() {
            let Err(why) = ratio else { continue };
            match reasons
                .iter_mut()
                .find(|reason| reason.0 == name && reason.1 == why)
            {
                Some(reason) => reason.2.push(arm.label.clone()),
                None => reasons.push((name, why, vec![arm.label.clone()])),
            }
        }
    }
    let sentence = |(name, why, arms)| format!("no {name} for {}: {why}", list(arms));
    reasons.into_iter().map(sentence).collect()
}
