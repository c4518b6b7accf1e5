//! The file `end.json` of each agent, written when its run is over: exit, end reason and usage.

use crate::budget::Budget;
use crate::processes::{AgentProcess, Processes};
use crate::usage::Usage;
use serde_json::Value;
use std::collections::BTreeSet;
use tg_host::experiment_tables::AgentRow;
use tg_stage::{EndReason, Error, Fault, Result, Run, file};

/// Writes the `end.json` of every agent: its row of `experiment_agents`, and its fault. A failure does not stop the others.
pub fn write_all(run: &Run, processes: &Processes, budget: &Budget) -> Result<()> {
    let write = |one| write(run, one, processes, &budget.usage(worker(one)));
    let written: Vec<Result<()>> = processes.agents.iter().map(write).collect();
    written.into_iter().collect()
}

/// The faults that agents reported, each once.
pub fn faults(processes: &Processes, budget: &Budget) -> BTreeSet<Fault> {
    let all = processes.agents.iter();
    all.filter_map(|one| fault(&budget.usage(worker(one))))
        .collect()
}

/// The fault of an agent that would fail the next runs as well.
fn fault(usage: &Usage) -> Option<Fault> {
    Fault::named(usage.fault.as_deref()?)
}

fn worker(one: &AgentProcess) -> &str {
    &one.agent.worker
}

fn write(run: &Run, one: &AgentProcess, processes: &Processes, usage: &Usage) -> Result<()> {
    let stopped = one.stopped.clone();
    let reason = stopped.or(fault(usage).map(EndReason::from));
    let row = AgentRow {
        run_id: run.id.clone(),
        worker_id: one.agent.worker.clone(),
        role: Some(one.agent.role.clone()),
        tags: Some(Value::from(one.agent.tags.clone()).to_string()),
        program: Some(one.program.clone()),
        version: usage.version.clone().or_else(|| version(run)),
        started_at: Some(one.started_at_ms),
        connected_at: processes.connected.since(&one.agent.worker),
        ended_at: one.exit.as_ref().map(|exit| exit.at_ms),
        exit: one.exit.as_ref().map(|exit| exit.status.clone()),
        end_reason: Some(reason.unwrap_or(EndReason::Exited).to_string()),
        cost_usd: usage.cost_usd,
        tokens_in: usage.tokens_in,
        tokens_out: usage.tokens_out,
        tokens_cached: usage.tokens_cached,
        tokens_thinking: usage.tokens_thinking,
        cost_source: usage.cost_source.clone(),
    };
    let mut end = serde_json::to_value(&row).map_err(|cause| Error::outside("end.json", cause))?;
    end["fault"] = usage.fault.clone().into();
    file::write(&one.paths.agent.end(), end.to_string().as_bytes())
}

/// The program's version, recorded when the run was instantiated.
fn version(run: &Run) -> Option<String> {
    run.profile.as_ref()?.found.as_ref()?.version.clone()
}
