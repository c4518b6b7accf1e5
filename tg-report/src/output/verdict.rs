//! What is said of each comparison, in text and in Markdown alike: the verdict's table, and the notes beneath it.
//!
//! A finding is never one bare word: beside it stand the interval, the p of the exact test before and after Holm's
//! correction, and Welch's.

use super::floor;
use super::human::{self, Shown, quotient, quotients};
use crate::against::{ALPHA, Against, Direction, FamilyName, Finding};
use crate::arm::Arm;
use crate::compare::Comparison;
use crate::stats::{LeaveOneOut, Side, Test, Versus};
use crate::words::{enumerate, list, p_is, p_value};

/// The heads of the columns of [`table`].
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

/// One row per comparison of a family: what is compared, and the cells of [`HEADS`] after it.
pub struct Line {
    /// The cells.
    pub cells: [String; 9],
    /// Whether the difference is shown, and for better or worse; for colour.
    pub is_better: Option<bool>,
}

/// `verdict on wall_clock_time (s, lower is better), against solo, the baseline (named in the manifest)`
pub fn title(comparison: &Comparison) -> String {
    let column = &comparison.columns[comparison.primary.at];
    let baseline = &comparison.arms[0].label;
    if comparison.arms.len() == 1 {
        return format!(
            "{baseline}, the baseline, is the only arm: there is nothing to compare it with"
        );
    }
    let better = match column.kind.better.name() {
        "" => "no direction is declared".to_owned(),
        better => format!("{better} is better"),
    };
    format!(
        "verdict on {} ({better}; the primary metric is {}), against {baseline}, the baseline ({})",
        column.title(),
        comparison.primary.by,
        comparison.baseline_by
    )
}

/// The verdict family: one line per arm but the baseline.
pub fn table(comparison: &Comparison) -> Vec<Line> {
    let at = comparison.primary.at;
    let shown = human::column(comparison, at);
    let others = comparison.others();
    let line = |(place, arm): (usize, &Arm)| {
        line(arm.label.clone(), &shown, &comparison.against[place][at])
    };
    others.map(line).collect()
}

/// The exploratory family: one line per arm and metric, `push: total_cost`.
pub fn exploratory(comparison: &Comparison) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, column) in comparison.shown() {
        if at == comparison.primary.at {
            continue;
        }
        let shown = human::column(comparison, at);
        for (place, arm) in comparison.others() {
            let name = format!("{}: {}", arm.label, column.title());
            lines.push(line(name, &shown, &comparison.against[place][at]));
        }
    }
    lines
}

fn line(name: String, shown: &Shown, against: &Against) -> Line {
    let unknown = || "-".to_owned();
    let versus = against.versus.as_ref();
    let difference = versus.and_then(|versus| versus.difference);
    let interval = versus.and_then(|versus| Some(versus.welch?.interval));
    let ratio = versus.and_then(|versus| versus.ratio);
    let of = |p: Option<f64>| p.map_or_else(unknown, p_value);
    let with_unit = |text: String| text + &shown.unit_after();
    let is_at_floor = against.verdict.is_some_and(|verdict| verdict.is_at_floor());
    let at_floor = if is_at_floor { " (floor)" } else { "" };
    Line {
        cells: [
            name,
            difference.map_or_else(unknown, |d| with_unit(shown.signed(d))),
            interval.map_or_else(unknown, |ends| shown.between(ends)),
            ratio.map_or_else(unknown, |ratio| quotient(ratio.value)),
            ratio
                .and_then(|ratio| ratio.interval)
                .map_or_else(unknown, quotients),
            of(against.verdict.map(|verdict| verdict.p)) + at_floor,
            of(against.adjusted),
            of(versus.and_then(|versus| Some(versus.welch?.p))),
            finding(against),
        ],
        is_better: match &against.finding {
            Some(Finding::Difference(direction)) => direction.is_better,
            _ => None,
        },
    }
}

