//! `tg-agent` as a program; what it does is in [`tg_agent::run`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_agent::Args::parse();
    tg_stage::main("tg-agent", || {
        tg_agent::run(&args, std::io::stdin().lock(), std::io::stdout().lock())
    })
}
