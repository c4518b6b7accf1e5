//! Which metrics are compared, in which order, under which names.
//!
//! The command line decides, else the manifest, else the eight of [`metric::DEFAULT`]; the machine formats carry every
//! metric that some record has. A name may be given as the records have it, without its unit, or, for a slot, by the
//! name the manifest gave it.

use crate::data::Data;
use crate::metric::{self, DEFAULT, Kind, METRICS};
use std::collections::BTreeSet;
use tg_stage::{Error, Result};

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
    let there: BTreeSet<&str> = data
        .runs
        .iter()
        .flat_map(|row| row.metrics.keys())
        .map(String::as_str)
        .collect();
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    if wanted.is_empty() {
        shown(data)
            .iter()
            .filter(|name| !all || there.contains(*name))
            .for_each(|name| add(name));
        if all {
            METRICS
                .iter()
                .map(|row| row.0)
                .filter(|name| there.contains(name))
                .for_each(&mut add);
            there.iter().for_each(|name| add(name));
        }
    }
    for name in wanted {
        add(&resolve(data, &there, name)?);
    }
    Ok(names.into_iter().map(|name| column(data, name)).collect())
}

fn column(data: &Data, name: String) -> Column {
    let slot = data
        .runs
        .iter()
        .find_map(|row| row.run.slots.get(&name))
        .cloned();
    Column {
        kind: metric::kind(&name),
        slot,
        name,
    }
}

/// The manifests' metrics in their order, else the default.
fn shown(data: &Data) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in data.runs.iter().flat_map(|row| &row.run.report.metrics) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        DEFAULT.to_vec()
    } else {
        names
    }
}

/// The metric somebody means by `typed`.
fn resolve(data: &Data, there: &BTreeSet<&str>, typed: &str) -> Result<String> {
    let known = || METRICS.iter().map(|row| row.0).chain(there.iter().copied());
    let slots = || data.runs.iter().flat_map(|row| &row.run.slots);
    let meant = known()
        .find(|name| *name == typed)
        .or_else(|| {
            slots()
                .find(|slot| slot.1 == typed)
                .map(|slot| slot.0.as_str())
        })
        .or_else(|| known().find(|name| metric::stem(name) == typed));
    if let Some(name) = meant {
        return Ok(name.to_owned());
    }
    let near =
        known().min_by_key(|name| distance(name, typed).min(distance(metric::stem(name), typed)));
    let near = near.map_or(String::new(), |name| format!("; the nearest is {name}"));
    Err(Error::usage(
        format!("--metric {typed}"),
        format!("no such metric{near}"),
    ))
}

/// Edits that lead from one name to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