/// A few words: `worse`, `no difference shown`, `large gap, rests on normality (higher)`.
pub fn finding(against: &Against) -> String {
    let words = match &against.finding {
        Some(Finding::Difference(direction)) => direction_word(*direction).to_owned(),
        Some(Finding::RestsOnNormality(direction)) => {
            format!(
                "large gap, rests on normality ({})",
                direction_word(*direction)
            )
        }
        Some(Finding::NotShown) => "no difference shown".to_owned(),
        Some(Finding::Refused(keys)) => format!("no verdict: differ in {}", enumerate(keys)),
        Some(Finding::NoData) => "no data".to_owned(),
        None => "A/A: the same configuration".to_owned(),
    };
    let turns = against
        .leave_one_out
        .as_ref()
        .is_some_and(|all| !all.flips.is_empty());
    let marks = [
        (turns, "; turns without one run"),
        (against.within_noise == Some(true), "; inside the A/A noise"),
    ];
    let marks = marks.iter().filter(|mark| mark.0).map(|mark| mark.1);
    marks.fold(words, |words, mark| words + mark)
}

fn direction_word(direction: Direction) -> &'static str {
    match (direction.is_better, direction.is_higher) {
        (Some(true), _) => "better",
        (Some(false), _) => "worse",
        (None, true) => "higher",
        (None, false) => "lower",
    }
}

/// One sentence for each arm: what is shown, what is still possible, what it would take.
pub fn sentences(comparison: &Comparison) -> Vec<String> {
    let at = comparison.primary.at;
    let shown = human::column(comparison, at);
    let mut sentences = Vec::new();
    for (place, arm) in comparison.others() {
        let against = &comparison.against[place][at];
        let mut parts = vec![said(against, &shown)];
        parts.extend(at_the_floor(against));
        parts.extend(
            against
                .leave_one_out
                .as_ref()
                .and_then(|all| left_out(all, comparison, place)),
        );
        if against.within_noise == Some(true) {
            parts.push("the difference is no larger than that between the A/A arms".into());
        }
        sentences.push(format!("{}: {}", arm.label, parts.join("; ")));
    }
    sentences
}

fn said(against: &Against, shown: &Shown) -> String {
    let unit = shown.unit_after();
    let interval = against
        .versus
        .as_ref()
        .and_then(|versus| Some(versus.welch?.interval));
    let range = interval.map(|ends| format!("{}{unit}", shown.between(ends)));
    let adjusted = against.adjusted.map(|p| format!("{} after Holm", p_is(p)));
    let p = adjusted.unwrap_or_default();
    match (&against.finding, range) {
        (Some(Finding::Difference(direction)), range) => {
            let range = range.map_or_else(String::new, |range| {
                format!(", a difference of {range} (95 %)")
            });
            format!("{}{range}, {p}", direction_word(*direction))
        }
        (Some(Finding::RestsOnNormality(direction)), range) => format!(
            "a large gap ({}{}) that rests on normality: Welch's {}, and so few runs cannot confirm it by ranks or signs ({p})",
            direction_word(*direction),
            range.map_or_else(String::new, |range| format!(", {range}")),
            against
                .welch_adjusted
                .map_or_else(String::new, |p| format!("{} after Holm", p_is(p))),
        ),
        (Some(Finding::NotShown), Some(range)) => {
            format!("no difference shown ({p}); anything from {range} is still possible (95 %)")
        }
        (Some(Finding::NotShown), None) => {
            format!(
                "no difference shown ({p}), and no interval: that takes two runs per arm, not all alike"
            )
        }
        (Some(Finding::Refused(keys)), _) => format!(
            "no verdict: what was to be held constant varies ({}), so a difference has more than one explanation",
            enumerate(keys)
        ),
        (Some(Finding::NoData), _) => {
            "no data: one of the two has no run with a value that counts".to_owned()
        }
        (None, range) => format!(
            "the same configuration as the baseline under another name{}: whatever differs here is noise",
            range.map_or_else(String::new, |range| format!(" ({range}, 95 %)"))
        ),
    }
}

fn at_the_floor(against: &Against) -> Option<String> {
    let verdict = against.verdict?;
    let (needed, adjusted) = (against.needed?, against.adjusted?);
    if !verdict.is_at_floor() || adjusted <= ALPHA {
        return None;
    }
    let runs = match verdict.test {
        Test::Rank => format!("{needed} runs per arm"),
        Test::SignFlip => format!("{needed} pairs of runs"),
    };
    Some(format!(
        "its p is the least that so few runs can give: needs >= {runs}"
    ))
}

