//! Results of several places -> one results directory.
//!
//! Rows are run where there is room, and the report is one. `found` reads what each place has, `listed` leaves out what
//! today's manifest does not have, `agree` says what does not belong together, `choice` takes one of what several places
//! have, and only then `copy` writes. What a run is comes from its snapshot, from which the report is made as well; its
//! record counts where there is no snapshot.

mod agree;
mod args;
mod choice;
mod copy;
mod found;
mod listed;

pub use args::Args;

use found::Found;
use listed::{Listed, Sorted};
use std::io::{BufRead, Write};
use std::time::Duration;
use tg_stage::file::{self, Lock};
use tg_stage::{Error, Exit, Result, say};

/// The name that lines on stderr begin with.
const TOOL: &str = "tg-merge";

/// How long to wait for others that make or bring runs in the same place.
const PATIENCE: Duration = Duration::from_mins(1);

/// Bring the runs of `from` into `into`. Neither input nor output is used.
pub fn run(args: &Args, _input: impl BufRead, _output: impl Write) -> Result<Exit> {
    let listed = args.rows.as_deref().map(Listed::load).transpose()?;
    let mut faults = Vec::new();
    let mut runs: Vec<Found> = Vec::new();
    if found::is_run(&args.into) {
        return Err(Error::usage(args.into.display(), "is a run's directory")
            .hint("name the experiment's directory: results/NAME"));
    }
    if args.into.is_dir() {
        runs.extend(found::below(&args.into, true, &mut faults)?);
    } else if args.into.exists() {
        return Err(Error::usage(args.into.display(), "is no directory"));
    }
    for place in &args.from {
        let more = found::below(place, false, &mut faults)?;
        if more.is_empty() && faults.is_empty() {
            return Err(Error::outside(place.display(), "has no runs in it")
                .hint("name the experiment's directory: results/NAME"));
        }
        runs.extend(more);
    }
    let Sorted { runs, stale } = match listed {
        Some(listed) => listed.sort(runs),
        None => Sorted {
            runs,
            ..Sorted::default()
        },
    };
    faults.extend(agree::faults(&runs, args));
    if !faults.is_empty() {
        for fault in &faults {
            say(format_args!("{TOOL}: {fault}"));
        }
        say(format_args!("{TOOL}: nothing was done"));
        return Ok(Exit::SomeFailed);
    }
    file::make_dir(&args.into)?;
    let lock = args.into.join(".lock");
    let Some(_held) = Lock::wait(&lock, PATIENCE)? else {
        return Err(Error::held(&lock));
    };
    for run in &stale {
        listed::put_aside(run)?;
    }
    let chosen = choice::of(&runs);
    let mut brought = 0;
    for run in chosen.iter().filter(|run| !run.is_ours) {
        copy::run(run, &args.into)?;
        brought += 1;
    }
    let there: Vec<&Found> = chosen.iter().copied().chain(&stale).collect();
    for run in choice::attempts(&runs, &there) {
        copy::earlier(run, &args.into)?;
    }
    let left = chosen.iter().filter(|run| !run.is_over()).count();
    let left = if left > 0 {
        format!("; {left} of them did not end")
    } else {
        String::new()
    };
    say(format_args!(
        "{TOOL}: {}: {} runs, {brought} of them new{left}",
        args.into.display(),
        chosen.len()
    ));
    Ok(Exit::Done)
}
