//! Runs on disk that the manifest no longer has, and the list by which later tools know them.
//!
//! A manifest is edited between calls: an arm goes, replicates become fewer. What was run for them is nobody's to delete;
//! it is named, left alone, and `RESULTS/EXPERIMENT/rows.json` tells `tg-metrics` that it is no part of the experiment.

use crate::attempts::is_earlier;
use crate::matrix::Row;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use tg_stage::{Record, Result, Run, file, say};

/// The list of an experiment's rows, in its directory.
pub const ROWS: &str = "rows.json";

/// Say which runs in `experiment` are none of `rows`, which are all of the manifest's.
pub fn name(experiment: &Path, rows: &[Row]) {
    let stale = stale(experiment, rows);
    if !stale.is_empty() {
        let (is, it) = if stale.len() == 1 {
            ("is", "it")
        } else {
            ("are", "them")
        };
        say(format_args!(
            "tg-instantiate: {}: {} {is} not in the manifest any more; left as they are, and reports warn of {it}",
            experiment.display(),
            stale.join(", "),
        ));
    }
}

/// The ids of the runs that are no rows, sorted.
fn stale(experiment: &Path, rows: &[Row]) -> Vec<String> {
    let known: BTreeSet<&str> = rows.iter().map(|row| row.run.id.as_str()).collect();
    let mut stale = Vec::new();
    for entry in experiment.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || is_earlier(&name) || known.contains(name.as_str()) {
            continue;
        }
        let record = Record::load(&entry.path().join("run.json"));
        if record.is_ok_and(|record| record.get::<Run>("run").is_ok()) {
            stale.push(name);
        }
    }
    stale.sort();
    stale
}

/// Write the list, where it changed.
pub fn list(experiment: &Path, rows: &[Row], manifest: &str) -> Result<()> {
    let ids: Vec<&str> = rows.iter().map(|row| row.run.id.as_str()).collect();
    let text = json!({"manifest_sha256": file::sha256(manifest.as_bytes()), "rows": ids})
        .to_string()
        + "\n";
    let path = experiment.join(ROWS);
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    file::write(&path, text.as_bytes())
}
