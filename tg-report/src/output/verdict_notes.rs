//! The notes beneath the verdict's tables: tests, families, floor, power, noise.

use super::numbers::{self, quotient};
use crate::compare::Comparison;
use crate::contrast::{ALPHA, Contrast, FamilyName};
use crate::limits::{Floor, FloorPair};
use crate::stats::Test;
use crate::text::{count, join, list};

/// The explanation of the tables: tests, families, the ratios that could have been found.
pub fn notes(comparison: &Comparison) -> Vec<String> {
    if comparison.arms.len() < 2 {
        return Vec::new();
    }
    let family = comparison.families.verdict;
    let mut notes = vec![format!(
        "p: {}, two-sided; Holm over the verdict family, m = {}, alpha = {}; p (Welch): t test with \
             Welch-Satterthwaite df, uncorrected; differences are of means, with Welch's interval; ratios are of \
             geometric means, and need not match the means; (floor): the least p that so few runs can give",
        tests(comparison, FamilyName::Verdict),
        family.m,
        family.alpha,
    )];
    notes.extend(comparison.floor.as_ref().map(floor));
    notes.extend(power(comparison));
    notes
}

/// The explanation of the exploratory table.
pub fn exploratory_notes(comparison: &Comparison) -> Vec<String> {
    let family = comparison.families.exploratory;
    if family.m == 0 {
        return Vec::new();
    }
    vec![format!(
        "exploratory: metrics that were not named primary; {}, Holm over all of these, m = {}, alpha = {}. What stands out here is a \
         question for the next experiment, not an answer",
        tests(comparison, FamilyName::Exploratory),
        family.m,
        family.alpha
    )]
}

/// The tests that gave the p of a family.
fn tests(comparison: &Comparison, family: FamilyName) -> String {
    let all = comparison.contrasts.iter().flatten();
    let members: Vec<&Contrast> = all.filter(|own| own.family == Some(family)).collect();
    let is_by =
        |own: &&Contrast, test: Test| own.verdict.is_some_and(|verdict| verdict.test == test);
    let has = |test: Test| members.iter().any(|own| is_by(own, test));
    let is_approximate = |own: &&Contrast| own.versus.as_ref().is_some_and(|own| !own.rank.exact);
    let rank = if members.iter().any(is_approximate) {
        "rank test (exact up to 50 values, then normal with tie correction)"
    } else {
        "exact rank test (Mann-Whitney, conditional on ties)"
    };
    match (has(Test::SignFlip), has(Test::Rank)) {
        (true, false) => "exact sign-flip test of runs paired by seed".to_owned(),
        (true, true) => format!("exact sign-flip test where runs pair by seed, else {rank}"),
        _ => rank.to_owned(),
    }
}

/// The ratio that the runs could have found, for the worst of the comparisons, and the runs for smaller ratios.
fn power(comparison: &Comparison) -> Option<String> {
    let known = comparison.others(comparison.primary.at);
    let known = known.filter_map(|(_, arm, contrast)| {
        contrast.family?;
        let power = contrast.versus.as_ref()?.power.as_ref()?;
        Some((arm, contrast, power, power.detectable?))
    });
    let (arm, contrast, power, detectable) = known.max_by(|a, b| a.3.total_cmp(&b.3))?;
    let least = contrast.needed.unwrap_or(2);
    let needs = power.needed.iter().map(|(ratio, runs)| match runs {
        Some(runs) => format!("{ratio}x {}", (*runs).max(least)),
        None => format!("{ratio}x more than a million"),
    });
    Some(format!(
        "with the spread seen, a ratio of {} or more could have been found with 80 % power ({}, at alpha / m); to find a ratio of {} takes so many runs per arm",
        quotient(detectable),
        arm.label,
        join(needs, ", ")
    ))
}

/// The noise that the A/A arm shows.
pub fn noise(comparison: &Comparison) -> Option<String> {
    let noise = comparison.noise.as_ref()?;
    let arm = &comparison.arms[noise.arm].label;
    let parts = comparison.shown().filter_map(|(at, column)| {
        let shown = numbers::column(comparison, at);
        let ends = noise.differences[at]?;
        Some(format!("{} {}", column.title(), shown.range(ends)))
    });
    let floor = match join(parts, ", ").as_str() {
        "" => "unknown: it takes two runs of each that differ".to_owned(),
        parts => parts.to_owned(),
    };
    Some(format!(
        "noise floor: {arm} is {} under another name, and their difference (95 %) is {floor}",
        comparison.arms[0].label
    ))
}

/// `3 pairs of runs cannot show a difference at p < 0.25 (exact sign-flip test); ...`
fn floor(floor: &Floor) -> String {
    let is_several = floor.pairs.len() > 1;
    let sentence = |pair: &FloorPair| {
        let arms = is_several.then(|| format!(" ({})", list(&pair.arms)));
        let arms = arms.unwrap_or_default();
        let (n, test, of) = match pair.test {
            Test::Rank => {
                let baseline = count(pair.baseline, "run");
                let n = format!("{} against {baseline}", pair.runs);
                (n, "exact rank test", "runs per arm")
            }
            Test::SignFlip => {
                let n = format!("{} of runs", count(pair.runs, "pair"));
                (n, "exact sign-flip test", "pairs")
            }
        };
        let difference = match pair.p {
            p if p < 1.0 => format!("a difference at p < {}", two_digits(p)),
            _ => "any difference".to_owned(),
        };
        let (needed, all) = (pair.needed, pair.needed_by_all);
        let by_all = (all > needed).then(|| {
            format!(
                ", and {all} for all {} comparisons (Holm)",
                floor.comparisons
            )
        });
        let by_all = by_all.unwrap_or_default();
        format!(
            "{n} cannot show {difference}{arms} ({test}): p < {ALPHA} needs {needed} {of}{by_all}"
        )
    };
    join(floor.pairs.iter().map(sentence), "; ")
}

/// Two digits, rounded down, because no smaller p can be reached.
fn two_digits(p: f64) -> String {
    let decimals = 1 - p.log10().floor() as i32;
    let shift = 10f64.powi(decimals);
    let rounded = (p * shift + 1e-9).floor() / shift;
    format!("{rounded:.*}", decimals.max(0) as usize)
}
