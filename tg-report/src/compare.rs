//! Computing: from rows to everything a report says.
//!
//! Nothing is read or printed here. What is undefined stays undefined, with its reason where there is one to tell; no
//! format has to guess.

use crate::against::{Against, Families, against};
use crate::answers::{Answer, answers};
use crate::arm::{Arm, arms};
use crate::columns::{Column, Primary};
use crate::constants::{self, Hidden};
use crate::data::Data;
use crate::distribution::{Distribution, distribution};
use crate::drift;
use crate::floor::{Floor, floor};
use crate::gate::{Condition, Gate, gate};
use crate::noise::{Noise, noise};
use crate::ratio::Ratios;
use crate::row::Row;
use crate::scaling::{Scaling, scaling};
use crate::success::{Judged, judge};
use crate::warning::Warning;
use crate::words::{count, list, plain};
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::{Error, Result};

/// All that a report says.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// Experiments, in order of appearance.
    pub experiments: Vec<&'a str>,
    /// Templates, in order of appearance.
    pub templates: Vec<&'a str>,
    /// Versions of the host, in order of appearance.
    pub hosts: Vec<&'a str>,
    /// The keys whose values make an arm; empty: the manifest's arms.
    pub by: Vec<String>,
    /// All metrics: those shown first.
    pub columns: Vec<Column>,
    /// The metric that decides.
    pub primary: Primary,
    /// The baseline first, then in order of appearance.
    pub arms: Vec<Arm<'a>>,
    /// Why the first arm is the baseline.
    pub baseline_by: &'static str,
    /// One for each arm, each with one for each column; the baseline's own is empty.
    pub against: Vec<Vec<Against>>,
    /// Which comparisons are corrected for each other.
    pub families: Families,
    /// One for each arm; the baseline's own are 1 where they are defined.
    pub ratios: Vec<Ratios>,
    /// What exact tests cannot show with this many runs.
    pub floor: Option<Floor>,
    /// What lies between two arms of the same configuration, where the manifest has `null_arms`.
    pub noise: Option<Noise>,
    /// What was to be held constant and varies.
    pub hidden: Vec<Hidden>,
    /// Throughput by number of agents, where arms differ in it.
    pub scaling: Option<Scaling>,
    /// One for each arm: the inside of its runs, where `tg-metrics --per agent,task` printed it.
    pub distributions: Vec<Option<Distribution>>,
    /// The manifest's success criteria.
    pub success: Vec<Judged>,
    /// The questions that the arms are about.
    pub answers: Vec<Answer>,
    /// The conditions of `--fail-if`, each for every arm.
    pub gates: Vec<Gate>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

/// What is asked of a comparison beside the metrics.
#[derive(Debug, Default)]
pub struct Asked {
    /// `--baseline`.
    pub baseline: Option<String>,
    /// `--by`.
    pub by: Vec<String>,
    /// `--fail-if`.
    pub fail_if: Vec<Condition>,
    /// `--point`.
    pub point: bool,
}

/// Compare the arms in `data` on `columns`.
pub fn compare<'a>(
    data: &'a Data,
    (columns, primary): (Vec<Column>, Primary),
    asked: &Asked,
) -> Result<Comparison<'a>> {
    let runs = || data.runs.iter();
    let experiments = distinct(runs().map(|row| row.run.experiment.as_str()));
    let mut arms = arms(data, experiments.len() > 1, &columns);
    let (at, baseline_by) = choose_baseline(&arms, asked.baseline.as_deref())?;
    let mut warnings = data.warnings.clone();
    warnings.extend(absent_baseline(&arms, baseline_by));
    arms[..=at].rotate_right(1);
    let hidden = constants::hidden(&arms, &asked.by);
    warnings.extend(hidden.iter().map(Hidden::warning));
    warnings.extend(constants::warnings(&arms));
    warnings.extend(not_in_manifest(&data.runs));
    warnings.extend(drift::warning(&arms));
    warnings.extend(unknown_outcomes(&arms));
    warnings.extend(metrics_own(&data.runs));
    let (mut against, families) = against(&arms, &columns, primary.at, &hidden);
    let noise = noise(&arms, &mut against);
    let mut comparison = Comparison {
        templates: distinct(runs().map(|row| row.run.template.as_str())),
        hosts: distinct(runs().filter_map(|row| row.host.as_deref())),
        by: asked.by.clone(),
        ratios: arms.iter().map(|arm| Ratios::new(&arms[0], arm)).collect(),
        floor: floor(&arms, &against, primary.at, families.verdict.m),
        scaling: scaling(data, &columns[primary.at]),
        distributions: arms.iter().map(distribution).collect(),
        success: judge(&arms, &columns),
        answers: Vec::new(),
        gates: gate(&arms, &columns, &against, &hidden, asked)?,
        experiments,
        columns,
        primary,
        arms,
        baseline_by,
        against,
        families,
        noise,
        hidden,
        warnings,
    };
    comparison.answers = answers(&comparison);
    Ok(comparison)
}

