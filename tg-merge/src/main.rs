//! The program `tg-merge`; see [`tg_merge::run`].

use std::io::{stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-merge", |args: &tg_merge::Args| {
        tg_merge::run(args, stdin().lock(), stdout().lock())
    })
}
