//! The command line.

use crate::table;
use clap::Parser;
use std::path::PathBuf;
use tg_stage::{Error, Result};

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

fn named(name: &str) -> Result<&'static table::Metric> {
    table::METRICS
        .iter()
        .find(|metric| metric.0 == name)
        .ok_or_else(|| {
            let nearest = table::METRICS
                .iter()
                .min_by_key(|metric| (!metric.0.contains(name), edits(metric.0, name)));
            let error = Error::usage(format!("--only {name}"), "no such metric");
            nearest.map_or(error.clone(), |nearest| {
                error.hint(format!("--only {}", nearest.0))
            })
        })
}

/// Insertions, deletions and exchanges of a letter that lead from one name to the other.
fn edits(from: &str, to: &str) -> usize {
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.bytes().enumerate() {
        let mut diagonal = row;
        costs[0] = row + 1;
        for (column, b) in to.bytes().enumerate() {
            let exchanged = diagonal + usize::from(a != b);
            diagonal = costs[column + 1];
            costs[column + 1] = exchanged.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[to.len()]
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
