//! The command line.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Start the agents of each run, and end them
///
/// Prints a run's record as soon as its agents are started, and stays until the run is over: when tg-wait has decided
/// so, when all agents have exited, when the reader of stdout goes away, or at SIGINT or SIGTERM. Agents, their
/// children and their servers are ended then.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub struct Args {
    /// Runs side by side; they share the machine, and so their wall times
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Start nobody: write each agent's files and say on stderr what to start by hand
    #[arg(long)]
    pub manual: bool,
    /// How long an agent may take to leave before it is killed
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = tg_stage::time::duration)]
    pub grace: Duration,
    /// With a start gate, how long agents may take to connect
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = tg_stage::time::duration)]
    pub connect: Duration,
    /// NAME=VALUE lines for agents, instead of exporting them; nobody else may be able to read the file
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// List the agent programs that are known, and end
    #[arg(long)]
    pub profiles: bool,
    /// Print the profile of an agent program, to be copied and changed, and end
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Write the prompts into a directory, to be changed and named by the manifest's `prompts`, and end
    #[arg(long, value_name = "DIR")]
    pub prompts: Option<PathBuf>,
    /// What only tg-launch itself starts
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// What only tg-launch itself starts.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Run one agent and leave nothing of it behind
    #[command(hide = true)]
    Supervise {
        /// Where `exit.json`, `stdout.log` and `stderr.log` go
        #[arg(long)]
        dir: PathBuf,
        /// How long the agent may take to leave
        #[arg(long)]
        grace_ms: u64,
        /// What tells the agent to leave
        #[arg(long, default_value = "TERM")]
        signal: String,
        /// The launcher; without it the agent is ended
        #[arg(long)]
        parent: i32,
        /// The agent's command line
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Stand between an agent's MCP client and the host's server
    #[command(hide = true)]
    Mcp {
        /// `server.json` of the agent
        server: PathBuf,
    },
    /// Become the host's server, and end with the parent
    #[command(hide = true)]
    McpServer {
        /// `server.json` of the agent
        server: PathBuf,
        /// Who it ends with
        #[arg(long)]
        parent: i32,
    },
}

const AFTER: &str = "\
Placeholders in the manifest's `command`: {worker} {role} {tags} {workflow} {run} {seed} {model}
  {db} {dir} {agent_dir} {work} {mcp_config} (a file that tells an MCP client how to start the
  host's server) {prompt} (what the agent's role is told). Agents start in {work}.
Roles: push has one coordinator and hierarchical one lead, the other agents work; relay deals the
  specialists' tags (designer, implementer, reviewer, tester) to its agents; elsewhere all agents
  work and hold all tags

Reads: run records with `instantiate` on stdin
Writes: `launch` into the records; RUN/work/ and, in RUN/agents/WORKER/, mcp.json, stdout.log,
  stderr.log, end.json; with a profile also home/, the profile's files and mcp.jsonl (tool calls)

Exit status: 0 all done; 1 some runs could not be launched, or were cancelled; 2 the command line
  was wrong; 3 the input was not a record; 4 the reader of the records went away

Examples:
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch | tg-wait | tg-export > runs.jsonl
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch -j 2 | tg-wait | tg-export
  tg-launch --profile codex > my-codex.yaml; tg-launch --prompts my-prompts
  tg-instantiate --row 1 my.yaml | tg-launch --manual | tg-wait --timeout 2h";
