//! Benchmarks: generated runs, limit programs, and the table of `docs/benchmarks.md`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match tg_bench::run(tg_bench::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            tg_stage::say(format_args!("tg-bench: {cause}"));
            ExitCode::from(4)
        }
    }
}
