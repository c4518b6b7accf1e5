//! Pushing: the coordinator assigns every task; workers take only what is assigned to them.
//!
//! The coordinator thinks about one assignment at a time, which is what makes it a bottleneck. It assigns what is
//! ready, to the agent with all the tags and the least on its hands, and lets one task wait behind the one in hand:
//! more would be a guess about who is free first.

use crate::agent::Agent;
use crate::brief::query;
use crate::usage::Spent;
use crate::work;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tg_stage::Result;

/// How many tasks one worker may have, in hand and waiting.
const DEPTH: usize = 2;

/// Take what is assigned until the run is over; true if we may leave with nothing claimed.
pub fn worker(agent: &mut Agent) -> Result<bool> {
    let assigned: Vec<String> = agent.brief.states.assigned.iter().cloned().collect();
    while !agent.is_told_to_stop() {
        let mut worked = false;
        for status in &assigned {
            let mine = agent.tasks(&json!({"owner": agent.me, "status": status}))?;
            let Some(task) = mine.first().and_then(|task| task["id"].as_str()) else {
                continue;
            };
            if agent.claim(task)? && !work::on(agent, task)? {
                return Ok(false);
            }
            worked = true;
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

/// Assign until the run is over.
pub fn coordinator(agent: &mut Agent) -> Result<bool> {
    let root = root(agent)?;
    while !agent.is_told_to_stop() {
        let ready = agent.tasks(&json!({"ready": true}))?;
        let decided = assign(agent, &ready)?;
        if decided > 0 {
            let spent = Spent::on(
                &agent.brief.model,
                decided as f64 * agent.brief.model.decision_s * 1000.0,
            );
            match &root {
                Some(root) => agent.log(root, &spent)?,
                None => agent.usage.add(&spent), // no container to log on: only our own report has it
            }
            agent.report()?;
        } else if ready.is_empty() && agent.is_over()? {
            return Ok(true);
        } else {
            agent.poll()?;
        }
    }
    Ok(true)
}

/// One pass over the ready tasks; says how many were assigned.
fn assign(agent: &mut Agent, ready: &[Value]) -> Result<usize> {
    if ready.is_empty() {
        return Ok(0);
    }
    let mut load: BTreeMap<String, usize> = BTreeMap::new();
    for task in agent.tasks(&json!({"claimed": true}))? {
        *load
            .entry(task["worker_id"].as_str().unwrap_or_default().into())
            .or_default() += 1;
    }
    let agents = agent.call("list_agents", &json!({"stale_timeout": 0}))?;
    let workers = agents["workers"].as_array().cloned().unwrap_or_default();
    let mut decided = 0;
    for task in ready {
        let Some(id) = task["id"].as_str() else {
            continue;
        };
        let Some(worker) = choose(task, &workers, &load, &agent.me) else {
            continue;
        };
        if !agent.rest(agent.brief.model.decision_s * 1000.0 * agent.brief.model.time_scale)? {
            break;
        }
        for state in agent.brief.states.assigned.clone() {
            agent.satisfy(id, &state)?;
        }
        let order = json!({"worker_id": agent.me, "task": id, "assignee": worker});
        if agent.call("update", &order).is_ok() {
            // A refusal means the task or the worker changed meanwhile; the next pass sees how.
            *load.entry(worker).or_default() += 1;
            decided += 1;
            agent.usage.decisions += 1;
        }
    }
    Ok(decided)
}

fn choose(
    task: &Value,
    workers: &[Value],
    load: &BTreeMap<String, usize>,
    me: &str,
) -> Option<String> {
    let tags = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|tag| Some(tag.as_str()?.to_string()))
            .collect()
    };
    let (needed, wanted) = (tags(&task["needed_tags"]), tags(&task["wanted_tags"]));
    let fits = |worker: &Value| {
        let has = tags(&worker["tags"]);
        needed.iter().all(|tag| has.contains(tag))
            && (wanted.is_empty() || wanted.iter().any(|tag| has.contains(tag)))
    };
    let names = workers
        .iter()
        .filter(|worker| fits(worker))
        .filter_map(|worker| worker["id"].as_str());
    let with_load = names
        .filter(|name| *name != me && !name.is_empty())
        .map(|name| (load.get(name).copied().unwrap_or(0), name));
    with_load
        .filter(|(load, _)| *load < DEPTH)
        .min()
        .map(|(_, name)| name.to_string())
}

/// The topmost container, on which nobody else logs.
fn root(agent: &mut Agent) -> Result<Option<String>> {
    let sql = "SELECT DISTINCT from_task_id AS id FROM dependencies WHERE dep_type = 'contains' AND from_task_id NOT IN
               (SELECT to_task_id FROM dependencies WHERE dep_type = 'contains') ORDER BY id LIMIT 1";
    let rows = query(&mut agent.host, sql).map_err(tg_stage::error::outside)?;
    Ok(rows
        .first()
        .and_then(|row| row["id"].as_str())
        .map(String::from))
}
