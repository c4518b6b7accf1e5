//! `tg-launch` as a program; what it does is in [`tg_launch::run`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_launch::Args::parse();
    tg_stage::main("tg-launch", || {
        tg_launch::run(&args, std::io::stdin().lock(), std::io::stdout().lock())
    })
}
