//! What is kept of each agent when its run is over: how it left, why, and what it used.

use crate::crew::{Crew, Live};
use crate::purse::Purse;
use crate::usage::Usage;
use serde_json::Value;
use tg_host::experiment::AgentRow;
use tg_stage::{Error, Result, Run, file};

/// What an agent can fail of by its own account that fails the runs after it as well.
pub const FAULTS: [&str; 2] = ["auth", "quota"];

/// Write every agent's `end.json`: its row of `experiment_agents`, and its fault. All are tried, whatever happens to one.
pub fn keep(run: &Run, crew: &Crew, purse: &Purse) -> Result<()> {
    let keep_one = |one| keep_one(run, one, crew, &purse.usage(&one.agent.worker));
    let kept: Vec<Result<()>> = crew.members.iter().map(keep_one).collect();
    kept.into_iter().collect()
}

/// The faults that agents named, each once.
pub fn faults(crew: &Crew, purse: &Purse) -> Vec<String> {
    let named = crew
        .members
        .iter()
        .filter_map(|one| purse.usage(&one.agent.worker).fault);
    let mut faults: Vec<String> = named
        .filter(|fault| FAULTS.contains(&fault.as_str()))
        .collect();
    faults.sort();
    faults.dedup();
    faults
}

fn keep_one(run: &Run, one: &Live, crew: &Crew, usage: &Usage) -> Result<()> {
    let fault = usage
        .fault
        .as_deref()
        .filter(|fault| FAULTS.contains(fault));
    let row = AgentRow {
        run_id: run.id.clone(),
        worker_id: one.agent.worker.clone(),
        role: Some(one.agent.role.clone()),
        tags: Some(Value::from(one.agent.tags.clone()).to_string()),
        program: Some(one.program.clone()),
        version: usage.version.clone().or_else(|| version(run)),
        started_at: Some(one.started_at_ms),
        connected_at: crew.seen.since(&one.agent.worker),
        ended_at: one.exit.as_ref().map(|exit| exit.at_ms),
        exit: one.exit.as_ref().map(|exit| exit.words.clone()),
        end_reason: Some(one.told.or(fault).unwrap_or("exited").into()),
        cost_usd: usage.cost_usd,
        tokens_in: usage.tokens_in,
        tokens_out: usage.tokens_out,
        tokens_cached: usage.tokens_cached,
        tokens_thinking: usage.tokens_thinking,
        cost_source: usage.cost_source.clone(),
    };
    let mut end = serde_json::to_value(&row).map_err(|cause| Error::outside("end.json", cause))?;
    end["fault"] = usage.fault.clone().into();
    file::write(
        &one.place.agent_dir.join("end.json"),
        end.to_string().as_bytes(),
    )
}

/// What the program said of its version when the run was made.
fn version(run: &Run) -> Option<String> {
    run.profile.as_ref()?.found.as_ref()?.version.clone()
}
