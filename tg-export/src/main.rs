//! The program `tg-export`; see [`tg_export::run`].

use std::io::{stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-export", |args: &tg_export::Args| {
        tg_export::run(args, stdin().lock(), stdout().lock())
    })
}
