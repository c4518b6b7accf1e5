//! `tg-watch` as a program; what it does is in [`tg_watch::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-watch", tg_watch::run)
}
