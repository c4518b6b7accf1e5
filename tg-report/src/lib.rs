//! Run records in, a comparison out.
//!
//! Three steps that know nothing of each other's work: [`data`] reads records and prints no table, [`compare`] computes
//! and neither reads nor prints, [`output`] prints what was computed. A new statistic is a field of
//! [`compare::Comparison`], a new format one more file under `output/`. What a metric means (unit, direction, which runs
//! enter its mean) is one table, in [`tg_stage::metric`].

pub mod args;
pub mod arm;
pub mod chart;
pub mod columns;
pub mod compare;
pub mod constants;
pub mod data;
pub mod floor;
pub mod output;
pub mod ratio;
pub mod row;
pub mod stats;
pub mod warning;
mod words;

pub use args::{Args, Format};

use std::io::{BufRead, Write};
use tg_stage::{Error, Exit, Output, Result, file, say};

/// The name that errors and warnings on stderr begin with.
pub const TOOL: &str = "tg-report";

/// Read the records, compare the arms, and print the comparison.
///
/// `input` is read only where no file is named, or where a file is named `-`. What could not be read has been reported
/// on stderr by then and decides the exit status; the rest is compared all the same.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    let data = data::read(&args.files, input);
    if data.runs.is_empty() {
        return nothing(data.exit);
    }
    let format = args.format();
    let columns = columns::choose(&data, &args.metric, format.is_for_machines())?;
    let comparison = compare::compare(&data, columns, args.baseline.as_deref())?;
    if !format.has_room_for_warnings() {
        for warning in &comparison.warnings {
            say(format_args!(
                "{TOOL}: warning: {}",
                words::plain(&warning.message)
            ));
        }
    }
    let report = output::render(&comparison, format, args.width());
    match &args.out {
        Some(path) => file::write(path, report.as_bytes())?,
        None => Output::new(output).bytes(report.as_bytes())?,
    }
    Ok(data.exit)
}

/// There is nothing to compare; where a file could not be read, that has been said and is reason enough.
fn nothing(exit: Exit) -> Result<Exit> {
    if exit == Exit::Outside {
        return Ok(exit);
    }
    Err(Error::input("", "no run records in the input")
        .hint("tg-metrics results/*/*/snapshot.json.gz | tg-report"))
}
