//! A contrast: an arm against the baseline on one metric, with its numbers, its family, and the finding they allow.
//!
//! The verdict family is the primary metric over all comparisons; the other metrics shown are exploratory, a family of
//! their own. Holm's correction is within each. Metrics that are not shown (they are in the machine formats) belong to
//! no family and get no finding. An A/A arm asks no question, so it counts in no family.

use crate::arm::Arm;
use crate::columns::Column;
use crate::confounders::Confounder;
use crate::stats::{
    Interval, LeaveOneOut, Ratio, Test, Verdict, Versus, cliff, hedges, holm, leave_one_out,
    mean_difference, pairs_needed, power, rank, ratio, sign_flip, values_needed, versus, welch,
};
use std::collections::BTreeMap;
use tg_stage::metric::Better;

/// The p that a finding needs, after Holm's correction.
pub const ALPHA: f64 = 0.05;

/// The number of values up to which each run is left out in turn; with more, a single one decides nothing.
const LEFT_OUT_UP_TO: usize = 100;

/// Comparisons that are corrected for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyName {
    /// The primary metric, each arm against the baseline.
    Verdict,
    /// The other metrics shown.
    Exploratory,
}

#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The number of comparisons in it that have a p.
    pub m: usize,
    /// The p that one of them needs after correction.
    pub alpha: f64,
}

#[derive(Debug, Clone, Copy)]
pub struct Families {
    pub verdict: Family,
    pub exploratory: Family,
}

/// One arm against the baseline on one metric.
#[derive(Debug)]
pub struct Contrast {
    /// Every number; `None` if one of the two has no value.
    pub versus: Option<Versus>,
    /// The runs that pair: (baseline, arm), by seed. Empty if they do not.
    pub pairs: Vec<(f64, f64)>,
    pub family: Option<FamilyName>,
    /// The p that decides, before correction.
    pub verdict: Option<Verdict>,
    /// The p after Holm's correction; `None` outside of the families.
    pub adjusted: Option<f64>,
    /// Welch's p, corrected in the same family.
    pub welch_adjusted: Option<f64>,
    /// The level that the raw p had to reach under Holm's correction.
    pub level: Option<f64>,
    /// Runs per arm (or pairs) with which the test can reach alpha at all, in a family of this size.
    pub needed: Option<usize>,
    /// The verdict with each run left out in turn; of the primary metric, with up to 100 values.
    pub leave_one_out: Option<LeaveOneOut>,
    /// `None` outside of the families.
    pub finding: Option<Finding>,
    /// True if the difference of means is no larger than the noise between the A/A arms; `None` without A/A arms.
    pub within_noise: Option<bool>,
}

/// The conclusion that a contrast allows.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// p after correction is at most alpha.
    Difference(Direction),
    /// Welch's p is small after correction, and the exact test cannot confirm it with so few runs.
    RestsOnNormality(Direction),
    /// p after correction is above alpha.
    NotShown,
    /// These keys should be constant and vary. No winner is called.
    Refused(Vec<String>),
    /// One of the two has no value of the metric.
    NoData,
}

/// The direction in which the arm differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Direction {
    /// The arm's values are the higher ones.
    pub is_higher: bool,
    /// True if that is better; `None` if no direction is declared, or the best is 1.
    pub is_better: Option<bool>,
}

/// All arms against the first on all columns: one list for each arm, one entry for each column. The first arm's own list
/// is empty.
pub fn contrasts(
    arms: &[Arm],
    columns: &[Column],
    primary: usize,
    confounders: &[Confounder],
) -> (Vec<Vec<Contrast>>, Families) {
    let families = families(arms, columns, primary);
    let mut all: Vec<Vec<Contrast>> = Vec::with_capacity(arms.len());
    for (place, arm) in arms.iter().enumerate() {
        let contrast = |(at, column): (usize, &Column)| {
            let family = family_of(arm, column, at == primary);
            let m = family.map_or(1, |name| families.named(name).m);
            contrast(&arms[0], arm, column, family, m)
        };
        let others = (place > 0).then(|| columns.iter().enumerate().map(contrast).collect());
        all.push(others.unwrap_or_default());
    }
    for name in [FamilyName::Verdict, FamilyName::Exploratory] {
        correct(&mut all, name);
    }
    for (arm, list) in arms.iter().zip(&mut all) {
        for (at, (contrast, column)) in list.iter_mut().zip(columns).enumerate() {
            conclude(contrast, &arms[0], arm, column, at == primary, confounders);
        }
    }
    (all, families)
}

impl Contrast {
    /// The 95 % interval of the difference of means.
    pub fn interval(&self) -> Option<Interval> {
        Some(self.versus.as_ref()?.welch?.interval)
    }

    /// The difference of means.
    pub fn difference(&self) -> Option<f64> {
        self.versus.as_ref()?.difference
    }

    pub fn ratio(&self) -> Option<Ratio> {
        self.versus.as_ref()?.ratio
    }

    /// True if the p is the least that so few runs can give.
    pub fn is_at_floor(&self) -> bool {
        self.verdict.is_some_and(|verdict| verdict.is_at_floor())
    }
}

