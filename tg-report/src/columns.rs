//! The metrics to compare: their order and their names.
//!
//! The command line decides, else the manifest, else the eight of [`tg_stage::metric::DEFAULT`]: these are shown, and with
//! the primary metric they are the families of the comparison. The machine formats carry every metric that some record has.
//! A name may be given as the records have it, without its unit, or, for a slot, by the name the manifest gave it.

use crate::row::RunRow;
use std::collections::BTreeSet;
use tg_stage::metric::{self, DEFAULT, Kind, METRICS};
use tg_stage::{CustomMetric, Error, Result, nearest};

/// One metric to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the records.
    pub name: String,
    /// The content of a slot, if the manifest names it.
    pub slot: Option<String>,
    /// Unit, direction, and the runs that enter.
    pub kind: Kind,
    /// True for a column of the tables for people; the others are in the machine formats only.
    pub is_shown: bool,
}

/// The metric on which the verdict rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Primary {
    /// Its place among the columns.
    pub at: usize,
    pub by: ChosenBy,
}

/// The source of a choice of the baseline or the primary metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenBy {
    Flag,
    Manifest,
    /// The name `solo`, for a baseline.
    Solo,
    First,
}

impl Column {
    /// The name for people: without its unit, with the content of the slot.
    pub fn title(&self) -> String {
        let stem = metric::stem(&self.name);
        let slot = self.slot.as_ref().map(|slot| format!(" ({slot})"));
        stem.to_owned() + &slot.unwrap_or_default()
    }

    /// True if `name` means this metric: its name, its name without the unit, or the content of its slot.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || metric::stem(&self.name) == name || self.slot.as_deref() == Some(name)
    }
}

/// The columns asked for by `wanted`, else those of the manifest or of the default and then every other metric there is;
/// and the primary one: `primary`, else the manifest's, else the first.
pub fn choose(
    rows: &[RunRow],
    wanted: &[String],
    primary: Option<&str>,
) -> Result<(Vec<Column>, Primary)> {
    let names = rows.iter().flat_map(|row| row.metrics.keys());
    let there: BTreeSet<&str> = names.map(String::as_str).collect();
    let resolve = |flag: &str, name: &str| resolve(rows, &there, flag, name);
    let asked = wanted.iter().map(|name| resolve("--metric", name));
    let mut names: Vec<&str> = asked.collect::<Result<_>>()?;
    if wanted.is_empty() {
        names.extend(shown(rows));
    }
    let by_flag = primary.map(|name| resolve("--primary", name)).transpose()?;
    let mut manifests = rows
        .iter()
        .filter_map(|row| row.run.report.primary.as_deref());
    let (primary, by) = match (by_flag, manifests.next()) {
        (Some(name), _) => (name, ChosenBy::Flag),
        (None, Some(name)) => (name, ChosenBy::Manifest),
        (None, None) => (names[0], ChosenBy::First),
    };
    if wanted.is_empty() {
        names.push(primary);
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let shown = names.len();
    names.push(primary);
    if wanted.is_empty() {
        let known = METRICS.iter().map(|row| row.0);
        names.extend(known.filter(|name| there.contains(name)));
        names.extend(&there);
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let at = names.iter().position(|name| *name == primary).unwrap_or(0);
    let columns = names.iter().enumerate();
    let columns = columns.map(|(at, name)| column(rows, name, at < shown));
    Ok((columns.collect(), Primary { at, by }))
}

fn column(rows: &[RunRow], name: &str, is_shown: bool) -> Column {
    let slot = rows.iter().find_map(|row| row.run.slots.get(name));
    let mut custom = rows.iter().flat_map(|row| &row.run.report.own_metrics);
    let custom = custom.find(|metric| metric.name == name && metric.fault().is_none());
    Column {
        name: name.to_owned(),
        slot: slot.cloned(),
        kind: custom.map_or_else(|| metric::kind(name), CustomMetric::kind),
        is_shown,
    }
}

/// The manifests' metrics in their order, else the default.
fn shown(rows: &[RunRow]) -> Vec<&str> {
    let manifests = rows.iter().flat_map(|row| &row.run.report.metrics);
    let names: Vec<&str> = manifests.map(String::as_str).collect();
    if names.is_empty() {
        DEFAULT.to_vec()
    } else {
        names
    }
}

/// The metric that `typed` means.
fn resolve<'a>(
    rows: &'a [RunRow],
    there: &BTreeSet<&'a str>,
    flag: &str,
    typed: &str,
) -> Result<&'a str> {
    let known = || METRICS.iter().map(|row| row.0).chain(there.iter().copied());
    let mut slots = rows.iter().flat_map(|row| &row.run.slots);
    let by_slot = || Some(slots.find(|slot| slot.1 == typed)?.0.as_str());
    let by_stem = || known().find(|name| metric::stem(name) == typed);
    let exact = known().find(|name| *name == typed);
    if let Some(name) = exact.or_else(by_slot).or_else(by_stem) {
        return Ok(name);
    }
    let names = known().flat_map(|name| [name, metric::stem(name)]);
    let error = Error::usage(format!("{flag} {typed}"), "no such metric");
    Err(match nearest(typed, names) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("tg-metrics --list names them all"),
    })
}
