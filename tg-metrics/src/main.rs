//! `tg-metrics` as a program; what it does is in [`tg_metrics::run`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tg_metrics::Args::parse();
    tg_stage::main("tg-metrics", || {
        if args.paths.is_empty() {
            tg_stage::standard_input("tg-metrics results/push-vs-pull")?;
        }
        tg_metrics::run(&args, std::io::stdin().lock(), std::io::stdout().lock())
    })
}
