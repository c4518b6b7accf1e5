//! The command line.

use crate::filters::Limits;
use crate::how::How;
use crate::per::Per;
use crate::scope::Scope;
use crate::{size, table};
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;
use tg_stage::metric::{self, stem};
use tg_stage::{Error, OwnMetric, Result, Trim, filter, time};

/// The heading of the options that leave tasks out.
const TRIMMING: &str = "Leaving tasks out (instead of the manifest's warmup)";

/// The heading of the options about metrics of one's own.
const OWN: &str = "Metrics of your own";

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

    /// Compute a metric of your own, too: a jq filter over the snapshot; may be repeated
    #[arg(long, value_name = "NAME=JQ", help_heading = OWN)]
    pub metric: Vec<String>,

    /// Give a filter up after this long [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = time::duration, help_heading = OWN)]
    pub jq_timeout: Option<Duration>,

    /// The memory a filter may take beyond that of the snapshot [default: 1GiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse, help_heading = OWN)]
    pub jq_memory: Option<u64>,

    /// Compute everything recorded of the runs in PATH again, and name what differs
    #[arg(long, requires = "paths", conflicts_with_all = ["only", "scope", "per", "metric"])]
    pub verify: bool,

    /// Name every metric, with its unit and which way is better
    #[arg(long)]
    pub list: bool,
}

/// What is to be computed.
#[derive(Debug)]
pub struct Wanted {
    /// The metrics asked for, by their names in the records and in this order; none: all.
    pub only: Vec<String>,
    /// The built-in ones among them.
    pub built_in: Vec<&'static table::Metric>,
    /// Those of the user's own that the command line defines.
    pub own: Vec<OwnMetric>,
    /// What a filter may take.
    pub limits: Limits,
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
    /// All that was asked for: all built-in metrics by default. Names that are not built in may be the manifest's.
    pub fn how(&self) -> Result<How> {
        let named = |typed: &&table::Metric, name: &str| typed.0 == name || stem(typed.0) == name;
        let built_in = |name: &String| table::METRICS.iter().find(|metric| named(metric, name));
        let known = |name: &String| built_in(name).map_or_else(|| name.clone(), |row| row.0.into());
        let own: Vec<OwnMetric> = self
            .metric
            .iter()
            .map(|typed| own(typed))
            .collect::<Result<_>>()?;
        let twice = |(at, metric): &(usize, &OwnMetric)| {
            own[..*at].iter().any(|other| other.name == metric.name)
        };
        if let Some((_, metric)) = own.iter().enumerate().find(twice) {
            return Err(Error::usage(
                format!("--metric {}", metric.name),
                "is defined twice",
            ));
        }
        let default = Limits::default();
        Ok(How {
            only: self.only.iter().map(known).collect(),
            metrics: if self.only.is_empty() {
                table::METRICS.iter().collect()
            } else {
                self.only.iter().filter_map(built_in).collect()
            },
            own,
            limits: Limits {
                time: self.jq_timeout.unwrap_or(default.time),
                memory: self.jq_memory.unwrap_or(default.memory),
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
fn own(typed: &str) -> Result<OwnMetric> {
    let Some((name, jq)) = typed.split_once('=') else {
        let error = Error::usage(format!("--metric {typed}"), "defines no filter");
        return Err(error.hint(format!(
            "--metric {typed}='.tables.tasks | length', or --only {typed}"
        )));
    };
    let own = OwnMetric {
        name: name.into(),
        jq: jq.into(),
        ..OwnMetric::default()
    };
    let wrong = |why: String| Error::usage(format!("--metric {name}"), why);
    match own.fault() {
        Some(fault) => Err(wrong(fault)),
        None => filter::check(jq)
            .map_err(|fault| wrong(fault.to_string()))
            .map(|()| own),
    }
}

fn after_help() -> String {
    format!(
        "\
Reads: run records, JSON Lines, and the snapshots named by their \"export\"; or the PATHs:
  snapshots by tg-export or by any version of the host, its databases, directories with a
  snapshot.json.gz or with runs that have one (earlier attempts, .tryN, are left out)
Writes: a record per run with \"metrics\": {{NAME: number or null, cost_source, warnings}};
  with --verify, what differs on stderr, and then the exit status is 1
Own metrics: those of the manifest (metrics: [{{name, unit, better, jq}}]) and of --metric. A filter
  makes one number or null of the whole snapshot, `.`; $metrics holds the built-in metrics, $run the
  run. No environment, files or clock: the same snapshot gives the same number. A filter that fails
  or passes a limit gives null and a warning, and the other metrics are computed all the same
{}
Examples:
  tg-instantiate push-vs-pull.yaml | tg-launch | tg-wait | tg-export | tg-metrics | tg-report
  tg-metrics results/push-vs-pull | tg-report
  tg-metrics --only wall_clock_time_ms,total_cost_usd results/push-vs-pull/swarm-r1 | jq .metrics
  tg-metrics --per task results/push-vs-pull | jq -c 'select(.type == \"task\" and .redone)'
  tg-metrics --verify results/push-vs-pull | tg-report --held
  tg-metrics --exclude-tag warmup --skip-last 1 task-graph/tasks.db
  tg-metrics --metric usd_per_task='$metrics.total_cost_usd / (.tables.tasks | length)' run.json.gz
  task-graph-mcp export -o tasks.json && tg-metrics tasks.json",
        tg_stage::cli::EXIT_STATUS
    )
}
