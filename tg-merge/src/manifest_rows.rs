//! The rows of the current manifest: runs made before it was edited are not mixed with runs made after.

use crate::run_copy::RunCopy;
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::error::file_error;
use tg_stage::{Error, Result, say};

/// The inputs of each row, as `tg-instantiate --due` prints them.
pub struct ManifestRows(BTreeMap<String, String>);

/// Runs, divided by their inputs.
#[derive(Default)]
pub struct Sorted {
    /// Runs with the listed inputs, and earlier attempts with any inputs.
    pub runs: Vec<RunCopy>,
    /// Runs in the target directory of listed rows with other inputs: they make room.
    pub outdated: Vec<RunCopy>,
}

impl ManifestRows {
    /// Reads lines of `tg-instantiate --due`: the run is the second column, its inputs are the sixth.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(file_error(path))?;
        let row = |line: &str| {
            let columns: Vec<&str> = line.split('\t').collect();
            let row = columns.get(1).zip(columns.get(5));
            row.map(|(run, inputs)| ((*run).to_string(), (*inputs).to_string()))
        };
        let rows: Option<BTreeMap<_, _>> = text.lines().map(row).collect();
        let rows = rows.filter(|rows| !rows.is_empty());
        rows.map(Self).ok_or_else(|| {
            Error::usage(path.display(), "holds no lines of tg-instantiate --due")
                .hint("tg-instantiate --due MANIFEST >rows; tg-merge --rows rows INTO FROM")
        })
    }

    /// Divides the runs. A run of another place that does not belong to a row is named and stays there; a run in the target
    /// directory that has the name of no row is left alone.
    pub fn sort(&self, runs: Vec<RunCopy>) -> Sorted {
        let mut sorted = Sorted::default();
        for run in runs {
            let inputs = self.0.get(&run.run.id);
            let is_attempt = run.dir.is_attempt();
            if inputs == Some(&run.run.inputs_sha256) || (is_attempt && inputs.is_some()) {
                sorted.runs.push(run);
            } else if !run.is_ours && !is_attempt {
                let why = inputs.map_or("no such row", |_| "other inputs");
                let (id, dir) = (&run.run.id, run.dir.path().display());
                say(format_args!("tg-merge: run {id}: {why}: left in {dir}"));
            } else if run.is_ours && inputs.is_some() {
                sorted.outdated.push(run);
            }
        }
        sorted
    }
}

/// Keeps a run with other inputs as an earlier attempt, as `tg-instantiate` does when it makes the row again.
pub fn put_aside(outdated: &RunCopy) -> Result<()> {
    outdated.dir.put_aside()?;
    let (id, dir) = (&outdated.run.id, outdated.dir.path().display());
    say(format_args!(
        "tg-merge: run {id}: {dir} has other inputs: kept as an earlier attempt"
    ));
    Ok(())
}
