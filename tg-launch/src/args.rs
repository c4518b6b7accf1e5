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
    /// Start no agents: write each agent's files and print on stderr what to start by hand
    #[arg(long)]
    pub manual: bool,
    /// Time an agent has to exit before it is killed [default: the profile's, else 3s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub grace: Option<Duration>,
    /// Time an agent has to register at the host before it is ended [default: the profile's, else 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub connect: Option<Duration>,
    /// Start no more runs after K failures of the machinery in a row, or one of login or quota; 0 never
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub breaker: u16,
    /// NAME=VALUE lines for agents, instead of exporting them; only you may be able to read the file
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// List the built-in and example profiles of agent programs, and exit
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
    /// End the processes that crashed runs left in these results or run directories, and exit
    #[arg(long, value_name = "DIR", num_args = 0..)]
    pub reap: Option<Vec<PathBuf>>,
    /// Parts that only tg-launch itself starts
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// Parts that only tg-launch itself starts.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Supervise one run, whose record comes on stdin, and leave no process of it behind
    #[command(hide = true)]
    Supervise(Supervise),
    /// Turn into an agent that is killed when its supervisor exits
    #[command(hide = true)]
    Become {
        /// Process id of the supervisor; if it has exited, nothing is started
        #[arg(long)]
        parent: u32,
        /// The agent's command line
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Pass lines between an agent's MCP client and the host's server
    #[command(hide = true)]
    Mcp {
        /// `server.json` of the agent
        server: PathBuf,
    },
    /// Turn into the host's server, which is ended when its client exits
    #[command(hide = true)]
    McpServer {
        /// `server.json` of the agent
        server: PathBuf,
        /// Process id of the client; if it has exited, nothing is started
        #[arg(long)]
        parent: u32,
    },
}

/// Options of a supervisor; without a text of their own they are the launcher's.
#[derive(Debug, clap::Args)]
#[allow(missing_docs, reason = "as given to the launcher")]
pub struct Supervise {
    /// Id of the run, to be seen in the list of processes
    pub run: String,
    /// Process id of the launcher; if it has exited, nothing is started
    #[arg(long)]
    pub parent: u32,
    #[arg(long)]
    pub manual: bool,
    #[arg(long)]
    pub grace_ms: Option<u64>,
    #[arg(long)]
    pub connect_ms: Option<u64>,
    #[arg(long)]
    pub secrets: Option<PathBuf>,
    #[arg(long)]
    pub log_limit: u64,
    #[arg(long)]
    pub jobs: u16,
}

const AFTER: &str = "\
Placeholders in the manifest's `command`: {worker} {role} {tags} {workflow} {run} {seed} {model}
  {db} {dir} {agent_dir} {work} {mcp_config} (a file that says how an MCP client starts the
  host's server) {host} (the host's program: its `agent ...` finds the run's database by itself)
  {prompt} (the prompt of the agent's role). Agents start in {work}, with TG_RUN_DIR={dir} in their
  environment. With `agent: NAME` a profile says all this and more
Roles: push has one coordinator and hierarchical one lead, the other agents work; relay gives the
  specialists' tags (designer, implementer, reviewer, tester) to its agents; elsewhere all agents
  work and hold all tags
Budgets: the manifest's limits agent_cost_usd, run_cost_usd, experiment_cost_usd, and the same with
  _tokens. An agent over its own is ended, over the others the run is; each running agent may be
  one step over. A program that reports only when it exits is held to them between runs

Reads: run records with `instantiate` on stdin; RUN/end.json
Writes: `launch` into the records; RUN/work/, RUN/spent.json (the usage so far) and, in
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
