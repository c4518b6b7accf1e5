//! Computing: from rows to everything that a report shows, except for the answers to the questions.
//!
//! Nothing is read or printed here. An undefined value stays undefined, with its reason if there is one to report; no
//! format has to guess.

use crate::arm::{Arm, arms};
use crate::columns::{ChosenBy, Column, Primary};
use crate::confounders::{Confounder, confounders};
use crate::contrast::{Contrast, Families, contrasts};
use crate::data::Data;
use crate::distribution::{Distribution, distribution};
use crate::gate::{Asked, Gate, gates};
use crate::limits::{Floor, Noise, floor, noise};
use crate::ratio::Ratios;
use crate::scaling::{Scaling, scaling};
use crate::success::{Judged, judge};
use crate::text::{join, plain};
use crate::warning::{self, Warning};
use std::collections::BTreeSet;
use tg_stage::workflows::SOLO;
use tg_stage::{Error, Result};

#[derive(Debug)]
pub struct Comparison<'a> {
    /// In order of appearance.
    pub experiments: Vec<&'a str>,
    /// In order of appearance.
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
    pub baseline_by: ChosenBy,
    /// One for each arm, each with one for each column; the baseline's own is empty.
    pub contrasts: Vec<Vec<Contrast>>,
    pub families: Families,
    /// One for each arm; the baseline's own are 1 if they are defined.
    pub ratios: Vec<Ratios>,
    pub floor: Option<Floor>,
    /// Present if the manifest has `null_arms`.
    pub noise: Option<Noise>,
    pub confounders: Vec<Confounder>,
    /// Throughput by number of agents, if arms differ in it.
    pub scaling: Option<Scaling>,
    /// One for each arm: the inside of its runs, if `tg-metrics --per agent,task` printed it.
    pub distributions: Vec<Option<Distribution>>,
    /// The manifest's success criteria.
    pub success: Vec<Judged>,
    /// The conditions of `--fail-if`, each for every arm.
    pub gates: Vec<Gate>,
    pub warnings: Vec<Warning>,
}

/// Compares the arms in `data` on `columns`.
pub fn compare<'a>(
    data: &'a Data,
    (columns, primary): (Vec<Column>, Primary),
    asked: &Asked,
) -> Result<Comparison<'a>> {
    let rows = &data.runs;
    let experiments = distinct(rows.iter().map(|row| row.run.experiment.as_str()));
    let mut arms = arms(rows, experiments.len() > 1, &columns);
    let (at, baseline_by) = choose_baseline(&arms, asked.baseline.as_deref())?;
    let mut warnings = data.warnings.clone();
    warnings.extend(absent_baseline(&arms, baseline_by));
    arms[..=at].rotate_right(1);
    let confounders = confounders(&arms, &asked.by);
    warnings.extend(confounders.iter().cloned().map(Warning::Confounder));
    warnings.extend(warning::of_runs(rows, &arms));
    let (mut contrasts, families) = contrasts(&arms, &columns, primary.at, &confounders);
    let noise = noise(&arms, &mut contrasts);
    Ok(Comparison {
        templates: distinct(rows.iter().map(|row| row.run.template.as_str())),
        hosts: distinct(rows.iter().filter_map(|row| row.host.as_deref())),
        by: asked.by.clone(),
        ratios: arms.iter().map(|arm| Ratios::new(&arms[0], arm)).collect(),
        floor: floor(&arms, &contrasts, primary.at, families.verdict.m),
        scaling: scaling(rows, &columns[primary.at]),
        distributions: arms.iter().map(distribution).collect(),
        success: judge(&arms, &columns),
        gates: gates(&arms, &columns, &contrasts, &confounders, asked)?,
        experiments,
        columns,
        primary,
        arms,
        baseline_by,
        contrasts,
        families,
        noise,
        confounders,
        warnings,
    })
}

impl Comparison<'_> {
    /// The columns of the tables for people, with their places.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| column.is_shown)
    }

    pub fn primary(&self) -> &Column {
        &self.columns[self.primary.at]
    }

    /// The arms but the baseline, with their places and their contrasts on the column at `column`.
    pub fn others(&self, column: usize) -> impl Iterator<Item = (usize, &Arm<'_>, &Contrast)> {
        let others = self.arms.iter().zip(&self.contrasts).enumerate().skip(1);
        others.map(move |(place, (arm, contrasts))| (place, arm, &contrasts[column]))
    }

    /// The arms with a known inside, with their places and labels.
    pub fn insides(&self) -> impl Iterator<Item = (usize, &str, &Distribution)> {
        let arms = self.arms.iter().zip(&self.distributions).enumerate();
        arms.filter_map(|(at, (arm, inside))| Some((at, arm.label.as_str(), inside.as_ref()?)))
    }

    /// The number of runs.
    pub fn total(&self) -> usize {
        self.arms.iter().map(|arm| arm.runs.len()).sum()
    }

    /// The number of runs without a real agent.
    pub fn simulated(&self) -> usize {
        self.arms.iter().map(Arm::simulated).sum()
    }
}

/// The names that are not empty, in order of appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let given = names.filter(|name| !name.is_empty());
    given.filter(|name| seen.insert(*name)).collect()
}

fn choose_baseline(arms: &[Arm], asked: Option<&str>) -> Result<(usize, ChosenBy)> {
    if let Some(name) = asked {
        return Ok((asked_for(arms, name)?, ChosenBy::Flag));
    }
    let first = |name: &str| places(arms, name).first().copied();
    let by_manifest = manifest_baselines(arms).find_map(first);
    let by_manifest = by_manifest.map(|at| (at, ChosenBy::Manifest));
    let solo = || Some((first(SOLO)?, ChosenBy::Solo));
    Ok(by_manifest.or_else(solo).unwrap_or((0, ChosenBy::First)))
}

/// The places of the arms of that name.
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
    let all = join(arms.iter().map(|arm| plain(&arm.label)), ", ");
    let cause = format!("{cause}; the arms are {all}");
    Err(Error::usage(format!("--baseline {name}"), cause))
}

fn absent_baseline(arms: &[Arm], by: ChosenBy) -> Option<Warning> {
    let name = manifest_baselines(arms).next()?.to_owned();
    let is_absent = matches!(by, ChosenBy::Solo | ChosenBy::First);
    is_absent.then_some(Warning::NoBaseline { name, by })
}
