//! `tg-launch` as a program; what it does is in [`tg_launch::run`].

use clap::Parser;
use std::io::{BufReader, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_launch::Args::parse();
    tg_stage::main("tg-launch", || {
        tg_launch::run(&args, BufReader::new(stdin()), stdout())
    })
}
