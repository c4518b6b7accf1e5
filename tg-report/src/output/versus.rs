//! What is said of the arms against the baseline, in text and in Markdown alike: the table of ratios and its notes.

use super::human::quotient;
use crate::compare::Comparison;
use crate::floor::{ALPHA, Floor, Pair};
use crate::ratio::Ratio;
use crate::words::{count, list};
use tg_stage::metric::{COST, WALL, stem};

/// The heads of the columns of [`table`].
pub const HEADS: [&str; 5] = ["arm", "agents", "speedup", "cost ratio", "efficiency"];

/// `against solo, the baseline (named in the manifest)`
pub fn title(comparison: &Comparison) -> String {
    match &comparison.arms[..] {
        [] => String::new(),
        [only] => format!(
            "{}, the baseline, is the only arm: there is nothing to compare it with",
            only.label
        ),
        [baseline, ..] => format!(
            "against {}, the baseline ({})",
            baseline.label, comparison.baseline_by
        ),
    }
}

/// One row per arm but the baseline.
pub fn table(comparison: &Comparison) -> Vec<[String; 5]> {
    let unknown = || "-".to_owned();
    let ratio = |ratio: &Ratio| {
        ratio
            .as_ref()
            .map_or_else(|_| unknown(), |value| quotient(*value))
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

/// How to read the ratios, why some are missing, and what so few runs cannot show.
pub fn notes(comparison: &Comparison) -> Vec<String> {
    let [baseline, _, ..] = &comparison.arms[..] else {
        return Vec::new();
    };
    let (base, wall, cost) = (&baseline.label, stem(WALL), stem(COST));
    let mut notes = vec![format!(
        "speedup = {wall} of {base} / of the arm; cost ratio = {cost} of the arm / of {base}; efficiency = speedup x \
         agents of {base} / of the arm; each a ratio of geometric means over runs with positive values"
    )];
    notes.extend(undefined(comparison));
    notes.extend(comparison.floor.as_ref().map(floor));
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

/// `3 against 3 completed runs cannot show a difference at p < 0.10 (exact rank test); ...`
fn floor(floor: &Floor) -> String {
    let several = floor.pairs.len() > 1;
    let pair = |pair: &Pair| {
        let who = if several {
            format!(" ({})", list(pair.arms.clone()))
        } else {
            String::new()
        };
        let base = count(pair.baseline, "completed run");
        let what = match pair.p {
            p if p < 1.0 => format!("a difference at p < {}", two_digits(p)),
            _ => "any difference".to_owned(),
        };
        format!("{} against {base} cannot show {what}{who}", pair.runs)
    };
    let pairs: Vec<String> = floor.pairs.iter().map(pair).collect();
    let needed = format!("p < {ALPHA} needs {} runs per arm", floor.needed);
    let by_all = match floor.needed_by_all {
        n if n > floor.needed => {
            format!(", and {n} for all {} comparisons (Holm)", floor.comparisons)
        }
        _ => String::new(),
    };
    format!("{} (exact rank test); {needed}{by_all}", pairs.join("; "))
}

/// Two digits, rounded down: nothing below it can be reached.
fn two_digits(p: f64) -> String {
    let decimals = 1 - p.log10().floor() as i32;
    let shift = 10f64.powi(decimals);
    format!(
        "{:.*}",
        decimals.max(0) as usize,
        (p * shift + 1e-9).floor() / shift
    )
}
