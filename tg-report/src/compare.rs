//! Computing: from rows to everything a report says.
//!
//! Nothing is read or printed here. What is undefined stays undefined, with its reason where there is one to tell; no
//! format has to guess.

use crate::arm::{Arm, arms};
use crate::columns::Column;
use crate::constants;
use crate::data::Data;
use crate::floor::{Floor, floor};
use crate::ratio::Ratios;
use crate::row::Row;
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
    /// The metrics compared.
    pub columns: Vec<Column>,
    /// The baseline first, then in order of appearance.
    pub arms: Vec<Arm<'a>>,
    /// Why the first arm is the baseline.
    pub baseline_by: &'static str,
    /// One for each arm; the baseline's own are 1 where they are defined.
    pub ratios: Vec<Ratios>,
    /// What ranks cannot show with this many runs.
    pub floor: Option<Floor>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

/// Compare the arms in `data` on `columns`, with the arm called `baseline` if one is asked for.
pub fn compare<'a>(
    data: &'a Data,
    columns: Vec<Column>,
    baseline: Option<&str>,
) -> Result<Comparison<'a>> {
    let runs = || data.runs.iter();
    let experiments = distinct(runs().map(|row| row.run.experiment.as_str()));
    let mut arms = arms(data, experiments.len() > 1, &columns);
    let (at, baseline_by) = choose_baseline(&arms, baseline)?;
    let mut warnings = data.warnings.clone();
    warnings.extend(absent_baseline(&arms, baseline_by));
    arms[..=at].rotate_right(1);
    warnings.extend(constants::warnings(&arms));
    warnings.extend(unknown_outcomes(&arms));
    warnings.extend(metrics_own(&data.runs));
    Ok(Comparison {
        templates: distinct(runs().map(|row| row.run.template.as_str())),
        hosts: distinct(runs().filter_map(|row| row.host.as_deref())),
        ratios: arms.iter().map(|arm| Ratios::new(&arms[0], arm)).collect(),
        floor: floor(&arms),
        experiments,
        columns,
        arms,
        baseline_by,
        warnings,
    })
}

/// What is there and not empty, in order of appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let given = names.filter(|name| !name.is_empty());
    given.filter(|name| seen.insert(*name)).collect()
}

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
    let is_it = |at: &usize| arms[*at].label == name || arms[*at].name() == name;
    (0..arms.len()).filter(is_it).collect()
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

/// What `tg-metrics` noted, by kind.
fn metrics_own(rows: &[Row]) -> Option<Warning> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, count) in rows.iter().flat_map(|row| &row.warned) {
        let total = counts.entry(kind).or_default();
        *total = total.saturating_add(*count);
    }
    let runs = rows.iter().filter(|row| !row.warned.is_empty()).count();
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
