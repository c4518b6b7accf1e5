//! The command line.
//!
//! The width of the text output is not only a flag: `--width`, else the terminal's, else 100.

use crate::data::Selection;
use crate::filter::Filter;
use crate::gate::{Asked, Condition};
use clap::{Parser, Subcommand, ValueEnum};
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use tg_stage::RunDir;

/// Columns of text output without a terminal.
const WIDTH: usize = 100;

const FILES: &str = "Files (several at once; stdout gets --format all the same)";
const GATE: &str = "Gate (exit status 1, with the reason on stderr)";

/// Compare runs: differences between arms, and the limits of the data
///
/// An arm is one configuration of an experiment, a run one repetition of it. The cells are mean ± standard deviation
/// over an arm's runs; runs that did not complete are counted and named, never dropped silently. The verdict rests on
/// one metric, the primary one; the others are explored.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = after_help(), args_conflicts_with_subcommands = true)]
pub struct Args {
    /// A verb in place of a report
    #[command(subcommand)]
    pub verb: Option<Verb>,

    /// Files of run records: the record of a run directory, or one record a line; `-` or none: stdin
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Output format [default: by the name of --out, else text]
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Compare with this arm [default: the manifest's, else solo, else the first]
    #[arg(long, value_name = "ARM")]
    pub baseline: Option<String>,

    /// Show this metric; may be repeated, or a list a,b [default: the manifest's, else eight]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub metric: Vec<String>,

    /// Rest the verdict on this metric [default: the manifest's, else the first shown]
    #[arg(long, value_name = "NAME")]
    pub primary: Option<String>,

    /// Compare by these keys of `run` instead of arms: workflow, agents, template, model ...
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub by: Vec<String>,

    /// Compare only runs for which this jq filter over the record is true: '.run.agents > 1'
    #[arg(long = "where", value_name = "JQ")]
    pub filter: Option<String>,

    /// Print only the keys that should be constant and vary, with the runs; exit 1 if there are any
    #[arg(long)]
    pub held: bool,

    /// Columns of the text output [default: the terminal's, else 100]
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<usize>,

    /// Markdown, one table
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub markdown: Option<PathBuf>,

    /// One self-contained HTML page, with figures
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub html: Option<PathBuf>,

    /// CSV, a row per arm and metric
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub csv: Option<PathBuf>,

    /// CSV, a row per run
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub tidy: Option<PathBuf>,

    /// JSON, everything
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub json: Option<PathBuf>,

    /// Fail if an arm's whole 95 % interval is past this, `METRIC: worse > 10%`; may be repeated
    #[arg(long, value_name = "CONDITION", help_heading = GATE)]
    pub fail_if: Vec<Condition>,

    /// Judge --fail-if by the estimate, not by its interval
    #[arg(long, help_heading = GATE, requires = "fail_if")]
    pub point: bool,

    /// Only check the arguments, with the planned rows of `tg-instantiate MANIFEST -- tg-report --check-args` on stdin
    #[arg(long, hide = true)]
    pub check_args: bool,

    /// Accept an input without records: an earlier stage has reported the reason
    #[arg(long, hide = true)]
    pub or_nothing: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Verb {
    /// Print the number of runs that would find a ratio, from the spread of a pilot
    Power {
        /// The ratio to find, or its inverse
        #[arg(long, value_parser = ratio)]
        ratio: f64,

        /// On this metric [default: the manifest's primary one, else the first shown]
        #[arg(long, value_name = "NAME")]
        metric: Option<String>,

        /// Files of run records; `-` or none: stdin
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// A ratio above 1, or the inverse of one below.
fn ratio(text: &str) -> Result<f64, String> {
    let ratio: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let above = if ratio < 1.0 { 1.0 / ratio } else { ratio };
    if above > 1.0 && above.is_finite() {
        Ok(above)
    } else {
        Err("must be positive and not 1".to_owned())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for the terminal, in blocks that fit its width
    Text,
    /// The same as Markdown tables
    Markdown,
    /// One self-contained page, with figures
    Html,
    /// One row per arm and metric: n, mean, interval, difference, p ...
    Csv,
    /// One row per run, every metric a column, as CSV
    Tidy,
    /// Everything, at full precision
    Json,
}

/// The format of a file name's ending.
const ENDINGS: [(&str, Format); 5] = [
    ("html", Format::Html),
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("csv", Format::Csv),
    ("json", Format::Json),
];

impl Format {
    /// True if warnings are part of the report; else they go to stderr.
    pub fn has_room_for_warnings(self) -> bool {
        !matches!(self, Self::Csv | Self::Tidy)
    }
}

impl Args {
    /// The format of stdout or `--out`.
    pub(crate) fn format(&self) -> Format {
        let ending = self
            .out
            .as_deref()
            .and_then(|path| path.extension()?.to_str());
        let by_name = ENDINGS
            .iter()
            .find(|entry| Some(entry.0) == ending)
            .map(|entry| entry.1);
        self.format.or(by_name).unwrap_or(Format::Text)
    }

    /// The files to write, each with its format.
    pub(crate) fn files_to_write(&self) -> Vec<(&Path, Format)> {
        let files = [
            (&self.out, self.format()),
            (&self.markdown, Format::Markdown),
            (&self.html, Format::Html),
            (&self.csv, Format::Csv),
            (&self.tidy, Format::Tidy),
            (&self.json, Format::Json),
        ];
        let named = files.into_iter();
        named
            .filter_map(|(path, format)| Some((path.as_deref()?, format)))
            .collect()
    }

    pub(crate) fn selection(&self) -> tg_stage::Result<Selection> {
        Ok(Selection {
            by: self.by.clone(),
            filter: self.filter.as_deref().map(Filter::new).transpose()?,
        })
    }

    pub(crate) fn asked(&self) -> Asked {
        Asked {
            baseline: self.baseline.clone(),
            by: self.by.clone(),
            fail_if: self.fail_if.clone(),
            point: self.point,
        }
    }

    pub(crate) fn width(&self) -> usize {
        let terminal = || {
            let size = rustix::termios::tcgetwinsize(stdout()).ok()?;
            Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
        };
        let to_terminal = self.out.is_none() && stdout().is_terminal();
        self.width
            .or_else(|| to_terminal.then(terminal).flatten())
            .unwrap_or(WIDTH)
    }

    /// True if text on stdout is coloured: on a terminal, unless `NO_COLOR` is set and not empty.
    pub(crate) fn is_coloured() -> bool {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        stdout().is_terminal() && !forbidden
    }
}

fn after_help() -> String {
    format!(
        "\
Reads: run records that passed through tg-metrics, JSON Lines; with --per agent,task also these
Writes: one report, to stdout or --out, and the files asked for; bad lines and CSV's warnings to stderr
{}
  tg-report exits 0 once it has reported, also when runs failed; its 1 is that of --fail-if and --held
Examples:
  tg-report {}
  tg-metrics --per agent,task results/push-vs-pull | tg-report --markdown report.md --json report.json
  tg-report --baseline solo --metric wall_clock_time,tokens_total runs.jsonl
  tg-report --by workflow,agents --primary tasks_per_hour runs.jsonl
  tg-report --where '.run.agents > 1 and .wait.outcome == \"completed\"' runs.jsonl
  tg-report --fail-if 'wall_clock_time_ms: worse > 10%' runs.jsonl
  tg-report power --ratio 1.2 pilot.jsonl
  tg-report --format json runs.jsonl | jq '.arms[] | {{arm, ratios}}'",
        tg_stage::EXIT_STATUS,
        RunDir::new("results/push-vs-pull/*").record().display()
    )
}
