//! The program `tg-metrics`; the work is done in [`tg_metrics::run`].

use std::io::{stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-metrics", |args: &tg_metrics::Args| {
        tg_metrics::run(args, stdin().lock(), stdout().lock())
    })
}
