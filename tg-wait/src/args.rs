//! The command line.

use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;
use tg_stage::time::duration;

/// Wait until runs are over, and say how they ended
///
/// A run is over when all its tasks are: at once if all succeeded; if some failed, when no agent is left or nothing
/// has changed for --settle. Otherwise a limit ends it. Several runs are waited for at once; each record goes out when
/// its run is over. On a terminal, stderr shows a line an arm and a line a run: tasks over, agents ([#-!] works, is idle,
/// is silent), time, cost.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
pub struct Args {
    /// Give up this long after the launch [default: the manifest's, else 1h]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Give up when nothing has changed and no agent called the host for this long [default: the manifest's, else 5m]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub stall: Option<Duration>,
    /// With failed tasks, how long nothing must change before that is the end
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub settle: Duration,
    /// How long to wait, after the end, for others to close the database
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub linger: Duration,
    /// How long the manifest's verify command may take
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub verify: Duration,
    /// Wait for nothing: say how the runs in this directory stand, whoever runs them
    #[arg(long, value_name = "RESULTS", conflicts_with = "db")]
    pub once: Option<PathBuf>,
    /// Wait for this database instead of records, and print one record
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Say on stderr of each run that is over how it ended
    #[arg(short, long)]
    pub verbose: bool,
    /// Only look at the arguments, before a script begins what leads to here
    #[arg(long, hide = true)]
    pub check_args: bool,
}

const AFTER: &str = "\
Outcomes: completed, failed_tasks, timeout, stalled (no state change, tool call or heartbeat), budget,
  agents_gone (all exited, tasks open), never_connected, cancelled (SIGINT, SIGTERM), infra (the
  launcher was killed); what each was told from is in `wait.why`

Reads: run records with a `launch` on stdin (by hand: tg-launch --manual); their databases,
  read-only; spent.json of the run and, where the experiment has a budget, of its other runs; with
  --once only the run directories
Writes: `wait` into the records; RUN/end.json; RUN/logs/verify.log; at the end, when nobody else
  has it open, the experiment tables of the database; with --once nothing but a table on a
  terminal, or a JSON line a run in a pipe (docs/watch.md)

Exit status: 0 all runs were waited for, whatever their outcome; 1 some could not be; 2 the command
  line was wrong; 3 the input was not a record; 4 a file, a database or the host failed

Examples:
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch | tg-wait | tg-export > runs.jsonl
  jq -c 'del(.wait,.export,.metrics)' results/smoke/swarm-r1/run.json | tg-wait --timeout 10m
  tg-wait --db tasks.db --stall 10m
  tg-wait --once results/push-vs-pull | jq -c '{run, phase, outcome}'";
