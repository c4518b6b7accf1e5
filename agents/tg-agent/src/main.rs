//! The program `tg-agent`: reads the command line and calls [`tg_agent::run`].

use std::io::{stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-agent", |args: &tg_agent::Args| {
        tg_agent::run(args, stdin().lock(), stdout().lock())
    })
}
