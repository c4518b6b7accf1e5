//! Runs on disk that the manifest no longer has, and the list by which later tools know them.
//!
//! A manifest may be edited between calls: an arm is removed, or replicates become fewer. The runs made for them are
//! named in a warning and kept. `RESULTS/EXPERIMENT/rows.json` lists the current rows, so that `tg-metrics` leaves the others out.

use crate::row::Row;
use serde_json::json;
use std::collections::BTreeSet;
use tg_stage::{Experiment, Result, Run, RunDir, file, say};

/// Warns of the runs in `experiment` that are not among `rows`, all of the manifest's.
pub fn warn(experiment: &Experiment, rows: &[Row]) {
    let orphans = orphans(experiment, rows);
    if !orphans.is_empty() {
        let (is, it) = if orphans.len() == 1 {
            ("is", "it")
        } else {
            ("are", "them")
        };
        say(format_args!(
            "tg-instantiate: {}: {} {is} not in the manifest any more; left as they are, and reports warn of {it}",
            experiment.path().display(),
            orphans.join(", "),
        ));
    }
}

/// The sorted ids of the runs without a row.
fn orphans(experiment: &Experiment, rows: &[Row]) -> Vec<String> {
    let known: BTreeSet<&str> = rows.iter().map(|row| row.run.id.as_str()).collect();
    let mut orphans = experiment.runs();
    let is_run = |dir: &RunDir| {
        let record = dir.load();
        record.is_ok_and(|record| record.get::<Run>("run").is_ok())
    };
    orphans.retain(|dir| !known.contains(dir.name().as_str()) && is_run(dir));
    orphans.iter().map(RunDir::name).collect()
}

/// Writes the list if it changed.
pub fn list(experiment: &Experiment, rows: &[Row], manifest: &str) -> Result<()> {
    let ids: Vec<&str> = rows.iter().map(|row| row.run.id.as_str()).collect();
    let text = json!({"manifest_sha256": file::sha256(manifest.as_bytes()), "rows": ids})
        .to_string()
        + "\n";
    let path = experiment.plan();
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    file::write(&path, text.as_bytes())
}
