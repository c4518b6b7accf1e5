//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Bring the runs of several places into one results directory
///
/// For rows that were run on several machines. The tool reads everything before it copies anything. If some runs do not
/// belong together it names them and does nothing; otherwise the report over the merged runs is the same as over runs of
/// one machine. Nothing is overwritten: a run that ended takes the place of one that did not, and attempts that are not
/// taken are kept beside it as RUN.tryN. Runs that are there already are left alone, so the same command may be repeated.
#[derive(Debug, Clone, Default, Parser)]
#[command(version, after_help = AFTER)]
pub struct Args {
    /// The experiment's directory that receives the runs; created if it does not exist
    #[arg(value_name = "INTO")]
    pub into: PathBuf,
    /// The experiment's directories at other places, or single runs
    #[arg(value_name = "FROM", required = true)]
    pub from: Vec<PathBuf>,
    /// If a run was run at several places, keep the first, and name it
    #[arg(long)]
    pub keep_first: bool,
    /// Only rows that this file lists, with the inputs in it: the output of tg-instantiate --due
    ///
    /// Runs of other places with other inputs are named and stay where they are; runs in INTO of a listed row with other
    /// inputs are kept as RUN.tryN.
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
    /// Let places differ in these inputs, such as host; may be repeated
    #[arg(long, value_name = "INPUT,...", value_delimiter = ',')]
    pub allow: Vec<String>,
}

const AFTER: &str = "\
Refused: a run that two places have with different inputs, or (without --keep-first) with the same
  inputs and different snapshots; runs of one arm that differ in an input other than the seed;
  places that differ in an input that is to be constant; a snapshot that is missing, or not the one
  that its record names; a run that is not over; runs of another experiment

Reads: RUN/ of all places, earlier attempts as well; with --rows, the file
Writes: INTO/RUN/, each at once or not at all; a line on stderr for each action

Exit status: 0 all done; 1 the runs do not belong together, and nothing was done; 2 the command line
  was wrong; 4 a file failed, or another process makes runs in INTO

Examples:
  tg-merge results/push-vs-pull alpha/results/push-vs-pull beta/results/push-vs-pull
  tg-merge --keep-first results/scaling /mnt/*/results/scaling
  tg-instantiate --due my.yaml >rows; tg-merge --rows rows results/my alpha/results/my
  tg-metrics results/push-vs-pull | tg-report";
