//! An arm against the baseline: each metric's numbers, its family, and what may be said of it.
//!
//! The verdict family is the primary metric over all comparisons; the other metrics shown are exploratory, a family of
//! their own. Holm's correction is within each. Metrics that are not shown (they are in the machine formats) belong to
//! none and get no finding. An A/A arm is no question, so it counts in no family.

use crate::arm::Arm;
use crate::columns::Column;
use crate::constants::Hidden;
use crate::stats::{
    LeaveOneOut, Test, Verdict, Versus, cliff, hedges, holm, leave_one_out, mean_difference,
    pairs_needed, power, rank, ratio, sign_flip, values_needed, versus, welch,
};
use std::collections::BTreeMap;
use tg_stage::metric::Better;

/// The p that a finding needs, after Holm's correction.
pub const ALPHA: f64 = 0.05;

/// Values up to which each run is left out in turn; with more, one of them decides nothing.
const LEFT_OUT_UP_TO: usize = 100;

/// Comparisons that are corrected for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyName {
    /// The primary metric, each arm against the baseline.
    Verdict,
    /// The other metrics shown.
    Exploratory,
}

/// A family and its size.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Which.
    pub name: FamilyName,
    /// Comparisons in it that have a p.
    pub m: usize,
    /// The p that one of them needs after correction.
    pub alpha: f64,
}

/// Both families of a report.
#[derive(Debug, Clone, Copy)]
pub struct Families {
    /// The primary metric.
    pub verdict: Family,
    /// The others shown.
    pub exploratory: Family,
}

/// One arm against the baseline on one metric.
#[derive(Debug)]
pub struct Against {
    /// Every number; `None` where one of the two has no value.
    pub versus: Option<Versus>,
    /// The runs that pair: (baseline, arm), by seed. Empty where they do not.
    pub pairs: Vec<(f64, f64)>,
    /// The family it belongs to, if any.
    pub family: Option<FamilyName>,
    /// The p that decides, before correction.
    pub verdict: Option<Verdict>,
    /// The same after Holm's correction; `None` outside of the families.
    pub adjusted: Option<f64>,
    /// Welch's p, corrected in the same family.
    pub welch_adjusted: Option<f64>,
    /// The level that the raw p had to reach under Holm's correction.
    pub level: Option<f64>,
    /// Runs per arm (or pairs) with which the test can reach alpha at all, in a family of this size.
    pub needed: Option<usize>,
    /// The verdict with each run left out in turn; of the primary metric, with up to 100 values.
    pub leave_one_out: Option<LeaveOneOut>,
    /// What may be said; `None` outside of the families.
    pub finding: Option<Finding>,
    /// Whether the difference of means is no larger than the noise between the A/A arms; `None` without A/A arms.
    pub within_noise: Option<bool>,
}

/// What may be said of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// p after correction is at most alpha.
    Difference(Direction),
    /// Welch's p is small after correction, and the exact test cannot confirm it with so few runs.
    RestsOnNormality(Direction),
    /// p after correction is above alpha.
    NotShown,
    /// What was to be held constant varies: the keys. No winner is called.
    Refused(Vec<String>),
    /// One of the two has no value of the metric.
    NoData,
}

/// Which way the arm differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Direction {
    /// The arm's values are the higher ones.
    pub is_higher: bool,
    /// Whether that is better; `None` where nobody declared a direction, or the best is 1.
    pub is_better: Option<bool>,
}

/// All arms against the first on all columns: one list for each arm, one entry for each column. The first arm's own list
/// is empty.
pub fn against(
    arms: &[Arm],
    columns: &[Column],
    primary: usize,
    hidden: &[Hidden],
) -> (Vec<Vec<Against>>, Families) {
    let families = families(arms, columns, primary);
    let mut all: Vec<Vec<Against>> = Vec::with_capacity(arms.len());
    for (place, arm) in arms.iter().enumerate() {
        let compared = |(at, column): (usize, &Column)| {
            let family = family_of(arm, column, at == primary);
            let m = family.map_or(1, |name| families.of(name).m);
            one(&arms[0], arm, column, family, m)
        };
        let others = (place > 0).then(|| columns.iter().enumerate().map(compared).collect());
        all.push(others.unwrap_or_default());
    }
    for name in [FamilyName::Verdict, FamilyName::Exploratory] {
        correct(&mut all, name);
    }
    for (arm, list) in arms.iter().zip(&mut all) {
        for (at, (against, column)) in list.iter_mut().zip(columns).enumerate() {
            finish(against, &arms[0], arm, column, at == primary, hidden);
        }
    }
    (all, families)
}

