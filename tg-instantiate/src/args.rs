//! The command line.

use clap::{ArgGroup, Parser};
use std::path::PathBuf;

/// The arguments that need a manifest, and so contradict `--template`.
#[rustfmt::skip]
const OF_MANIFEST: [&str; 13] = [
    "manifest", "row", "arm", "plan", "due", "init", "check", "explain", "resume", "again", "retry", "shared_db", "preflight",
];

/// Make the databases of an experiment's runs
///
/// With a manifest: prints one run record a line for each row of its matrix, and makes a database for each under the
/// results directory. Rows that were run already with the same inputs are not made again; their record is passed on
/// unchanged, and the stages that follow leave them alone. Earlier attempts are kept beside the run.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
#[command(group(ArgGroup::new("checks").args(["check", "preflight"]).multiple(true)))]
pub struct Args {
    /// The experiment's manifest (YAML)
    pub manifest: Option<PathBuf>,
    /// Only these rows, by number in --plan or by run id
    #[arg(long, value_name = "N|RUN")]
    pub row: Vec<String>,
    /// Only the rows of these arms
    #[arg(long, value_name = "NAME")]
    pub arm: Vec<String>,
    /// Print the rows and their state, and change nothing
    #[arg(long)]
    pub plan: bool,
    /// Print for each row if it is done, for a script that passes rows to a scheduler, and change nothing
    #[arg(long, conflicts_with = "plan")]
    pub due: bool,
    /// With --due: failures of the machinery after which a row is given up [default: one more than the manifest's retries, else 3]
    #[arg(long, value_name = "N", env = "TG_MAX_TRIES", hide_env_values = true)]
    pub tries: Option<u32>,
    /// Write a commented manifest to MANIFEST, or to stdout
    #[arg(long, conflicts_with_all = ["plan", "row", "arm"])]
    pub init: bool,
    /// Check everything that a run needs, print the expected time and cost, and change nothing
    #[arg(long, conflicts_with_all = ["plan", "init"])]
    pub check: bool,
    /// With --check: print failures only, on stderr
    #[arg(short, long, requires = "check")]
    pub quiet: bool,
    /// With checks: the file from which tg-launch will read credentials; only their names are checked
    #[arg(long, value_name = "FILE", requires = "checks")]
    pub secrets: Option<PathBuf>,
    /// Print on stderr for each row the reason why it is run or not, with the inputs that changed
    #[arg(long)]
    pub explain: bool,
    /// Run only rows that are not done, which is the default
    #[arg(long, hide = true, conflicts_with = "again")]
    pub resume: bool,
    /// Run every chosen row again, including those that are done
    #[arg(long)]
    pub again: bool,
    /// Only rows on which the machinery failed, up to the manifest's `retries`
    #[arg(long, conflicts_with_all = ["again", "check"])]
    pub retry: bool,
    /// Put all rows into one database, distinguished by their tag run:ARM-K; all are made before the first record is printed
    #[arg(long)]
    pub shared_db: bool,
    /// Directory of all experiments and their runs
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub results: PathBuf,
    /// Without a manifest: the template to copy
    #[arg(long, value_name = "FILE", requires = "db", conflicts_with_all = OF_MANIFEST)]
    pub template: Option<PathBuf>,
    /// The database to copy it into; created if it does not exist
    #[arg(long, value_name = "FILE", requires = "template")]
    pub db: Option<PathBuf>,
    /// Tag every task of the copy
    #[arg(long, value_name = "TAG", requires = "template")]
    pub tag: Vec<String>,
    /// Begin every title with this
    #[arg(long, value_name = "TEXT")]
    pub title_prefix: Option<String>,
    /// Put the copy under this task of the database
    #[arg(long, value_name = "ID", requires = "template")]
    pub parent: Option<String>,
    /// Check first, as --check does; run this command with the planned rows on its stdin; make nothing unless both succeed
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["plan", "due", "init"])]
    pub preflight: Vec<String>,
}

const AFTER: &str = "\
Reads: the manifest, its templates and workflow files; stdin is not read
Writes: RESULTS/EXPERIMENT/RUN/ with the run's record, manifest.yaml, tasks.db and host/;
  RESULTS/EXPERIMENT/rows.json; run records on stdout

A row is run if it is new, if one of its inputs changed (--explain names it), if it was interrupted or
cancelled, or if the machinery failed (infra, never_connected, a stage's error). Rows go block by
block, replicate k of every arm, in an order drawn with the manifest's seed (`order: fixed`: in the
manifest's order; `order: {seed: N}`: drawn with another seed).

--due prints one line for each row, tab-separated: number, run id, agents, state, tries, inputs, directory, why.
  States: done, due, running, held (for lack of budget), failed (trying again will not help)

Exit status: 0 all done; 1 with --retry, a row failed more often than `retries` allows; 2 the command
  line, the manifest or a template was wrong; 4 a file, a database or the host failed, or the records were not read;
  with --due: 0 all rows are done; 75 some are due or running; 1 none are, and some failed or are held

Examples:
  tg-instantiate --plan experiments/push-vs-pull.yaml
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch | tg-wait | tg-export > runs.jsonl
  tg-instantiate --check experiments/push-vs-pull.yaml
  tg-instantiate --due --row push-r2 experiments/push-vs-pull.yaml
  tg-instantiate --arm push --row 2 experiments/push-vs-pull.yaml
  tg-instantiate --template templates/tiny-feature.json --db tasks.db --tag exp:try";
