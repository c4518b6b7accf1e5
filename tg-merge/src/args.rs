//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Bring the runs of several places into one results directory
///
/// For rows that were run on several machines. Everything is looked at before anything is copied, and runs that do not
/// belong together are named and nothing is done: the report over what is brought together is then the one over runs of
/// one machine. Nothing is ever overwritten: a run that ended takes the place of one that did not, and attempts that are
/// not taken are kept as RUN.try1, ... What is there already is left alone, so the same command may be repeated.
#[derive(Debug, Clone, Default, Parser)]
#[command(version, after_help = AFTER)]
pub struct Args {
    /// The experiment's directory that the runs are to be in; made if it is not there
    #[arg(value_name = "INTO")]
    pub into: PathBuf,
    /// The experiment's directories at other places, or single runs
    #[arg(value_name = "FROM", required = true)]
    pub from: Vec<PathBuf>,
    /// Of a run that was run at several places, keep the first, and name it
    #[arg(long)]
    pub keep_first: bool,
    /// Only rows that this file lists, with the inputs it says: what tg-instantiate --due printed
    ///
    /// What other places have of other inputs is named and stays where it is; what INTO has of a listed row with other
    /// inputs is kept as RUN.try1, ...
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
    /// Let places differ in these inputs, such as host; may be repeated
    #[arg(long, value_name = "INPUT,...", value_delimiter = ',')]
    pub allow: Vec<String>,
}

const AFTER: &str = "\
Refused: a run that two places have with different inputs, or (without --keep-first) with the same
  inputs and different snapshots; runs of one arm that differ in an input other than the seed;
  places that differ in an input that is to be constant; a snapshot that is not the one its record
  names, or is gone; a run that is not over; runs of another experiment

Reads: RUN/ of all places, earlier attempts as well; with --rows, the file
Writes: INTO/RUN/, each at once or not at all; on stderr, what was done

Exit status: 0 all done; 1 the runs do not belong together, and nothing was done; 2 the command line
  was wrong; 4 a file failed, or somebody makes runs in INTO

Examples:
  tg-merge results/push-vs-pull alpha/results/push-vs-pull beta/results/push-vs-pull
  tg-merge --keep-first results/scaling /mnt/*/results/scaling
  tg-instantiate --due my.yaml >rows; tg-merge --rows rows results/my alpha/results/my
  tg-metrics results/push-vs-pull | tg-report";
