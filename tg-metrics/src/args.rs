//! The command line.

use crate::how::How;
use crate::per::Per;
use crate::scope::Scope;
use crate::table;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;
use tg_stage::metric::{self, stem};
use tg_stage::{Error, Result, Trim, nearest, time};

/// The heading of the options that leave tasks out.
const TRIMMING: &str = "Leaving tasks out (instead of the manifest's warmup)";

/// Compute the metrics of each run from its snapshot
///
/// A snapshot tells its whole run, so results can be measured again years later, on another machine. A value that is not
/// known is null, never 0, and "warnings" says why.
#[derive(Debug, Clone, Default, Parser)]
#[command(version, after_help = after_help())]
pub struct Args {
    /// Snapshots, plain or gzip, databases, or directories of runs; none: records on stdin
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Compute only these metrics, in this order; may be repeated
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Which tasks count: `work`, that is without containers nobody worked on, or `all`
    #[arg(long, value_enum, default_value_t)]
    pub scope: Scope,

    /// Print, after each run, a record for each worker or task; may be repeated
    #[arg(
        long,
        value_name = "agent|task",
        value_enum,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub per: Vec<Per>,

    /// Leave out the tasks that have one of these tags
    #[arg(long, value_name = "TAG,...", value_delimiter = ',', help_heading = TRIMMING)]
    pub exclude_tag: Vec<String>,

    /// Leave out the N tasks that were started first
    #[arg(long, value_name = "N", default_value_t, hide_default_value = true, help_heading = TRIMMING)]
    pub skip_first: usize,

    /// Leave out the N tasks that ended last
    #[arg(long, value_name = "N", default_value_t, hide_default_value = true, help_heading = TRIMMING)]
    pub skip_last: usize,

    /// Leave out tasks that were started so early in the run, such as 5m
    #[arg(long, value_name = "TIME", value_parser = time::duration, help_heading = TRIMMING)]
    pub trim_start: Option<Duration>,

    /// Leave out tasks that ended so late in the run
    #[arg(long, value_name = "TIME", value_parser = time::duration, help_heading = TRIMMING)]
    pub trim_end: Option<Duration>,

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
    /// All that was asked for.
    pub fn how(&self) -> Result<How> {
        let ms = |time: Option<Duration>| time.map(|time| time.as_millis() as u64);
        let trim = Trim {
            exclude_tags: self.exclude_tag.clone(),
            skip_first: self.skip_first,
            skip_last: self.skip_last,
            start_ms: ms(self.trim_start),
            end_ms: ms(self.trim_end),
        };
        Ok(How {
            metrics: self.metrics()?,
            scope: self.scope,
            trim: Some(trim).filter(|trim| !trim.is_empty()),
            per: self.per.clone(),
        })
    }

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
  snapshots by tg-export or by any version of the host, its databases, directories with a
  snapshot.json.gz or with runs that have one (earlier attempts, .tryN, are left out)
Writes: a record per run with \"metrics\": {{NAME: number or null, cost_source, warnings}}
{}
Examples:
  tg-instantiate push-vs-pull.yaml | tg-launch | tg-wait | tg-export | tg-metrics | tg-report
  tg-metrics results/push-vs-pull | tg-report
  tg-metrics --only wall_clock_time_ms,total_cost_usd results/push-vs-pull/swarm-r1 | jq .metrics
  tg-metrics --per task results/push-vs-pull | jq -c 'select(.type == \"task\" and .redone)'
  tg-metrics --exclude-tag warmup --skip-last 1 task-graph/tasks.db",
        tg_stage::cli::EXIT_STATUS
    )
}
