//! The program `tg-wait`; see [`tg_wait::run`].

use std::io::{BufReader, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-wait", |args: &tg_wait::Args| {
        tg_wait::run(args, BufReader::new(stdin()), stdout())
    })
}
