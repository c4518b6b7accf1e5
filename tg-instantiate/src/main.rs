//! `tg-instantiate` as a program; what it does is in [`tg_instantiate::run`].

use std::io::{stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-instantiate", |args: &tg_instantiate::Args| {
        tg_instantiate::run(args, stdin().lock(), stdout().lock())
    })
}
