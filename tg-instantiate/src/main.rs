//! `tg-instantiate` as a program; what it does is in [`tg_instantiate::run`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_instantiate::Args::parse();
    tg_stage::main("tg-instantiate", || {
        tg_instantiate::run(&args, std::io::stdin().lock(), std::io::stdout().lock())
    })
}
