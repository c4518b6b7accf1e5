//! Pulling: take the first ready task, work, look again.
//!
//! Swarm with several agents, solo with one, relay where each agent is shown only what its tags allow, kanban and
//! sprint under their own states, and any workflow of the user's own.

use crate::agent::Agent;
use crate::work;
use serde_json::{Value, json};
use tg_stage::Result;

/// Pull until the run is over or we are told to stop; true if we may leave with nothing claimed.
pub fn run(agent: &mut Agent) -> Result<bool> {
    while !agent.is_told_to_stop() {
        match one(agent, |_| true)? {
            Pulled::Stopped => return Ok(false),
            Pulled::Worked => {}
            Pulled::Nothing if agent.is_over()? => return Ok(true),
            Pulled::Nothing => agent.poll()?,
        }
    }
    Ok(true)
}

/// What came of one look at the ready list.
pub enum Pulled {
    /// A task was worked on.
    Worked,
    /// Nothing of ours is ready.
    Nothing,
    /// We were told to stop with a task in hand.
    Stopped,
}

/// Take and work on the first ready task that is `ours`.
pub fn one(agent: &mut Agent, ours: impl Fn(&str) -> bool) -> Result<Pulled> {
    for task in ready(agent)? {
        let (Some(id), Some(state)) = (task["id"].as_str(), task["status"].as_str()) else {
            continue;
        };
        if ours(id) && agent.take(id, state)? {
            return Ok(if work::on(agent, id)? {
                Pulled::Worked
            } else {
                Pulled::Stopped
            });
        }
    }
    Ok(Pulled::Nothing)
}

/// What the host calls ready, and what somebody moved on from there without taking it (kanban's todo).
fn ready(agent: &mut Agent) -> Result<Vec<Value>> {
    let mut tasks = agent.tasks(&json!({"ready": true, "agent": agent.me, "limit": 10}))?;
    for state in agent.path.waiting.clone().iter().skip(1) {
        let moved = agent.tasks(&json!({"status": state}))?;
        tasks.extend(
            moved
                .into_iter()
                .filter(|task| task["worker_id"].is_null() && task["blocked"] != true),
        );
    }
    Ok(tasks)
}