fn left_out(all: &LeaveOneOut, comparison: &Comparison, place: usize) -> Option<String> {
    let column = &comparison.columns[comparison.primary.at];
    let name = |side: Side, at: usize| {
        let arm = if side == Side::Arm { place } else { 0 };
        let run = comparison.arms[arm].entering(column).nth(at)?.0;
        Some(match side {
            Side::Pair => format!("pair {}", at + 1),
            _ => run.run.id.clone(),
        })
    };
    let names: Vec<String> = all
        .flips
        .iter()
        .filter_map(|flip| name(flip.side, flip.at))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "it rests on single runs: without {} the verdict turns",
            list(names)
        )
    })
}

/// How to read the tables: tests, families, what could have been found.
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
    notes.extend(comparison.floor.as_ref().map(floor::sentence));
    notes.extend(power(comparison));
    notes
}

/// The same for the exploratory table.
pub fn exploratory_notes(comparison: &Comparison) -> Vec<String> {
    let family = comparison.families.exploratory;
    if family.m == 0 {
        return Vec::new();
    }
    vec![format!(
        "exploratory: metrics nobody named primary; {}, Holm over all of these, m = {}, alpha = {}. What stands out here is a \
         question for the next experiment, not an answer",
        tests(comparison, FamilyName::Exploratory),
        family.m,
        family.alpha
    )]
}

/// The tests that gave the p of a family.
fn tests(comparison: &Comparison, family: FamilyName) -> String {
    let members = comparison
        .against
        .iter()
        .flatten()
        .filter(|a| a.family == Some(family));
    let members: Vec<&Against> = members.collect();
    let has = |test: Test| {
        members
            .iter()
            .any(|a| a.verdict.is_some_and(|v| v.test == test))
    };
    let approximate = |a: &&Against| a.versus.as_ref().is_some_and(|versus| !versus.rank.exact);
    let rank = if members.iter().any(approximate) {
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

/// What the runs could have found, for the worst of the comparisons; and what it would take to find less.
fn power(comparison: &Comparison) -> Option<String> {
    let at = comparison.primary.at;
    let known = comparison.others().filter_map(|(place, arm)| {
        let against = &comparison.against[place][at];
        against.family?;
        let versus: &Versus = against.versus.as_ref()?;
        let power = versus.power.as_ref()?;
        Some((arm, against, power, power.detectable?))
    });
    let worst = known.max_by(|a, b| a.3.total_cmp(&b.3))?;
    let (arm, against, power, detectable) = worst;
    let least = against.needed.unwrap_or(2);
    let needs = power.needed.iter().map(|(ratio, runs)| match runs {
        Some(runs) => format!("{ratio}x {}", (*runs).max(least)),
        None => format!("{ratio}x more than a million"),
    });
    let needs: Vec<String> = needs.collect();
    Some(format!(
        "with the spread seen, {} could have been found with 80 % power ({}, at alpha / m); to find a ratio of {} takes so many runs per arm",
        found(detectable),
        arm.label,
        needs.join(", ")
    ))
}

fn found(ratio: f64) -> String {
    format!("a ratio of {} or more", quotient(ratio))
}

/// What the A/A arm shows.
pub fn noise(comparison: &Comparison) -> Option<String> {
    let noise = comparison.noise.as_ref()?;
    let arm = &comparison.arms[noise.arm].label;
    let parts = comparison.shown().filter_map(|(at, column)| {
        let shown = human::column(comparison, at);
        let ends = noise.differences[at]?;
        Some(format!(
            "{} {}{}",
            column.title(),
            shown.between(ends),
            shown.unit_after()
        ))
    });
    let parts: Vec<String> = parts.collect();
    let floor = if parts.is_empty() {
        "unknown: it takes two runs of each that differ".to_owned()
    } else {
        parts.join(", ")
    };
    Some(format!(
        "noise floor: {arm} is {} under another name, and their difference (95 %) is {floor}",
        comparison.arms[0].label
    ))
}
