//! `tg-report` as a program; what it does is in [`tg_report::run`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_report::Args::parse();
    tg_stage::main("tg-report", || {
        if args.files.is_empty() {
            tg_stage::standard_input("tg-report results/*/*/run.json")?;
        }
        tg_report::run(&args, std::io::stdin().lock(), std::io::stdout().lock())
    })
}
