//! The command line.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;
use tg_stage::time::duration;

/// Start the agents of each run, and end them
///
/// Prints a run's record as soon as its agents are started, and stays until the run is over: when tg-wait has decided
/// so, when all agents have exited, when a budget is spent, when the reader of stdout goes away, or at SIGINT or SIGTERM.
/// Agents, their children and their servers are ended then.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub struct Args {
    /// Runs side by side; they share the machine, and so their wall times
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Start nobody: write each agent's files and say on stderr what to start by hand
    #[arg(long)]
    pub manual: bool,
    /// How long an agent may take to leave before it is killed [default: the profile's, else 3s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub grace: Option<Duration>,
    /// How long an agent may take to register at the host before it is ended [default: the profile's, else 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub connect: Option<Duration>,
    /// Start no more runs after K failures of the machinery in a row, or one of login or quota; 0 never
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub breaker: u16,
    /// NAME=VALUE lines for agents, instead of exporting them; nobody else may be able to read the file
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// List the agent programs that are known, and exit
    #[arg(long)]
    pub profiles: bool,
    /// Print the profile of an agent program, to be copied and changed, and exit
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Write the prompts into a directory, to be changed and named by the manifest's `prompts`, and exit
    #[arg(long, value_name = "DIR")]
    pub prompts: Option<PathBuf>,
    /// MiB kept of each agent's stdout and stderr: of more, the beginning and the end
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub log_limit: u64,
    /// End what crashed runs left running, in these results or run directories, and exit
    #[arg(long, value_name = "DIR", num_args = 0..)]
    pub reap: Option<Vec<PathBuf>>,
    /// What only tg-launch itself starts
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// What only tg-launch itself starts.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Look after one run, whose record comes on stdin, and leave nothing of it behind
    #[command(hide = true)]
    Supervise(Supervise),
    /// Turn into an agent that dies with its supervisor
    #[command(hide = true)]
    Become {
        /// The supervisor; where it is gone, nothing is started
        #[arg(long)]
        parent: u32,
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
    /// Turn into the host's server, which dies with its client
    #[command(hide = true)]
    McpServer {
        /// `server.json` of the agent
        server: PathBuf,
        /// The client; where it is gone, nothing is started
        #[arg(long)]
        parent: u32,
    },
}

/// What a supervisor is told.
#[derive(Debug, clap::Args)]
pub struct Supervise {
    /// The run, for those who look at the list of processes
    pub run: String,
    /// The launcher; where it is gone, nothing is started
    #[arg(long)]
    pub parent: u32,
    /// As given to the launcher
    #[arg(long)]
    pub manual: bool,
    /// As given to the launcher
    #[arg(long)]
    pub grace_ms: Option<u64>,
    /// As given to the launcher
    #[arg(long)]
    pub connect_ms: Option<u64>,
    /// As given to the launcher
    #[arg(long)]
    pub secrets: Option<PathBuf>,
    /// As given to the launcher
    #[arg(long)]
    pub log_limit: u64,
    /// As given to the launcher
    #[arg(long)]
    pub jobs: u16,
}

const AFTER: &str = "\
Placeholders in the manifest's `command`: {worker} {role} {tags} {workflow} {run} {seed} {model}
  {db} {dir} {agent_dir} {work} {mcp_config} (a file that tells an MCP client how to start the
  host's server) {host} (the host's program: its `agent ...` finds the run's database by itself)
  {prompt} (what the agent's role is told). Agents start in {work}, with TG_RUN_DIR={dir} in their
  environment. With `agent: NAME` a profile says all this and more
Roles: push has one coordinator and hierarchical one lead, the other agents work; relay deals the
  specialists' tags (designer, implementer, reviewer, tester) to its agents; elsewhere all agents
  work and hold all tags
Budgets: the manifest's limits agent_cost_usd, run_cost_usd, experiment_cost_usd, and the same with
  _tokens. An agent over its own is ended, over the others the run is; each live agent may be one
  step over. What reports only when it exits is held to them between runs

Reads: run records with `instantiate` on stdin; RUN/end.json
Writes: `launch` into the records; RUN/work/, RUN/spent.json (what was used so far) and, in
  RUN/agents/WORKER/, mcp.json, stdout.log, stderr.log, end.json; with a profile also home/, the
  profile's files and mcp.jsonl (the agent's tool calls)

Exit status: 0 all done; 1 some runs could not be launched, were not started (budget, breaker) or
  were cancelled; 2 the command line was wrong; 3 the input was not a record; 4 the reader of the
  records went away

Examples:
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch | tg-wait | tg-export > runs.jsonl
  tg-instantiate experiments/push-vs-pull.yaml | tg-launch -j 2 | tg-wait | tg-export
  tg-instantiate --row 1 my.yaml | tg-launch --manual | tg-wait --timeout 2h
  tg-launch --profile codex > my-codex.yaml; tg-launch --prompts my-prompts
  tg-launch --reap results";
