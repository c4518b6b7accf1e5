//! Which metrics are compared, in which order, under which names.
//!
//! The command line decides, else the manifest, else the eight of [`tg_stage::metric::DEFAULT`]: these are shown, and with
//! the primary metric they are the families of the comparison. The machine formats carry every metric that some record has.
//! A name may be given as the records have it, without its unit, or, for a slot, by the name the manifest gave it.

use crate::data::Data;
use std::collections::BTreeSet;
use tg_stage::metric::{self, DEFAULT, Kind, METRICS};
use tg_stage::{Error, OwnMetric, Result, nearest};

/// One metric to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the records.
    pub name: String,
    /// What a slot holds, where the manifest says.
    pub slot: Option<String>,
    /// Unit, direction, and which runs enter.
    pub kind: Kind,
    /// Whether it is a column of the table for people; else it is in the machine formats only.
    pub is_shown: bool,
}

/// The metric on which the verdict rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Primary {
    /// Its place among the columns.
    pub at: usize,
    /// Who chose it.
    pub by: &'static str,
}

impl Column {
    /// The name as people read it: without its unit, with what the slot holds.
    pub fn title(&self) -> String {
        let stem = metric::stem(&self.name);
        self.slot
            .as_ref()
            .map_or_else(|| stem.to_owned(), |slot| format!("{stem} ({slot})"))
    }
}

/// The columns asked for by `wanted`, else those of the manifest or of the default and then every other metric there is;
/// and which of them is primary: `primary`, else the manifest's, else the first.
pub fn choose(
    data: &Data,
    wanted: &[String],
    primary: Option<&str>,
) -> Result<(Vec<Column>, Primary)> {
    let names = data.runs.iter().flat_map(|row| row.metrics.keys());
    let there: BTreeSet<&str> = names.map(String::as_str).collect();
    let asked: Result<Vec<&str>> = wanted
        .iter()
        .map(|name| resolve(data, &there, "--metric", name))
        .collect();
    let mut names = asked?;
    if wanted.is_empty() {
        names.extend(shown(data));
    }
    let by_flag = primary
        .map(|name| resolve(data, &there, "--primary", name))
        .transpose()?;
    let mut manifests = data
        .runs
        .iter()
        .filter_map(|row| row.run.report.primary.as_deref());
    let (primary, by) = match (by_flag, manifests.next()) {
        (Some(name), _) => (name, "--primary"),
        (None, Some(name)) => (name, "the manifest's"),
        (None, None) => (names[0], "the first metric"),
    };
    if wanted.is_empty() {
        names.push(primary);
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let shown = names.len();
    names.push(primary);
    if wanted.is_empty() {
        let known = METRICS
            .iter()
            .map(|row| row.0)
            .filter(|name| there.contains(name));
        names.extend(known.chain(there.iter().copied()));
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let columns = names
        .iter()
        .enumerate()
        .map(|(at, name)| column(data, name, at < shown));
    let at = names.iter().position(|name| *name == primary).unwrap_or(0);
    Ok((columns.collect(), Primary { at, by }))
}

fn column(data: &Data, name: &str, is_shown: bool) -> Column {
    let slot = data.runs.iter().find_map(|row| row.run.slots.get(name));
    let own = data.runs.iter().flat_map(|row| &row.run.report.own_metrics);
    let mut own = own.filter(|own| own.name == name && own.fault().is_none());
    Column {
        name: name.to_owned(),
        slot: slot.cloned(),
        kind: own
            .next()
            .map_or_else(|| metric::kind(name), OwnMetric::kind),
        is_shown,
    }
}

/// The manifests' metrics in their order, else the default.
fn shown(data: &Data) -> Vec<&str> {
    let manifests = data.runs.iter().flat_map(|row| &row.run.report.metrics);
    let names: Vec<&str> = manifests.map(String::as_str).collect();
    if names.is_empty() {
        DEFAULT.to_vec()
    } else {
        names
    }
}

/// The metric somebody means by `typed`.
fn resolve<'a>(
    data: &'a Data,
    there: &BTreeSet<&'a str>,
    flag: &str,
    typed: &str,
) -> Result<&'a str> {
    let known = || METRICS.iter().map(|row| row.0).chain(there.iter().copied());
    let mut slots = data.runs.iter().flat_map(|row| &row.run.slots);
    let exact = known().find(|name| *name == typed);
    let by_slot = || {
        slots
            .find(|slot| slot.1 == typed)
            .map(|slot| slot.0.as_str())
    };
    let by_stem = || known().find(|name| metric::stem(name) == typed);
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