impl Comparison<'_> {
    /// The columns of the table for people, with their places.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| column.is_shown)
    }

    /// The arms but the baseline, with their places.
    pub fn others(&self) -> impl Iterator<Item = (usize, &Arm<'_>)> {
        self.arms.iter().enumerate().skip(1)
    }
}

/// What is there and not empty, in order of appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let given = names.filter(|name| !name.is_empty());
    given.filter(|name| seen.insert(*name)).collect()
}

/// What `tg-metrics` calls a run that the manifest does not have any more.
const STALE: &str = "not_in_manifest";

const BY_MANIFEST: &str = "named in the manifest";

/// Which arm the others are compared with, and who said so.
fn choose_baseline(arms: &[Arm], asked: Option<&str>) -> Result<(usize, &'static str)> {
    if let Some(name) = asked {
        return asked_for(arms, name).map(|at| (at, "--baseline"));
    }
    let first = |name: &str| places(arms, name).first().copied();
    let by_manifest = manifest_baselines(arms).find_map(first);
    let by_manifest = by_manifest.map(|at| (at, BY_MANIFEST));
    let solo = first("solo").map(|at| (at, "the arm called solo"));
    Ok(by_manifest.or(solo).unwrap_or((0, "the first arm")))
}

/// Where the arms of that name are.
fn places(arms: &[Arm], name: &str) -> Vec<usize> {
    let by_label = |at: &usize| arms[*at].label == name;
    let exact: Vec<usize> = (0..arms.len()).filter(by_label).collect();
    let is_in = |at: &usize| arms[*at].runs.iter().any(|row| row.run.arm == name);
    if exact.is_empty() {
        (0..arms.len()).filter(is_in).collect()
    } else {
        exact
    }
}

fn manifest_baselines<'a>(arms: &'a [Arm]) -> impl Iterator<Item = &'a str> {
    let rows = arms.iter().flat_map(|arm| &arm.runs);
    rows.filter_map(|row| row.run.report.baseline.as_deref())
}

fn asked_for(arms: &[Arm], name: &str) -> Result<usize> {
    let cause = match places(arms, name)[..] {
        [at] => return Ok(at),
        [] => "no such arm",
        _ => "is in several experiments",
    };
    let all: Vec<String> = arms.iter().map(|arm| plain(&arm.label)).collect();
    let cause = format!("{cause}; the arms are {}", all.join(", "));
    Err(Error::usage(format!("--baseline {name}"), cause))
}

fn absent_baseline(arms: &[Arm], by: &str) -> Option<Warning> {
    let name = manifest_baselines(arms).next()?;
    let message =
        || format!("the manifest's baseline {name} has no runs here; {by} stands in for it");
    let is_absent = by != BY_MANIFEST && by != "--baseline";
    is_absent.then(|| Warning {
        kind: "no_baseline",
        message: message(),
    })
}

fn unknown_outcomes(arms: &[Arm]) -> Option<Warning> {
    let rows = arms.iter().flat_map(|arm| &arm.runs);
    let unknown = rows.filter(|row| row.end() == "unknown");
    let names: Vec<String> = unknown.map(|row| row.run.id.clone()).collect();
    let message = |names| {
        format!(
            "no record says how these runs ended, so none counts as completed \
             (tg-wait writes it, as \"wait\":{{\"outcome\":\"completed\"}}): {names}"
        )
    };
    let is_any = !names.is_empty();
    is_any.then(|| Warning {
        kind: "no_outcome",
        message: message(list(names)),
    })
}

/// Runs on disk that the manifest does not have: compared, and named.
fn not_in_manifest(rows: &[Row]) -> Option<Warning> {
    let is_stale = |row: &&Row| row.warned.iter().any(|warned| warned.0 == STALE);
    let names: Vec<String> = rows
        .iter()
        .filter(is_stale)
        .map(|row| row.run.id.clone())
        .collect();
    (!names.is_empty()).then(|| Warning {
        kind: STALE,
        message: format!(
            "the manifest was edited and does not have these runs any more; they are compared all the same: {}",
            list(names)
        ),
    })
}

/// What `tg-metrics` noted, by kind.
fn metrics_own(rows: &[Row]) -> Option<Warning> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let noted = rows.iter().flat_map(|row| &row.warned);
    for (kind, count) in noted.filter(|warned| warned.0 != STALE) {
        let total = counts.entry(kind).or_default();
        *total = total.saturating_add(*count);
    }
    let is_warned = |row: &&Row| row.warned.iter().any(|warned| warned.0 != STALE);
    let runs = rows.iter().filter(is_warned).count();
    let kinds = counts
        .iter()
        .map(|(kind, count)| format!("{kind} ({count})"));
    let kinds = list(kinds.collect());
    let message = || format!("tg-metrics warned of {}: {kinds}", count(runs, "run"));
    (!counts.is_empty()).then(|| Warning {
        kind: "metrics",
        message: message(),
    })
}
