//! `tg-wait` as a program; what it does is in [`tg_wait::run`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_wait::Args::parse();
    tg_stage::main("tg-wait", || {
        tg_wait::run(&args, std::io::stdin().lock(), std::io::stdout().lock())
    })
}
