//! `tg-wait` as a program; what it does is in [`tg_wait::run`].

use clap::Parser;
use std::io::{BufReader, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_wait::Args::parse();
    tg_stage::main("tg-wait", || {
        tg_wait::run(&args, BufReader::new(stdin()), stdout())
    })
}
