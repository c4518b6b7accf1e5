//! The program `tg-report`; see [`tg_report::run`].

use std::io::{stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-report", |args: &tg_report::Args| {
        tg_report::run(args, stdin().lock(), stdout().lock())
    })
}
