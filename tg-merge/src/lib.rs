//! Results of several places -> one results directory.
//!
//! Rows are run on several machines, and there is one report. `run_copy` reads the runs of each place and chooses one copy
//! of each, `manifest_rows` leaves out runs that the current manifest does not have, `agree` finds runs that do not belong
//! together, and only then `bring` writes. A run is identified by its snapshot, from which the report is made as well; its
//! record counts if there is no snapshot.

mod agree;
mod args;
mod bring;
mod manifest_rows;
mod run_copy;

pub use args::Args;

use manifest_rows::{ManifestRows, Sorted};
use run_copy::{RunCopy, copies_in};
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Duration;
use tg_stage::file::{self, Lock};
use tg_stage::{Error, Exit, Experiment, Result, RunDir, say};

/// The longest wait for another process that writes runs into the same directory.
const PATIENCE: Duration = Duration::from_mins(1);

/// Brings the runs of `from` into `into`. Neither input nor output is used.
pub fn run(args: &Args, _input: impl BufRead, _output: impl Write) -> Result<Exit> {
    let rows = args.rows.as_deref().map(ManifestRows::load).transpose()?;
    let mut faults = Vec::new();
    let runs = all_copies(args, &mut faults)?;
    let Sorted { runs, outdated } = match rows {
        Some(rows) => rows.sort(runs),
        None => Sorted {
            runs,
            ..Sorted::default()
        },
    };
    faults.extend(agree::faults(&runs, args));
    if !faults.is_empty() {
        for fault in &faults {
            say(format_args!("tg-merge: {fault}"));
        }
        say("tg-merge: nothing was done");
        return Ok(Exit::SomeFailed);
    }
    merge(&runs, &outdated, &args.into)?;
    Ok(Exit::Done)
}

/// The runs of all places, those of the target directory first.
fn all_copies(args: &Args, faults: &mut Vec<Error>) -> Result<Vec<RunCopy>> {
    let hint = "name the experiment's directory: results/NAME";
    let into = args.into.display();
    if run_copy::is_run(&RunDir::new(&args.into)) {
        return Err(Error::usage(into, "is a run's directory").hint(hint));
    }
    let mut runs = Vec::new();
    if args.into.is_dir() {
        runs.extend(copies_in(&args.into, true, faults)?);
    } else if args.into.exists() {
        return Err(Error::usage(into, "is not a directory"));
    }
    for place in &args.from {
        let more = copies_in(place, false, faults)?;
        if more.is_empty() && faults.is_empty() {
            return Err(Error::outside(place.display(), "has no runs in it").hint(hint));
        }
        runs.extend(more);
    }
    Ok(runs)
}

fn merge(runs: &[RunCopy], outdated: &[RunCopy], into: &Path) -> Result<()> {
    file::make_dir(into)?;
    let lock = Experiment::new(into).lock();
    let Some(_held) = Lock::wait(&lock, PATIENCE)? else {
        return Err(Lock::held(&lock));
    };
    for run in outdated {
        manifest_rows::put_aside(run)?;
    }
    let chosen = run_copy::chosen(runs);
    let new: Vec<_> = chosen.iter().filter(|run| !run.is_ours).collect();
    for run in &new {
        bring::bring(run, into)?;
    }
    let taken: Vec<&RunCopy> = chosen.iter().copied().chain(outdated).collect();
    for run in run_copy::attempts(runs, &taken) {
        bring::bring_as_attempt(run, into)?;
    }
    let open = match chosen.iter().filter(|run| !run.is_over).count() {
        0 => String::new(),
        open => format!("; {open} of them did not end"),
    };
    let (into, all, new) = (into.display(), chosen.len(), new.len());
    say(format_args!(
        "tg-merge: {into}: {all} runs, {new} of them new{open}"
    ));
    Ok(())
}
