//! `--init`: a commented manifest as a start.

use std::io::Write;
use std::path::Path;
use tg_stage::{Error, Exit, Output, Result, file};

/// The manifest text. A test loads it.
const MANIFEST: &str = "\
# An experiment: the same task graph under each configuration, several times.
name: my-experiment
description: The question this answers

# The task graph: one of templates/, or any snapshot from tg-export.
template: templates/medium-feature.json
# templates: [templates/medium-feature.json, templates/medium-coarse.json]   # as one more dimension

agent_count: 3                  # a coordinator counts as one of them
# agent_counts: [1, 3, 5]       # as one more dimension; arms are then called NAME-n3
runs_per_config: 3              # fewer than 4 against 4 can never show p < 0.05 by ranks

configs:                        # the arms to compare
  - workflow: swarm             # a workflow of the host: solo swarm push hierarchical relay kanban sprint
    description: Agents claim ready tasks
  - workflow: push
    # name: assigned            # arm name; default the workflow's
    # workflow_file: my.yaml    # a workflow file of your own
    # overlays: [git]
    # agents: 4                 # instead of agent_count, for this arm
    description: One agent assigns every task, the others work
baseline: swarm                 # the others are compared with it
primary: wall_clock_time_ms     # the metric that decides; the others are exploratory
# null_arms: true               # the baseline once more under another name: shows the size of the noise
# success: {completion_rate_pct: '>= 80'}   # a criterion for each arm's mean, judged in the report
# metrics:                      # shown, in this order; also custom ones, by a jq filter
#   - wall_clock_time_ms
#   - {name: gate_files, unit: count, better: higher, jq: '.tables.attachments | length'}

# The agents. tg-agent is simulated: it sleeps instead of working.
agent: tg-agent
stand_in: {time_scale: 0.0005}  # an hour of estimate takes 1.8 s
# command: [my-agent, --mcp-config, '{mcp_config}', --name, '{worker}']   # any other program; see tg-launch --help
# agent: claude                 # a real one: claude, codex, opencode, gemini, ./my.yaml; see docs/agents.md
# model: some-model             # recorded, and held constant; real agents need one
# prices: {some-model: {usd_per_mtok_in: 3, usd_per_mtok_out: 15}}   # your provider's, in USD for a million tokens
# start: barrier                # hold all tasks back until every agent is connected
# grade: python3 -m pytest -q   # run in the working directory after the end; exit status 0 means good work

limits: {timeout: 30m, stall: 5m}
# limits: {timeout: 30m, run_cost_usd: 5, experiment_cost_usd: 60}   # also agent_cost_usd, and agent_, run_ or
#                               # experiment_tokens (in and out); a limit that is reached ends the run, or starts no other
seed: 7                         # replicate k has the same seed in every arm
# order: fixed                  # default: within each block (replicate k of every arm) drawn with the seed; or {seed: 8}
# retries: 2                    # further attempts at a run when the machinery failed; never for its outcome
# slots: {metric_6: tool_calls} # names of the host's metric slots
# warmup: {exclude_tags: [warmup], skip_first: 1}   # tasks that no metric counts
";

/// Writes the manifest to `path`, which must not exist, or to stdout.
pub fn write(path: Option<&Path>, output: impl Write) -> Result<Exit> {
    match path {
        None => Output::new(output).bytes(MANIFEST.as_bytes())?,
        Some(path) if path.exists() => {
            return Err(
                Error::usage(path.display(), "is there already, and is left as it is")
                    .hint("name another file"),
            );
        }
        Some(path) => file::write(path, MANIFEST.as_bytes())?,
    }
    Ok(Exit::Done)
}