impl Families {
    fn named(&self, name: FamilyName) -> &Family {
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
    let none = Family { m: 0, alpha: ALPHA };
    let (mut verdict, mut exploratory) = (none, none);
    for (at, column) in columns.iter().enumerate() {
        for arm in arms.iter().skip(1) {
            let is_defined = arms[0].summaries[at].is_some() && arm.summaries[at].is_some();
            match family_of(arm, column, at == primary).filter(|_| is_defined) {
                Some(FamilyName::Verdict) => verdict.m += 1,
                Some(FamilyName::Exploratory) => exploratory.m += 1,
                None => {}
            }
        }
    }
    Families {
        verdict,
        exploratory,
    }
}

fn contrast(
    baseline: &Arm,
    arm: &Arm,
    column: &Column,
    family: Option<FamilyName>,
    m: usize,
) -> Contrast {
    let (a, b) = (baseline.values(column), arm.values(column));
    let pairs = pairs(baseline, arm, column);
    let signs = Some(pairs.as_slice())
        .filter(|pairs| !pairs.is_empty())
        .and_then(sign_flip);
    let level = ALPHA / m.max(1) as f64;
    // The number of runs alone selects the test: with so many pairs the paired test can reach the level, with fewer it
    // could never show anything, while ranks soon can.
    let paired = (pairs.len() >= pairs_needed(level)).then_some(pairs.as_slice());
    let mut versus = if family.is_some() || arm.null_of().is_some() {
        versus(&a, &b, paired, level)
    } else {
        quick(&a, &b, paired, level)
    };
    let verdict = versus.as_ref().map(Versus::verdict);
    if let Some(versus) = &mut versus {
        versus.sign_flip = signs; // reported even if it does not decide
    }
    let needed = verdict.filter(|_| family.is_some()).map(|v| match v.test {
        Test::Rank => values_needed(level),
        Test::SignFlip => pairs_needed(level),
    });
    Contrast {
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

/// Leaves out the permutation test, which takes a moment: for metrics that are not shown.
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

/// Runs pair if the design gave both arms the same seeds, each once; the pairs are those with two values.
fn pairs(baseline: &Arm, arm: &Arm, column: &Column) -> Vec<(f64, f64)> {
    let (Some(seeds), Some(others)) = (baseline.seeds(), arm.seeds()) else {
        return Vec::new();
    };
    if seeds != others {
        return Vec::new();
    }
    let by_seed = |arm: &Arm| -> BTreeMap<u64, f64> {
        let values = arm.entering(column);
        values.map(|(row, value)| (row.run.seed, value)).collect()
    };
    let (a, b) = (by_seed(baseline), by_seed(arm));
    let both = a.iter().filter_map(|(seed, a)| Some((*a, *b.get(seed)?)));
    both.collect()
}

/// Holm's correction of one family, for the verdict's p and for Welch's.
fn correct(all: &mut [Vec<Contrast>], name: FamilyName) {
    let mut members: Vec<&mut Contrast> = all
        .iter_mut()
        .flatten()
        .filter(|contrast| contrast.family == Some(name))
        .collect();
    let raw: Vec<Option<f64>> = members.iter().map(|a| a.verdict.map(|v| v.p)).collect();
    let welch = |contrast: &&mut Contrast| Some(contrast.versus.as_ref()?.welch?.p);
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

/// Adds the finding, which needs all p of the family, and the verdicts without one run.
fn conclude(
    contrast: &mut Contrast,
    baseline: &Arm,
    arm: &Arm,
    column: &Column,
    is_primary: bool,
    confounders: &[Confounder],
) {
    if contrast.family.is_none() {
        return;
    }
    let varying = confounders.iter();
    let varying = varying.filter(|confounder| confounder.forbids(baseline, arm, column));
    let mut varying: Vec<String> = varying.map(|confounder| confounder.key.clone()).collect();
    varying.dedup();
    contrast.finding = Some(finding(contrast, column.kind.better, varying));
    let (a, b) = (baseline.values(column), arm.values(column));
    if let (Some(level), Some(verdict)) = (contrast.level, contrast.verdict)
        && is_primary
        && a.len() + b.len() <= LEFT_OUT_UP_TO
    {
        let is_paired = verdict.test == Test::SignFlip;
        let paired = is_paired.then_some(contrast.pairs.as_slice());
        contrast.leave_one_out = leave_one_out(&a, &b, paired, level);
    }
}

fn finding(contrast: &Contrast, better: Better, varying: Vec<String>) -> Finding {
    let (Some(versus), Some(verdict)) = (&contrast.versus, contrast.verdict) else {
        return Finding::NoData;
    };
    if !varying.is_empty() {
        return Finding::Refused(varying);
    }
    let is_shown = |p: Option<f64>| p.is_some_and(|p| p <= ALPHA);
    if is_shown(contrast.adjusted) {
        let by_ranks = versus.cliff;
        let by_mean = versus.difference.unwrap_or(by_ranks);
        let sign = match verdict.test {
            Test::Rank => by_ranks,
            Test::SignFlip => by_mean,
        };
        return Finding::Difference(Direction::new(sign, better));
    }
    let cannot_confirm = verdict.is_at_floor() || Some(verdict.floor) > contrast.level;
    if is_shown(contrast.welch_adjusted) && cannot_confirm {
        let sign = versus.difference.unwrap_or(versus.cliff);
        return Finding::RestsOnNormality(Direction::new(sign, better));
    }
    Finding::NotShown
}

impl Direction {
    /// `sign` is positive if the arm's values are the higher ones.
    fn new(sign: f64, better: Better) -> Self {
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
