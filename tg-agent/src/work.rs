//! Working on a claimed task, the same in every role and workflow.

use crate::agent::Agent;
use crate::usage::Spent;
use serde_json::json;
use tg_stage::{Error, Result};

/// Work on `task`, which is ours, and bring it to where its fate has it: done, handed back to be done again, or failed.
/// False if we were told to stop before it was.
pub fn on(agent: &mut Agent, task: &str) -> Result<bool> {
    let (origin, fate, attempt) = agent.fate(task)?;
    agent.think(&format!("working on {origin}"))?;
    agent.usage.attempts += 1;
    let model = agent.brief.model.clone();
    let share = if attempt > 1 { model.redo_share } else { 1.0 };
    let work_ms = fate.duration_ms * share;
    let file = agent.edit_file(task, &origin)?;
    if !agent.rest(work_ms * model.time_scale)? {
        return Ok(false); // what we hold is left as it is: it is evidence
    }
    agent.log(task, &Spent::on(&model, work_ms))?;
    agent.free_file(&file)?;
    let verdict = match (attempt, fate.redo, fate.fail) {
        (1, true, _) => Verdict::Redo,
        (_, _, true) => Verdict::Fail,
        _ => Verdict::Done,
    };
    close(agent, task, verdict)?;
    agent.report()?;
    Ok(true)
}

#[derive(Debug, Clone, Copy)]
enum Verdict {
    Done,
    Redo,
    Fail,
}

/// Leave the timed state by the exit that the verdict asks for, with the artifacts that leaving it asks for.
fn close(agent: &mut Agent, task: &str, verdict: Verdict) -> Result<()> {
    let states = &agent.brief.states;
    let Some(timed) = states.timed.first().cloned() else {
        return Err(Error::outside(
            "workflow",
            "has no state in which work is done",
        ));
    };
    let exits = agent
        .brief
        .rules
        .states
        .get(&timed)
        .map(|state| state.exits.clone())
        .unwrap_or_default();
    let initial = states
        .initial
        .first()
        .cloned()
        .unwrap_or_else(|| "pending".into());
    let success = exits
        .iter()
        .find(|exit| states.is_success(exit))
        .cloned()
        .unwrap_or_else(|| "completed".into());
    let (status, reason) = match verdict {
        Verdict::Done => (success, "simulated: done"),
        Verdict::Redo => (initial, "simulated: handed back to be done again"),
        Verdict::Fail => ("failed".to_string(), "simulated: failed"),
    };
    agent.satisfy(task, &timed)?;
    let arguments =
        json!({"worker_id": agent.me, "task": task, "status": status, "reason": reason});
    agent.call("update", &arguments).map(|_| ())
}
