//! Pulling: take the first ready task, work, look again. Swarm with several agents, solo with one.

use crate::agent::Agent;
use crate::work;
use serde_json::json;
use tg_stage::Result;

/// Pull until the run is over or we are told to stop; true if we may leave with nothing claimed.
pub fn run(agent: &mut Agent) -> Result<bool> {
    while !agent.is_told_to_stop() {
        let ready = agent.tasks(&json!({"ready": true, "agent": agent.me, "limit": 10}))?;
        let mut worked = false;
        for task in ready.iter().filter_map(|task| task["id"].as_str()) {
            if agent.claim(task)? {
                if !work::on(agent, task)? {
                    return Ok(false);
                }
                worked = true;
                break;
            }
        }
        if !worked {
            if agent.is_over()? {
                return Ok(true);
            }
            agent.poll()?;
        }
    }
    Ok(true)
}
