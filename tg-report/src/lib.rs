//! Run records in, a comparison out.
//!
//! Three steps that know nothing of each other's work: [`data`] reads records and prints no table, [`compare`] computes
//! and neither reads nor prints, [`output`] prints what was computed. A new statistic is a field of
//! [`compare::Comparison`], a new format one more file under `output/`. What a metric means (unit, direction, which runs
//! enter its mean) is one table, in [`tg_stage::metric`]; the numbers themselves are [`stats`].

pub mod against;
pub mod answers;
pub mod args;
pub mod arm;
pub mod attempts;
pub mod chart;
pub mod check;
pub mod columns;
pub mod compare;
pub mod constants;
pub mod data;
pub mod distribution;
pub mod drift;
pub mod floor;
pub mod gate;
pub mod held;
pub mod inside;
pub mod noise;
pub mod only;
pub mod output;
pub mod power;
pub mod ratio;
pub mod row;
pub mod scaling;
pub mod stats;
pub mod success;
pub mod unrun;
pub mod warning;
mod words;

pub use args::{Args, Format, Verb};

use compare::Comparison;
use gate::Outcome;
use std::io::{BufRead, Write};
use std::path::Path;
use std::thread;
use tg_stage::{Error, Exit, Output, Result, file, say};

/// The name that errors and warnings on stderr begin with.
pub const TOOL: &str = "tg-report";

/// Read the records, compare the arms, and print the comparison.
///
/// `input` is read only where no file is named, or where a file is named `-`. What could not be read has been reported
/// on stderr by then and decides the exit status; the rest is compared all the same. A gate that closed is told after
/// the report, on stderr.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if args.check_args {
        return check::arguments(args, input);
    }
    if let Some(Verb::Power {
        ratio,
        metric,
        files,
    }) = &args.verb
    {
        let data = data::read(files, input, data::Selection::default())?;
        if data.runs.is_empty() {
            return nothing(data.exit);
        }
        let needed = power::needed(&data, metric.as_deref(), *ratio)?;
        Output::new(output).bytes(words::plain_lines(&needed.sentences()).as_bytes())?;
        return Ok(data.exit);
    }
    let data = data::read(&args.files, input, args.selection()?)?;
    if data.runs.is_empty() {
        return if args.or_nothing {
            Ok(data.exit)
        } else {
            nothing(data.exit)
        };
    }
    let columns = columns::choose(&data, &args.metric, args.primary.as_deref())?;
    let comparison = compare::compare(&data, columns, &args.asked())?;
    if args.held {
        Output::new(output).bytes(output::held::render(&comparison).as_bytes())?;
        let held = comparison.hidden.is_empty();
        return Ok(data
            .exit
            .max(if held { Exit::Done } else { Exit::SomeFailed }));
    }
    let format = args.format();
    if !format.has_room_for_warnings() {
        warn(&comparison);
    }
    let comparison = &comparison;
    let render =
        |format, is_coloured| output::render(comparison, format, args.width(), is_coloured);
    let printed = thread::scope(|scope| {
        let write = |(path, format): (&Path, Format)| {
            let path = path.to_owned();
            scope.spawn(move || file::write(&path, render(format, false).as_bytes()))
        };
        let files: Vec<_> = args.files_to_write().into_iter().map(write).collect();
        let printed = args
            .out
            .is_none()
            .then(|| render(format, args.is_coloured()));
        for file in files {
            let broken = |_| Err(Error::outside(TOOL, "a report was not written"));
            file.join().unwrap_or_else(broken)?;
        }
        Ok(printed)
    })?;
    if let Some(report) = printed {
        Output::new(output).bytes(report.as_bytes())?;
    }
    Ok(data.exit.max(gate(comparison)))
}

/// There is nothing to compare; where a file could not be read, that has been said and is reason enough.
fn nothing(exit: Exit) -> Result<Exit> {
    if exit == Exit::Outside {
        return Ok(exit);
    }
    Err(Error::input("", "no run records in the input")
        .hint("tg-metrics results/*/*/snapshot.json.gz | tg-report"))
}

fn warn(comparison: &Comparison) {
    for warning in &comparison.warnings {
        let message = words::plain(&warning.message);
        say(format_args!("{TOOL}: warning: {message}"));
    }
}

/// Tell of each condition that failed, or that could not be looked at.
fn gate(comparison: &Comparison) -> Exit {
    let mut exit = Exit::Done;
    for gate in &comparison.gates {
        if gate.outcome != Outcome::Open {
            let (condition, reason) = (words::plain(&gate.condition), words::plain(&gate.reason));
            say(format_args!("{TOOL}: --fail-if {condition}: {reason}"));
            exit = Exit::SomeFailed;
        }
    }
    exit
}
