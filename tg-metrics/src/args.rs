//! The command line.

use crate::custom_metric::Selection;
use crate::filters::Limits;
use crate::metric_table::{METRICS, Metric};
use crate::options::Options;
use crate::per::Per;
use crate::scope::Scope;
use crate::size;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;
use tg_stage::metric::{self, stem};
use tg_stage::{CustomMetric, Error, Result, Trim, filter, time};

/// The tool's name in messages.
pub const TOOL: &str = "tg-metrics";

const TRIMMING: &str = "Leaving tasks out (instead of the manifest's warmup)";

const CUSTOM: &str = "Custom metrics";

/// Compute the metrics of each run from its snapshot
///
/// A snapshot holds its whole run, so results can be measured again years later, on another machine. An unknown value is
/// null, never 0, and "warnings" says why.
#[derive(Debug, Clone, Default, Parser)]
#[command(version, after_help = after_help())]
pub struct Args {
    /// Snapshots, plain or gzip, databases, or directories of runs; none: records on stdin
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Compute only these metrics, in this order; may be repeated
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Tasks that count: `work`, that is without containers on which no worker worked, or `all`
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

    /// Leave out tasks started within TIME of the run's begin, such as 5m
    #[arg(long, value_name = "TIME", value_parser = time::duration, help_heading = TRIMMING)]
    pub trim_start: Option<Duration>,

    /// Leave out tasks that ended within TIME of the run's end
    #[arg(long, value_name = "TIME", value_parser = time::duration, help_heading = TRIMMING)]
    pub trim_end: Option<Duration>,

    /// Also compute a custom metric: a jq filter over the snapshot; may be repeated
    #[arg(long, value_name = "NAME=JQ", help_heading = CUSTOM)]
    pub metric: Vec<String>,

    /// Time limit of a filter [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = time::duration, help_heading = CUSTOM)]
    pub jq_timeout: Option<Duration>,

    /// Memory limit of a filter, beyond the memory of the snapshot [default: 1GiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse, help_heading = CUSTOM)]
    pub jq_memory: Option<u64>,

    /// Compute all recorded values of the runs in PATH again, and list differences
    #[arg(long, alias = "verify", requires = "paths", conflicts_with_all = ["only", "scope", "per", "metric"])]
    pub recheck: bool,

    /// List all metrics with their units and their better direction
    #[arg(long)]
    pub list: bool,
}

/// A table of all metrics with their units and their better direction.
pub fn list() -> String {
    let row = |(name, ..): &Metric| {
        let kind = metric::kind(name);
        let line = format!("{name:<28}{:<7}{}", kind.unit.name(), kind.better.name());
        line.trim_end().to_string() + "\n"
    };
    METRICS.iter().map(row).collect()
}

impl Args {
    /// The request: all built-in metrics by default. A name that is not built in may be the manifest's.
    pub fn options(&self) -> Result<Options> {
        let named = |metric: &&Metric, name: &str| metric.0 == name || stem(metric.0) == name;
        let built_in = |name: &String| METRICS.iter().find(|metric| named(metric, name));
        let known = |name: &String| built_in(name).map_or_else(|| name.clone(), |row| row.0.into());
        let mut custom: Vec<CustomMetric> = Vec::new();
        for typed in &self.metric {
            let metric = custom_metric(typed)?;
            if custom.iter().any(|other| other.name == metric.name) {
                let subject = format!("--metric {}", metric.name);
                return Err(Error::usage(subject, "is defined twice"));
            }
            custom.push(metric);
        }
        let default = Limits::default();
        Ok(Options {
            selection: Selection {
                only: self.only.iter().map(known).collect(),
                built_in: if self.only.is_empty() {
                    METRICS.iter().collect()
                } else {
                    self.only.iter().filter_map(built_in).collect()
                },
                custom,
                limits: Limits {
                    time: self.jq_timeout.unwrap_or(default.time),
                    memory: self.jq_memory.unwrap_or(default.memory),
                },
            },
            scope: self.scope,
            trim: Some(self.trim()).filter(|trim| !trim.is_empty()),
            per: self.per.clone(),
        })
    }

    fn trim(&self) -> Trim {
        let ms = |time: Option<Duration>| time.map(|time| time.as_millis() as u64);
        Trim {
            exclude_tags: self.exclude_tag.clone(),
            skip_first: self.skip_first,
            skip_last: self.skip_last,
            start_ms: ms(self.trim_start),
            end_ms: ms(self.trim_end),
        }
    }
}

/// The metric defined by `name=filter`.
fn custom_metric(typed: &str) -> Result<CustomMetric> {
    let Some((name, jq)) = typed.split_once('=') else {
        let error = Error::usage(format!("--metric {typed}"), "defines no filter");
        return Err(error.hint(format!(
            "--metric {typed}='.tables.tasks | length', or --only {typed}"
        )));
    };
    let metric = CustomMetric {
        name: name.into(),
        jq: jq.into(),
        ..CustomMetric::default()
    };
    let fault = metric
        .fault()
        .map_or_else(|| filter::check(jq).map_err(|fault| fault.to_string()), Err);
    fault.map_err(|why| Error::usage(format!("--metric {name}"), why))?;
    Ok(metric)
}

fn after_help() -> String {
    format!(
        "\
Reads: run records, JSON Lines, and the snapshots named by their \"export\"; or the PATHs:
  snapshots by tg-export or by any version of the host, its databases, directories with a
  snapshot.json.gz or with runs that have one (earlier attempts, .tryN, are left out)
Writes: a record per run with \"metrics\": {{NAME: number or null, cost_source, warnings}};
  with --recheck, differences on stderr; if there are any, the exit status is 1
Custom metrics: those of the manifest (metrics: [{{name, unit, better, jq}}]) and of --metric. A filter
  computes one number or null from the whole snapshot, `.`; $metrics holds the built-in metrics, $run
  the run. No environment, files or clock: the same snapshot gives the same number. A filter that
  fails or exceeds a limit gives null and a warning; the other metrics are computed all the same
{}
Examples:
  tg-instantiate push-vs-pull.yaml | tg-launch | tg-wait | tg-export | tg-metrics | tg-report
  tg-metrics results/push-vs-pull | tg-report
  tg-metrics --only wall_clock_time_ms,total_cost_usd results/push-vs-pull/swarm-r1 | jq .metrics
  tg-metrics --per task results/push-vs-pull | jq -c 'select(.type == \"task\" and .redone)'
  tg-metrics --recheck results/push-vs-pull | tg-report --held
  tg-metrics --exclude-tag warmup --skip-last 1 task-graph/tasks.db
  tg-metrics --metric usd_per_task='$metrics.total_cost_usd / (.tables.tasks | length)' snapshot.json.gz
  task-graph-mcp export -o tasks.json && tg-metrics tasks.json",
        tg_stage::EXIT_STATUS
    )
}
