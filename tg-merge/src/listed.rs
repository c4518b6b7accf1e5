//! The rows of today's manifest: what was run before it was edited is not mixed with what was run after.

use crate::TOOL;
use crate::found::Found;
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::error::file_error;
use tg_stage::{Error, Result, attempt, say};

/// The inputs of each row, as `tg-instantiate --due` prints them.
pub struct Listed(BTreeMap<String, String>);

/// What is to be brought together, and what is to make room for it.
#[derive(Default)]
pub struct Sorted {
    /// Runs of the inputs that are listed, and earlier attempts of whatever inputs.
    pub runs: Vec<Found>,
    /// Runs where all are to be, of listed rows with other inputs.
    pub stale: Vec<Found>,
}

impl Listed {
    /// Read lines of `tg-instantiate --due`: the run is the second column, its inputs are the sixth.
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

    /// Tell what belongs to the rows from what does not; of the latter, what is elsewhere is named and stays there, and what is
    /// here under the name of no row is left alone.
    pub fn sort(&self, runs: Vec<Found>) -> Sorted {
        let mut sorted = Sorted::default();
        for run in runs {
            let inputs = self.0.get(&run.run.id);
            if inputs == Some(&run.run.inputs_sha256) || (run.is_earlier && inputs.is_some()) {
                sorted.runs.push(run);
            } else if !run.is_ours && !run.is_earlier {
                let why = inputs.map_or("no such row", |_| "other inputs");
                let (id, dir) = (&run.run.id, run.dir.display());
                say(format_args!("{TOOL}: run {id}: {why}: left in {dir}"));
            } else if run.is_ours && inputs.is_some() {
                sorted.stale.push(run);
            }
        }
        sorted
    }
}

/// Keep a run of other inputs as an earlier attempt, as `tg-instantiate` does when it makes the row again.
pub fn put_aside(stale: &Found) -> Result<()> {
    let (id, dir) = (&stale.run.id, stale.dir.display());
    attempt::put_aside(&stale.dir)?;
    say(format_args!(
        "{TOOL}: run {id}: {dir} has other inputs: kept as an earlier attempt"
    ));
    Ok(())
}
