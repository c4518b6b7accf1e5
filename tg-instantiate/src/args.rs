//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Make the databases of an experiment's runs
///
/// With a manifest: one run record a line on stdout for each row of its matrix, each with a database of its own under
/// the results directory. Rows that were run already with the same inputs are not made again; their record is passed
/// on as it is, and the stages that follow leave them alone. Earlier attempts are kept as RUN.try1, RUN.try2, ...
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
pub struct Args {
    /// The experiment's manifest (YAML)
    pub manifest: Option<PathBuf>,
    /// Only these rows, by number in --plan or by run id
    #[arg(long, value_name = "N|RUN", conflicts_with = "template")]
    pub row: Vec<String>,
    /// Only the rows of these arms
    #[arg(long, value_name = "NAME", conflicts_with = "template")]
    pub arm: Vec<String>,
    /// Print the rows and what would be done, and touch nothing
    #[arg(long, conflicts_with = "template")]
    pub plan: bool,
    /// Say for each row whether it is done, for a script that hands rows to an engine, and touch nothing
    #[arg(long, conflicts_with_all = ["template", "plan"])]
    pub due: bool,
    /// With --due, how often the machinery may fail on a row before it is given up [default: the manifest's retries and one, else 3]
    #[arg(long, value_name = "N", env = "TG_MAX_TRIES", hide_env_values = true)]
    pub tries: Option<u32>,
    /// Write a commented manifest to MANIFEST, or to stdout
    #[arg(long, conflicts_with_all = ["template", "plan", "row", "arm"])]
    pub init: bool,
    /// Prove that all a run needs is there, say what it may take and cost, and touch nothing
    #[arg(long, conflicts_with_all = ["template", "plan", "init"])]
    pub check: bool,
    /// With --check: only what failed, on stderr
    #[arg(short, long, requires = "check")]
    pub quiet: bool,
    /// With --check --quiet: the rows as records that nobody ran, for tg-report --check-args
    #[arg(long, requires = "quiet", hide = true)]
    pub planned: bool,
    /// With --check: the file that tg-launch is to take credentials from; only their names are looked at
    #[arg(long, value_name = "FILE", requires = "check")]
    pub secrets: Option<PathBuf>,
    /// Say on stderr for each row why it is run or not, with the inputs that changed
    #[arg(long, conflicts_with = "template")]
    pub explain: bool,
    /// Run only what is not done (this is what happens anyway)
    #[arg(long, conflicts_with_all = ["template", "again"])]
    pub resume: bool,
    /// Run every chosen row again, also those that are done
    #[arg(long, conflicts_with = "template")]
    pub again: bool,
    /// Only rows that the machinery failed, while the manifest's `retries` last
    #[arg(long, conflicts_with_all = ["template", "again", "check"])]
    pub retry: bool,
    /// Put all rows into one database, told apart by their tag run:ARM-K; all are made before the first record is printed
    #[arg(long, conflicts_with = "template")]
    pub shared_db: bool,
    /// Where runs keep their directories
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub results: PathBuf,
    /// Without a manifest: the template to copy
    #[arg(
        long,
        value_name = "FILE",
        requires = "db",
        conflicts_with = "manifest"
    )]
    pub template: Option<PathBuf>,
    /// The database to copy it into; made if it is not there
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
}

const AFTER: &str = "\
Reads: the manifest, its templates and workflow files; stdin is not read
Writes: RESULTS/EXPERIMENT/RUN/{run.json,manifest.yaml,tasks.db,host/}, RESULTS/EXPERIMENT/rows.json;
  run records on stdout

A row is run if it is new, if one of its inputs changed (--explain names it), if it was interrupted or
cancelled, or if the machinery failed (infra, never_connected, a stage's error). Rows go block by
block, replicate k of every arm, in an order drawn with the manifest's seed (`order: fixed`: as the
manifest has them; `order: {seed: N}`: drawn with another).

--due prints a line a row, tab-separated: number, run id, agents, state, tries, inputs, directory, why.
  States: done, due, running, held (for lack of budget), failed (trying again will not help)

Exit status: 0 all done; 1 with --retry, a row failed more often than `retries` allows; 2 the command
  line, the manifest or a template was wrong; 4 a file, a database or the host failed, or nobody read the records;
  with --due: 0 all rows are done; 75 some are due or running; 1 none is, and some failed or are held

Examples:
  tg-instantiate --plan experiments/push-vs-pull.yaml
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch | tg-wait | tg-export > runs.jsonl
  tg-instantiate --check experiments/push-vs-pull.yaml
  tg-instantiate --due --row push-r2 experiments/push-vs-pull.yaml
  tg-instantiate --arm push --row 2 experiments/push-vs-pull.yaml
  tg-instantiate --template templates/tiny-feature.json --db tasks.db --tag exp:try";
