//! The command line.

use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Show experiments in the browser while they run
///
/// Serves one page from a results directory and prints its address on stderr. The page follows the runs by itself; the
/// same data is available as JSON (docs/watch.md). Nothing is written, and no database is kept open. To open the page from
/// another machine, forward the port: `ssh -L 8080:127.0.0.1:8080 HOST`.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
pub struct Args {
    /// The directory of an experiment, or of several
    #[arg(value_name = "RESULTS")]
    pub results: PathBuf,
    /// Address to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

const AFTER: &str = "\
Reads: the run directories in RESULTS, their databases read-only while agents work, and report*.html
Writes: nothing; the page's address goes to stderr

Exit status: it runs until it is ended; 2 the command line was wrong; 4 it could not listen

Examples:
  tg-watch results/push-vs-pull
  tg-watch --listen 127.0.0.1:8080 results
  curl -s http://127.0.0.1:8080/api/state | jq '.runs[] | {run, phase, outcome}'";
