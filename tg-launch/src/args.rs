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
        /// The launcher; without it the agent is ended
        #[arg(long)]
        parent: i32,
        /// The agent's command line
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

const AFTER: &str = "\
Placeholders in the manifest's `command`: {worker} {role} {tags} {workflow} {run} {seed} {model}
  {db} {dir} {agent_dir} {work} {mcp_config} (a file that tells an MCP client how to start the
  host's server). Agents start in {work}.
Roles: push has one coordinator and hierarchical one lead, the other agents work; relay deals the
  specialists' tags (designer, implementer, reviewer, tester) to its agents; elsewhere all agents
  work and hold all tags

Reads: run records with `instantiate` on stdin
Writes: `launch` into the records; RUN/work/ and, in RUN/agents/WORKER/, mcp.json, stdout.log,
  stderr.log, end.json

Exit status: 0 all done; 1 some runs could not be launched, or were cancelled; 2 the command line
  was wrong; 3 the input was not a record; 4 the reader of the records went away

Examples:
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch | tg-wait | tg-export > runs.jsonl
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch -j 2 | tg-wait | tg-export
  tg-instantiate --row 1 my.yaml | tg-launch --manual | tg-wait --timeout 2h";