impl Families {
    /// The family called `name`.
    pub fn of(&self, name: FamilyName) -> &Family {
        match name {
            FamilyName::Verdict => &self.verdict,
            FamilyName::Exploratory => &self.exploratory,
        }
    }
}

fn family_of(arm: &Arm, column: &Column, is_primary: bool) -> Option<FamilyName> {
    match () {
        () if arm.null_of().is_some() => None,
        () if is_primary => Some(FamilyName::Verdict),
        () => column.is_shown.then_some(FamilyName::Exploratory),
    }
}

/// A comparison has a p as soon as both sides have a value.
fn families(arms: &[Arm], columns: &[Column], primary: usize) -> Families {
    let mut families = Families {
        verdict: Family {
            name: FamilyName::Verdict,
            m: 0,
            alpha: ALPHA,
        },
        exploratory: Family {
            name: FamilyName::Exploratory,
            m: 0,
            alpha: ALPHA,
        },
    };
    for (at, column) in columns.iter().enumerate() {
        for arm in arms.iter().skip(1) {
            let is_defined = arms[0].cells[at].is_some() && arm.cells[at].is_some();
            match family_of(arm, column, at == primary).filter(|_| is_defined) {
                Some(FamilyName::Verdict) => families.verdict.m += 1,
                Some(FamilyName::Exploratory) => families.exploratory.m += 1,
                None => {}
            }
        }
    }
    families
}

fn one(
    baseline: &Arm,
    arm: &Arm,
    column: &Column,
    family: Option<FamilyName>,
    m: usize,
) -> Against {
    let (a, b) = (baseline.values(column), arm.values(column));
    let pairs = pairs(baseline, arm, column);
    let signs = Some(pairs.as_slice())
        .filter(|pairs| !pairs.is_empty())
        .and_then(sign_flip);
    let level = ALPHA / m.max(1) as f64;
    // The number of runs alone decides which test it is: from so many pairs on the paired test can reach the level at all,
    // and with fewer it could never show anything, where ranks soon can.
    let paired = (pairs.len() >= pairs_needed(level)).then_some(pairs.as_slice());
    let mut versus = if family.is_some() || arm.null_of().is_some() {
        versus(&a, &b, paired, level)
    } else {
        quick(&a, &b, paired, level)
    };
    let verdict = versus.as_ref().map(Versus::verdict);
    if let Some(versus) = &mut versus {
        versus.sign_flip = signs; // told also where it does not decide
    }
    let needed = verdict.filter(|_| family.is_some()).map(|v| match v.test {
        Test::Rank => values_needed(level),
        Test::SignFlip => pairs_needed(level),
    });
    Against {
        versus,
        pairs,
        family,
        verdict,
        adjusted: None,
        welch_adjusted: None,
        level: None,
        needed,
        leave_one_out: None,
        finding: None,
        within_noise: None,
    }
}

/// Without the permutation test, which takes a moment: for metrics that nobody looks at.
fn quick(a: &[f64], b: &[f64], pairs: Option<&[(f64, f64)]>, alpha: f64) -> Option<Versus> {
    Some(Versus {
        difference: mean_difference(a, b),
        welch: welch(a, b),
        rank: rank(a, b)?,
        permutation: None,
        sign_flip: pairs.filter(|pairs| pairs.len() <= 12).and_then(sign_flip),
        cliff: cliff(a, b)?,
        hedges: hedges(a, b),
        ratio: ratio(a, b),
        power: power(a, b, alpha),
    })
}

/// Runs pair where the design gave both arms the same seeds, each once; those of which both have a value are the pairs.
fn pairs(baseline: &Arm, arm: &Arm, column: &Column) -> Vec<(f64, f64)> {
    let (Some(seeds), Some(others)) = (seeds(baseline), seeds(arm)) else {
        return Vec::new();
    };
    if seeds != others {
        return Vec::new();
    }
    let of = |arm: &Arm| -> BTreeMap<u64, f64> {
        let values = arm.entering(column);
        values.map(|(row, value)| (row.run.seed, value)).collect()
    };
    let (a, b) = (of(baseline), of(arm));
    let both = a.iter().filter_map(|(seed, a)| Some((*a, *b.get(seed)?)));
    both.collect()
}

