//! The command line.

use crate::table;
use clap::Parser;
use std::path::PathBuf;
use tg_stage::metric::{self, stem};
use tg_stage::{Error, Result, nearest};

/// Compute the metrics of each run from its snapshot
///
/// A snapshot tells its whole run, so results can be measured again years later, on another machine. A value that is not
/// known is null, never 0, and "warnings" says why.
#[derive(Debug, Clone, Default, Parser)]
#[command(version, after_help = after_help())]
pub struct Args {
    /// Snapshots, plain or gzip, or directories of runs; none: records on stdin
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Compute only these metrics, in this order; may be repeated
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Name every metric, with its unit and which way is better
    #[arg(long)]
    pub list: bool,
}

/// Every metric with its unit and which way is better, as a table.
pub fn list() -> String {
    let row = |metric: &table::Metric| {
        let kind = metric::kind(metric.0);
        let line = format!(
            "{:<28}{:<7}{}",
            metric.0,
            kind.unit.name(),
            kind.better.name()
        );
        line.trim_end().to_string() + "\n"
    };
    table::METRICS.iter().map(row).collect()
}

impl Args {
    /// The metrics asked for, all of them by default.
    pub fn metrics(&self) -> Result<Vec<&'static table::Metric>> {
        if self.only.is_empty() {
            return Ok(table::METRICS.iter().collect());
        }
        self.only.iter().map(|name| named(name)).collect()
    }
}

fn named(typed: &str) -> Result<&'static table::Metric> {
    let means = |metric: &&table::Metric| metric.0 == typed || stem(metric.0) == typed;
    table::METRICS.iter().find(means).ok_or_else(|| {
        let error = Error::usage(format!("--only {typed}"), "no such metric");
        match nearest(typed, table::METRICS.iter().map(|metric| metric.0)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("tg-metrics --list names them all"),
        }
    })
}

fn after_help() -> String {
    format!(
        "\
Reads: run records, JSON Lines, and the snapshots named by their \"export\"; or the PATHs:
  snapshots by tg-export or by any version of the host, directories with a
  snapshot.json.gz or with runs that have one (earlier attempts, .tryN, are left out)
Writes: a record per run with \"metrics\": {{NAME: number or null, cost_source, warnings}}
{}
Examples:
  tg-instantiate push-vs-pull.yaml | tg-launch | tg-wait | tg-export | tg-metrics | tg-report
  tg-metrics results/push-vs-pull | tg-report
  tg-metrics --only wall_clock_time_ms,total_cost_usd results/push-vs-pull/swarm-r1 | jq .metrics
  task-graph-mcp export -o tasks.json && tg-metrics tasks.json",
        tg_stage::cli::EXIT_STATUS
    )
}
