//! Checks of the names in a manifest that refer to something else: arms, metrics, placeholders. They come before any run,
//! because a typo in them would show only in the report.

use crate::manifest::Manifest;
use crate::metrics::Entry;
use crate::row::Row;
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::{CustomMetric, Error, Result, metric, nearest, placeholder};

/// Checks the names, and replaces those of metrics by their names in the records.
pub fn check(manifest: &Manifest, path: &Path, rows: &mut [Row]) -> Result<()> {
    for word in manifest.command.iter().flatten() {
        placeholder::fill(word, |_| String::new()).map_err(|error| error.within(path.display()))?;
    }
    let arms: Vec<String> = rows.iter().map(|row| row.run.arm.clone()).collect();
    let unknown = manifest
        .baseline
        .iter()
        .find(|baseline| !arms.contains(baseline));
    if let Some(baseline) = unknown {
        let error = Error::usage(
            path.display(),
            format!("the baseline `{baseline}` is not one of the arms"),
        );
        return Err(suggest(error, baseline, arms.iter().map(String::as_str)));
    }
    for row in rows {
        let slots = row.run.slots.clone();
        let custom: Vec<_> = manifest.metrics.iter().filter_map(Entry::custom).collect();
        if let Some(fault) = ambiguous(&custom, &slots) {
            return Err(Error::usage(path.display(), fault));
        }
        let custom: Vec<&str> = custom.iter().map(|custom| custom.name.as_str()).collect();
        let resolve = |typed: &String| {
            let slot = slots.iter().find(|(_, name)| *name == typed);
            let slot = slot.map(|(slot, _)| slot.clone());
            let defined = custom.contains(&typed.as_str()).then(|| typed.clone());
            metric::named(typed)
                .map(String::from)
                .or(defined)
                .or(slot)
                .ok_or_else(|| {
                    let error = Error::usage(path.display(), format!("unknown metric `{typed}`"));
                    let known = metric::METRICS.iter().map(|row| row.0);
                    suggest(error, typed, known.chain(custom.iter().copied()))
                })
        };
        let shown = &mut row.run.report;
        shown.metrics = shown.metrics.iter().map(resolve).collect::<Result<_>>()?;
        shown.primary = shown.primary.as_ref().map(resolve).transpose()?;
        let success = shown.success.iter();
        shown.success = success
            .map(|(metric, criterion)| Ok((resolve(metric)?, criterion.clone())))
            .collect::<Result<_>>()?;
    }
    Ok(())
}

/// The error text if two metrics have the same name.
fn ambiguous(custom: &[&CustomMetric], slots: &BTreeMap<String, String>) -> Option<String> {
    for (at, CustomMetric { name, .. }) in custom.iter().enumerate() {
        if custom[..at].iter().any(|other| other.name == *name) {
            return Some(format!("two metrics are called `{name}`"));
        }
        if let Some((slot, _)) = slots.iter().find(|slot| slot.1 == name) {
            return Some(format!(
                "`{name}` is a metric of your own and the name of {slot}: change one of them"
            ));
        }
    }
    None
}

fn suggest<'k>(error: Error, typed: &str, known: impl Iterator<Item = &'k str> + Clone) -> Error {
    match nearest(typed, known.clone()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if known.clone().count() <= 12 => {
            let mut names: Vec<&str> = known.collect();
            names.sort_unstable();
            names.dedup();
            error.hint(format!("known: {}", names.join(", ")))
        }
        None => error.hint("tg-metrics --list names them all"),
    }
}
