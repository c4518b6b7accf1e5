//! Computes the metrics of runs from their snapshots.
//!
//! A snapshot becomes a [`View`] of one run and its history intervals; the scope chooses the tasks that count, and
//! [`Facts`] are computed once (clock, workers, waits, cost, graph). The functions in [`METRICS`] read only those. No
//! state is called by its name except `failed`, which every workflow has.

mod args;
mod class;
mod clock;
mod clock_start;
mod contention;
mod cost;
mod custom_metric;
mod differences;
mod facts;
mod filter_process;
mod filters;
mod graph;
mod intervals;
mod measure;
mod metric_table;
mod missing_history;
mod number;
mod options;
mod paths;
mod per;
mod recheck;
mod record;
mod rework;
mod run_info;
mod runs;
mod scope;
mod size;
mod source;
mod stdin;
mod tally;
mod view;
mod waits;
mod walk;
mod warning;
mod workers;

pub use args::Args;
pub use clock_start::set_clock_start;
pub use facts::Facts;
pub use filter_process::FilterInput;
pub use measure::{measure, measure_facts};
pub use metric_table::METRICS;
pub use per::Per;
pub use record::snapshot_record;
pub use runs::Runs;
pub use scope::Scope;
pub use view::View;
pub use walk::Parts;

use std::io::{BufRead, Write};
use tg_stage::{Exit, Output, Result};

/// Measures the runs of the records in `input`, or those in the paths of the command line.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if args.list {
        Output::new(output).bytes(args::list().as_bytes())?;
        return Ok(Exit::Done);
    }
    let options = args.options()?;
    if let Some(first) = filter_process::first_filter() {
        return filter_process::serve(first, options.selection.limits.memory, input);
    }
    if args.recheck {
        return recheck::recheck(&args.paths, &options, &mut Output::new(output));
    }
    if args.paths.is_empty() {
        return stdin::measure(&options, input, output);
    }
    paths::measure(&args.paths, &options, &mut Output::new(output))
}
