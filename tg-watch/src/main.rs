//! The program `tg-watch`; see [`tg_watch::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tg_stage::main("tg-watch", tg_watch::run)
}
