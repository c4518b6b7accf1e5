//! Which metrics are compared, in which order, under which names.
//!
//! The command line decides, else the manifest, else the eight of [`tg_stage::metric::DEFAULT`]; the machine formats carry every
//! metric that some record has. A name may be given as the records have it, without its unit, or, for a slot, by the
//! name the manifest gave it.

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

/// The columns asked for by `wanted`, else those of the manifest or of the default, else (`all`) every metric there is.
pub fn choose(data: &Data, wanted: &[String], all: bool) -> Result<Vec<Column>> {
    let names = data.runs.iter().flat_map(|row| row.metrics.keys());
    let there: BTreeSet<&str> = names.map(String::as_str).collect();
    let asked: Result<Vec<&str>> = wanted
        .iter()
        .map(|name| resolve(data, &there, name))
        .collect();
    let mut names = asked?;
    if wanted.is_empty() {
        names.extend(shown(data));
    }
    if wanted.is_empty() && all {
        names.extend(METRICS.iter().map(|row| row.0));
        names.extend(&there);
        names.retain(|name| there.contains(name));
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    Ok(names.into_iter().map(|name| column(data, name)).collect())
}

fn column(data: &Data, name: &str) -> Column {
    let slot = data.runs.iter().find_map(|row| row.run.slots.get(name));
    let own = data.runs.iter().flat_map(|row| &row.run.report.own_metrics);
    let mut own = own.filter(|own| own.name == name && own.fault().is_none());
    Column {
        name: name.to_owned(),
        slot: slot.cloned(),
        kind: own
            .next()
            .map_or_else(|| metric::kind(name), OwnMetric::kind),
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
fn resolve<'a>(data: &'a Data, there: &BTreeSet<&'a str>, typed: &str) -> Result<&'a str> {
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
    let error = Error::usage(format!("--metric {typed}"), "no such metric");
    Err(match nearest(typed, names) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("tg-metrics --list names them all"),
    })
}
