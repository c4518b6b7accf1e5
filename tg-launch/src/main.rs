//! The program `tg-launch`: reads the command line and calls [`tg_launch::run`].

use std::io::{BufReader, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-launch", |args: &tg_launch::Args| {
        tg_launch::run(args, BufReader::new(stdin()), stdout())
    })
}
