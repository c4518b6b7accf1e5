//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Play one agent, simulated: the host is real, the work is not
///
/// Connects to the host as any agent does, over MCP, and plays a role under the run's workflow. Instead of working it
/// sleeps; durations, redone work and failures are drawn from the seed and the template's task ids, so that every arm
/// gets the same tasks. Everything it writes says `simulated`.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
pub struct Args {
    /// MCP client configuration that describes the host's server
    #[arg(long, value_name = "FILE")]
    pub mcp_config: PathBuf,
    /// Worker id at the host
    #[arg(long, value_name = "ID")]
    pub worker: String,
    /// Role to play: coordinator (assigns every task), lead (gives each worker a part of the tree); any other works
    #[arg(long, value_name = "NAME", default_value = "worker")]
    pub role: String,
    /// Tags to connect with
    #[arg(long, value_name = "TAG,...", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// The run in the database to take workflow, seed and work model from; default: its only one
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Workflow, if the database names none
    #[arg(long, value_name = "NAME", default_value = "swarm")]
    pub workflow: String,
    /// Directory of `usage.json`; default: that of the MCP configuration
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

const AFTER: &str = "\
Workers: under push one takes only the tasks assigned to it, under hierarchical only those in its
  parts, elsewhere those that are ready and its tags allow

Reads: the host, through its server; nothing on stdin
Writes: the host, through its server; simulated files in the working directory; usage.json; its
  usage, at the end, on stdout

Exit status: 0 the run is over, or SIGTERM; 2 the command line was wrong; 4 the host failed

Examples:
  tg-agent --mcp-config mcp.json --worker w1 --tags worker,designer
  tg-agent --mcp-config mcp.json --worker boss --role coordinator --tags coordinator";
