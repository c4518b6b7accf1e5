//! The command line.

use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;
use tg_stage::time::duration;

/// Wait until runs end, and record how they ended
///
/// A run ends when all its tasks end: at once if all succeeded; if some failed, when no agent is left or nothing has
/// changed for --settle. Otherwise a limit ends it. Several runs are waited for at once; each record is printed when
/// its run ends. On a terminal, stderr shows a line per arm and a line per run: tasks that ended, agents ([#-!]: working,
/// idle, silent), time, cost.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
pub struct Args {
    /// Give up this long after the launch [default: the manifest's, else 1h]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Give up when nothing has changed and no agent called the host for this long [default: the manifest's, else 5m]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub stall: Option<Duration>,
    /// With failed tasks: end the run when nothing has changed for this long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub settle: Duration,
    /// Longest wait, after the end, for other processes to close the database
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub linger: Duration,
    /// Longest run time of the manifest's grade command
    #[arg(long, alias = "verify", value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub grade_timeout: Duration,
    /// Do not wait: print the current state of the runs in this directory
    #[arg(long, value_name = "RESULTS", conflicts_with = "db")]
    pub once: Option<PathBuf>,
    /// Wait for this database instead of records, and print one record
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Print on stderr how each run ended
    #[arg(short, long)]
    pub verbose: bool,
}

const AFTER: &str = "\
Outcomes: completed, failed_tasks, timeout, stalled (no state change, tool call or heartbeat), budget,
  agents_gone (all exited, tasks open), never_connected, cancelled (SIGINT, SIGTERM), infra (the
  launcher was killed, a login or quota was refused, the disk is full); `wait.why` has the evidence

Reads: run records with a `launch` on stdin (by hand: tg-launch --manual); their databases,
  read-only; spent.json of the run and, where the experiment has a budget, of its other runs; with
  --once only the run directories
Writes: `wait` into the records; RUN/end.json; RUN/logs/verify.log; at the end, when no other process
  has it open, the experiment tables of the database; with --once nothing but a table on a
  terminal, or a JSON line per run in a pipe (docs/watch.md)

Exit status: 0 all runs were waited for, whatever their outcome; 1 some could not be; 2 the command
  line was wrong; 3 the input was not a record; 4 a file, a database or the host failed

Examples:
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch | tg-wait | tg-export > runs.jsonl
  jq -c 'del(.wait,.export,.metrics)' runs.jsonl | tg-wait --timeout 10m
  tg-wait --db tasks.db --stall 10m
  tg-wait --once results/push-vs-pull | jq -c '{run, phase, outcome}'";

#[cfg(test)]
mod tests {
    use super::*;
    use tg_stage::Outcome;

    #[test]
    fn the_help_names_every_outcome() {
        let (outcomes, _) = AFTER.split_once("Reads:").unwrap();
        for outcome in Outcome::ALL {
            assert!(outcomes.contains(outcome.name()), "{outcome}");
        }
    }

    #[test]
    fn the_old_name_of_grade_timeout_is_accepted() {
        let args = Args::parse_from(["tg-wait", "--verify", "5s"]);
        assert_eq!(args.grade_timeout, Duration::from_secs(5));
    }
}