/// The seeds of an arm's runs, ascending; `None` where one is unknown or comes twice. Void runs are run again: they are
/// no part of the design.
pub fn seeds(arm: &Arm) -> Option<Vec<u64>> {
    let counted = arm.runs.iter().filter(|row| !row.is_void);
    let mut seeds: Vec<u64> = counted.map(|row| row.run.seed).collect();
    seeds.sort_unstable();
    let all = seeds.len();
    seeds.dedup();
    (all == seeds.len() && seeds.first() != Some(&0)).then_some(seeds)
}

/// Holm's correction of one family, for the verdict's p and for Welch's.
fn correct(all: &mut [Vec<Against>], name: FamilyName) {
    let mut members: Vec<&mut Against> = all
        .iter_mut()
        .flatten()
        .filter(|against| against.family == Some(name))
        .collect();
    let raw: Vec<Option<f64>> = members.iter().map(|a| a.verdict.map(|v| v.p)).collect();
    let welch = |against: &&mut Against| Some(against.versus.as_ref()?.welch?.p);
    let welch: Vec<Option<f64>> = members.iter().map(welch).collect();
    let defined: Vec<f64> = raw.iter().copied().flatten().collect();
    let corrected = holm(&raw).into_iter().zip(holm(&welch));
    for ((member, raw), (adjusted, welch)) in members.iter_mut().zip(&raw).zip(corrected) {
        member.adjusted = adjusted;
        member.welch_adjusted = welch;
        member.level = raw.map(|p| {
            let before = defined.iter().filter(|other| **other < p).count();
            ALPHA / (defined.len() - before) as f64
        });
    }
}

/// What can only be said once all p of the family are known.
fn finish(
    against: &mut Against,
    baseline: &Arm,
    arm: &Arm,
    column: &Column,
    is_primary: bool,
    hidden: &[Hidden],
) {
    if against.family.is_none() {
        return;
    }
    against.finding = Some(finding(against, baseline, arm, column, hidden));
    let (a, b) = (baseline.values(column), arm.values(column));
    if let Some(level) = against.level
        && is_primary
        && a.len() + b.len() <= LEFT_OUT_UP_TO
    {
        let is_paired = against
            .verdict
            .is_some_and(|verdict| verdict.test == Test::SignFlip);
        let paired = is_paired.then_some(against.pairs.as_slice());
        against.leave_one_out = leave_one_out(&a, &b, paired, level);
    }
}

fn finding(
    against: &Against,
    baseline: &Arm,
    arm: &Arm,
    column: &Column,
    hidden: &[Hidden],
) -> Finding {
    let (Some(versus), Some(verdict)) = (&against.versus, against.verdict) else {
        return Finding::NoData;
    };
    let varying = hidden
        .iter()
        .filter(|hidden| hidden.forbids(baseline, arm, column));
    let mut varying: Vec<String> = varying.map(|hidden| hidden.key.clone()).collect();
    varying.dedup();
    if !varying.is_empty() {
        return Finding::Refused(varying);
    }
    let is_shown = |p: Option<f64>| p.is_some_and(|p| p <= ALPHA);
    if is_shown(against.adjusted) {
        let by_ranks = versus.cliff;
        let by_mean = versus.difference.unwrap_or(by_ranks);
        let sign = match verdict.test {
            Test::Rank => by_ranks,
            Test::SignFlip => by_mean,
        };
        return Finding::Difference(Direction::new(sign, column.kind.better));
    }
    let cannot_confirm = verdict.is_at_floor() || Some(verdict.floor) > against.level;
    if is_shown(against.welch_adjusted) && cannot_confirm {
        let sign = versus.difference.unwrap_or(versus.cliff);
        return Finding::RestsOnNormality(Direction::new(sign, column.kind.better));
    }
    Finding::NotShown
}

impl Direction {
    /// Of a quantity that is positive where the arm's values are the higher ones.
    pub fn new(sign: f64, better: Better) -> Self {
        let is_higher = sign > 0.0;
        let is_better = match better {
            Better::Lower => Some(!is_higher),
            Better::Higher => Some(is_higher),
            Better::NearOne | Better::Undeclared => None,
        };
        Self {
            is_higher,
            is_better,
        }
    }
}

impl FamilyName {
    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Exploratory => "exploratory",
        }
    }
}

impl Finding {
    /// One word for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Difference(_) => "difference",
            Self::RestsOnNormality(_) => "rests_on_normality",
            Self::NotShown => "not_shown",
            Self::Refused(_) => "refused",
            Self::NoData => "no_data",
        }
    }
}
