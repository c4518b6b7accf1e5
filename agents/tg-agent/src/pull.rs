//! Pulling: claim the first ready task, work, look again.
//!
//! Swarm with several agents, solo with one, relay where the host shows each agent only what its tags allow, kanban and
//! sprint under their own states, and any workflow of the user's own.

use crate::agent::Agent;
use crate::work;
use serde_json::{Value, json};
use tg_stage::Result;

/// Pulls until the run is over or a signal stops the agent; true if it may disconnect, with nothing claimed.
pub fn work_ready(agent: &mut Agent) -> Result<bool> {
    while !agent.is_stopping() {
        match pull_task(agent, |_| true)? {
            Pulled::Stopped => return Ok(false),
            Pulled::Worked => {}
            Pulled::Nothing if agent.is_over()? => return Ok(true),
            Pulled::Nothing => agent.poll()?,
        }
    }
    Ok(true)
}

/// The result of one look at the ready list.
pub enum Pulled {
    /// A task was worked on.
    Worked,
    /// No task for this agent is ready.
    Nothing,
    /// A signal stopped the agent while it held a task.
    Stopped,
}

/// Claims and works on the first ready task that `is_ours` accepts.
pub fn pull_task(agent: &mut Agent, is_ours: impl Fn(&str) -> bool) -> Result<Pulled> {
    for task in ready_tasks(agent)? {
        let (Some(id), Some(state)) = (task["id"].as_str(), task["status"].as_str()) else {
            continue;
        };
        if is_ours(id) && agent.claim(id, state)? {
            return Ok(if work::work_on(agent, id)? {
                Pulled::Worked
            } else {
                Pulled::Stopped
            });
        }
    }
    Ok(Pulled::Nothing)
}

/// The tasks that the host calls ready, and those moved on from there without a claim (kanban's todo).
fn ready_tasks(agent: &mut Agent) -> Result<Vec<Value>> {
    let mut tasks = agent.tasks(&json!({"ready": true, "agent": agent.me, "limit": 10}))?;
    for state in agent.path.waiting.clone().iter().skip(1) {
        let moved = agent.tasks(&json!({"status": state}))?.into_iter();
        let is_free = |task: &Value| task["worker_id"].is_null() && task["blocked"] != true;
        tasks.extend(moved.filter(is_free));
    }
    Ok(tasks)
}
