//! Run records in, a comparison out.
//!
//! Three steps, none of which does the work of another: `data` reads records, `compare` and `answers` compute, `output`
//! prints. A new statistic is a field of `compare::Comparison`, a new format one more file under `output/`. The meaning of
//! a metric (unit, direction, the runs that enter its mean) is one table, in [`tg_stage::metric`]; the numbers themselves
//! are [`stats`].

mod answers;
mod args;
mod arm;
pub mod chart;
mod columns;
mod compare;
mod confounders;
mod contrast;
mod data;
mod distribution;
mod filter;
mod gate;
mod limits;
mod output;
mod power;
mod ratio;
mod report;
mod row;
mod scaling;
pub mod stats;
mod success;
mod text;
mod warning;

pub use args::Args;

use args::{Format, Verb};
use compare::Comparison;
use data::Selection;
use gate::GateState;
use report::Report;
use std::io::{BufRead, Write};
use std::path::Path;
use std::thread;
use text::{TOOL, plain, plain_lines};
use tg_stage::{Error, Exit, Output, Result, file, say};

/// Reads the records, compares the arms, and prints the comparison.
///
/// `input` is read only if no file is named, or a file is named `-`. Records that cannot be read are reported on stderr
/// and decide the exit status; the others are compared all the same. A gate that closes is reported after the
/// comparison, on stderr.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if args.check_args {
        return check_arguments(args, input);
    }
    if let Some(Verb::Power {
        ratio,
        metric,
        files,
    }) = &args.verb
    {
        let data = data::read(files, input, Selection::default())?;
        if data.runs.is_empty() {
            return no_records(data.exit);
        }
        let needed = power::needed(&data.runs, metric.as_deref(), *ratio)?;
        let text = plain_lines(&output::power::sentences(&needed));
        Output::new(output).bytes(text.as_bytes())?;
        return Ok(data.exit);
    }
    let data = data::read(&args.files, input, args.selection()?)?;
    if data.runs.is_empty() {
        return if args.or_nothing {
            Ok(data.exit)
        } else {
            no_records(data.exit)
        };
    }
    let columns = columns::choose(&data.runs, &args.metric, args.primary.as_deref())?;
    if args.held {
        let comparison = compare::compare(&data, columns, &args.asked())?;
        let text = output::warnings::confounders(&comparison);
        Output::new(output).bytes(text.as_bytes())?;
        let is_held = comparison.confounders.is_empty();
        return Ok(data.exit.max(if is_held {
            Exit::Done
        } else {
            Exit::SomeFailed
        }));
    }
    let report = Report::new(&data, columns, &args.asked())?;
    write_report(args, &report, output)?;
    Ok(data.exit.max(report_gates(&report.comparison)))
}

/// Writes the files asked for, and stdout. All formats are rendered at the same time.
fn write_report(args: &Args, report: &Report, output: impl Write) -> Result<()> {
    let format = args.format();
    if !format.has_room_for_warnings() {
        for warning in &report.comparison.warnings {
            let message = plain(&output::warnings::message(warning));
            say(format_args!("{TOOL}: warning: {message}"));
        }
    }
    let render = |format, is_coloured| output::render(report, format, args.width(), is_coloured);
    let printed = thread::scope(|scope| {
        let write = |(path, format): (&Path, Format)| {
            let path = path.to_owned();
            scope.spawn(move || file::write(&path, render(format, false).as_bytes()))
        };
        let files: Vec<_> = args.files_to_write().into_iter().map(write).collect();
        let is_printed = args.out.is_none();
        let printed = is_printed.then(|| render(format, Args::is_coloured()));
        for file in files {
            let broken = |_| Err(Error::outside(TOOL, "a report was not written"));
            file.join().unwrap_or_else(broken)?;
        }
        Ok(printed)
    })?;
    match printed {
        Some(text) => Output::new(output).bytes(text.as_bytes()),
        None => Ok(()),
    }
}

/// Checks `args` against the rows that are to be run, and prints nothing but the error.
///
/// For scripts that run an experiment: a mistake in the last stage's arguments must not show after hours of runs. The rows
/// come as records with their `run` and the names of their metrics; the comparison itself finds the mistake, so that
/// nothing is judged differently later. The result of `--where` for a run cannot be known before; that it is jq can.
fn check_arguments(args: &Args, input: impl BufRead) -> Result<Exit> {
    let Selection { by, .. } = args.selection()?;
    for (path, _) in args.files_to_write() {
        let dir = path.parent().filter(|dir| *dir != Path::new(""));
        if let Some(dir) = dir.filter(|dir| !dir.is_dir()) {
            let cause = format!("{} is not a directory", dir.display());
            return Err(Error::usage(path.display(), cause));
        }
    }
    let data = data::read(&[], input, Selection { by, filter: None })?;
    if !data.runs.is_empty() {
        let columns = columns::choose(&data.runs, &args.metric, args.primary.as_deref())?;
        compare::compare(&data, columns, &args.asked())?;
    }
    Ok(data.exit)
}

/// The result without records: a file that could not be read has been reported already.
fn no_records(exit: Exit) -> Result<Exit> {
    if exit == Exit::Outside {
        return Ok(exit);
    }
    Err(Error::input("", "no run records in the input")
        .hint("tg-metrics results/*/*/snapshot.json.gz | tg-report"))
}

/// Reports each condition that holds, or that could not be tested.
fn report_gates(comparison: &Comparison) -> Exit {
    let mut exit = Exit::Done;
    for gate in &comparison.gates {
        if gate.state() != GateState::Open {
            let reason = plain(&output::warnings::gate(comparison, gate));
            let condition = plain(&gate.condition);
            say(format_args!("{TOOL}: --fail-if {condition}: {reason}"));
            exit = Exit::SomeFailed;
        }
    }
    exit
}
