//! `tg-export` as a program; what it does is in [`tg_export::run`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_export::Args::parse();
    tg_stage::main("tg-export", || {
        if args.db.is_none() {
            tg_stage::standard_input("tg-export < results/push-vs-pull/swarm-r1/run.json")?;
        }
        tg_export::run(&args, std::io::stdin().lock(), std::io::stdout().lock())
    })
}
