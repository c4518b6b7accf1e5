//! The command line.
//!
//! The one thing here that is not a flag is the width of the text output: `--width`, else the terminal's, else 100.

use clap::{Parser, ValueEnum};
use std::io::{IsTerminal, stdout};
use std::path::PathBuf;

/// Columns of text output where there is no terminal to ask.
const WIDTH: usize = 100;

/// Compare runs: a row per arm, a column per metric, and ratios to a baseline
///
/// An arm is one configuration of an experiment, a run one repetition of it. The cells are mean ± standard deviation
/// over an arm's runs; runs that did not complete are counted and named, never dropped silently.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = after_help())]
pub struct Args {
    /// Files of run records: run.json, or one record a line; `-` or none: stdin
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// What to print [default: by the name of --out, else text]
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

    /// Columns of the text output [default: the terminal's, else 100]
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<usize>,
}

/// What can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for the terminal, in blocks that fit its width
    Text,
    /// The same as one Markdown table
    Markdown,
    /// One row per arm and metric: n, mean, sd, min, median, max
    Csv,
    /// One row per run, every metric a column, as CSV
    Tidy,
    /// Everything, at full precision
    Json,
}

/// Which format a file name asks for by its ending.
const ENDINGS: [(&str, Format); 4] = [
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("csv", Format::Csv),
    ("json", Format::Json),
];

impl Format {
    /// Whether all metrics are wanted and in the records' own units, not those a person looks at.
    pub fn is_for_machines(self) -> bool {
        matches!(self, Self::Csv | Self::Tidy | Self::Json)
    }

    /// Whether warnings are part of the report; else they go to stderr.
    pub fn has_room_for_warnings(self) -> bool {
        !matches!(self, Self::Csv | Self::Tidy)
    }
}

impl Args {
    /// The format asked for, by `--format` or by the ending of `--out`.
    pub fn format(&self) -> Format {
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

    /// Columns to fill with text.
    pub fn width(&self) -> usize {
        let terminal = || {
            let size = rustix::termios::tcgetwinsize(stdout()).ok()?;
            Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
        };
        let to_terminal = self.out.is_none() && stdout().is_terminal();
        self.width
            .or_else(|| to_terminal.then(terminal).flatten())
            .unwrap_or(WIDTH)
    }
}

fn after_help() -> String {
    format!(
        "\
Reads: run records that passed through tg-metrics, JSON Lines
Writes: one report, to stdout or --out; bad lines and CSV's warnings to stderr
{}
  tg-report exits 0 once it has reported, also when runs failed
Examples:
  tg-report results/push-vs-pull/*/run.json
  tg-metrics results/*/*/snapshot.json.gz | tg-report --out report.md
  tg-report --baseline solo --metric wall_clock_time,tokens_total runs.jsonl
  tg-report --format tidy runs.jsonl > runs.csv
  tg-report --format json runs.jsonl | jq '.arms[] | {{arm, ratios}}'",
        tg_stage::cli::EXIT_STATUS
    )
}
