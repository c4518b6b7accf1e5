//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Write a run's database as one snapshot file: every table, without loss
///
/// The database is only read, in one transaction, also while agents are working on it. The same database gives the same
/// bytes, and a snapshot that exists already with these bytes is left untouched. `tg-metrics` needs nothing else, and any
/// snapshot is a template.
#[derive(Debug, Clone, Default, Parser)]
#[command(version, after_help = after_help())]
pub struct Args {
    /// Snapshot to write, gzip if it ends in .gz; {run} stands for the run's id [default: snapshot.json.gz in the
    /// run's directory]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Export this database, or copy this snapshot, without reading records; needs --out, where `-` is stdout
    #[arg(long, value_name = "FILE", requires = "out")]
    pub db: Option<PathBuf>,

    /// Write rows in the form that the host's own `import` reads, whatever version wrote them
    #[arg(long, requires = "out")]
    pub for_import: bool,
}

fn after_help() -> String {
    format!(
        "\
Reads: run records, JSON Lines; the databases named by their \"instantiate\", read-only
Writes: a snapshot per run, and the records with \"export\": {{path, sha256, bytes}}
{}
Examples:
  tg-instantiate push-vs-pull.yaml | tg-launch | tg-wait | tg-export | tg-metrics
  tg-export --out 'snapshots/{{run}}.json' < runs.jsonl
  tg-export --db task-graph/tasks.db --out tasks.json.gz
  tg-export --db task-graph/tasks.db --out - | jq '.tables.tasks | length'
  tg-export --db old-export.json.gz --for-import --out new.json && task-graph-mcp --database new.db import new.json",
        tg_stage::EXIT_STATUS
    )
}
