//! Leading and being led (hierarchical): the lead gives each worker a part of the tree, workers pull inside their parts.
//!
//! A part is a child of a root: a container with all below it, or a single task. A part goes to one worker and stays
//! there, so the pattern itself limits what runs side by side to the parts that are open. Where a template has no
//! tree, its tasks are the parts.

use crate::agent::Agent;
use crate::brief::{literal, query};
use crate::pull::{self, Pulled};
use crate::push::{self, Choice, Needs};
use crate::work;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tg_stage::Result;
use tg_stage::error::outside;

/// Hand parts out until the run is over.
pub fn lead(agent: &mut Agent) -> Result<bool> {
    let root = push::root(agent)?;
    let parts = parts(agent)?;
    while !agent.is_told_to_stop() {
        let mut decided = 0;
        let ready = push::ready(agent)?;
        let ready: BTreeSet<&str> = ready
            .iter()
            .filter_map(|task| task["id"].as_str())
            .collect();
        let mut choice = Choice::look(agent)?;
        let held = holders(agent, &parts)?;
        let open = |part: &BTreeSet<String>| part.iter().any(|leaf| ready.contains(leaf.as_str()));
        for (part, worker) in &held {
            // A worker with something to do in a part of its own is not given another.
            if open(&parts[part]) {
                choice.add(worker, 1);
            }
        }
        for (part, leaves) in parts
            .iter()
            .filter(|(part, leaves)| open(leaves) && !held.contains_key(*part))
        {
            let needs = needs(agent, leaves)?;
            let Some(worker) = choice.free(&needs, 1) else {
                continue;
            };
            if !push::decide(agent, part, &worker)? {
                break;
            }
            choice.add(&worker, 1);
            decided += 1;
        }
        push::account(agent, root.as_deref(), decided)?;
        if decided == 0 {
            if ready.is_empty() && agent.is_over()? {
                return Ok(true);
            }
            agent.poll()?;
        }
    }
    Ok(true)
}

/// Pull inside the parts that are ours until the run is over.
pub fn led(agent: &mut Agent) -> Result<bool> {
    let mut inside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while !agent.is_told_to_stop() {
        let mut single = None;
        let mut ours: BTreeSet<String> = BTreeSet::new();
        for state in agent.brief.states.assigned.clone() {
            for part in agent.tasks(&json!({"owner": agent.me, "status": state}))? {
                let Some(id) = part["id"].as_str() else {
                    continue;
                };
                if !inside.contains_key(id) {
                    let below = leaves_below(agent, id)?;
                    inside.insert(id.into(), below);
                }
                if inside[id].is_empty() {
                    single = Some((id.to_string(), state.clone()));
                }
                ours.extend(inside[id].iter().cloned());
            }
        }
        if let Some((id, state)) = single
            && agent.take(&id, &state)?
        {
            if !work::on(agent, &id)? {
                return Ok(false);
            }
            continue;
        }
        match pull::one(agent, |id| ours.contains(id))? {
            Pulled::Stopped => return Ok(false),
            Pulled::Worked => {}
            Pulled::Nothing if agent.is_over()? => return Ok(true),
            Pulled::Nothing => agent.poll()?,
        }
    }
    Ok(true)
}

/// The parts of this run's tree: each with the tasks in it that are no containers.
fn parts(agent: &mut Agent) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let contains = "SELECT from_task_id AS parent, to_task_id AS child FROM dependencies WHERE dep_type = 'contains'";
    let edges = query(&mut agent.host, contains).map_err(outside)?;
    let parents: BTreeSet<&str> = edges
        .iter()
        .filter_map(|edge| edge["parent"].as_str())
        .collect();
    let children: BTreeSet<&str> = edges
        .iter()
        .filter_map(|edge| edge["child"].as_str())
        .collect();
    let mut parts = BTreeMap::new();
    for id in agent.task_ids()? {
        let (is_root, is_container) = (
            !children.contains(id.as_str()),
            parents.contains(id.as_str()),
        );
        if is_root && !is_container {
            parts.insert(id.clone(), BTreeSet::from([id]));
        } else if is_root {
            let below = edges
                .iter()
                .filter(|edge| edge["parent"] == id.as_str())
                .filter_map(|edge| edge["child"].as_str());
            for part in below {
                let leaves = leaves_below(agent, part)?;
                let leaves = if leaves.is_empty() {
                    BTreeSet::from([part.to_string()])
                } else {
                    leaves
                };
                parts.insert(part.to_string(), leaves);
            }
        }
    }
    Ok(parts)
}

/// The tasks below `id` that contain nothing; none if it is one itself.
fn leaves_below(agent: &mut Agent, id: &str) -> Result<BTreeSet<String>> {
    let sql = format!(
        "WITH RECURSIVE below(id) AS (SELECT to_task_id FROM dependencies WHERE dep_type = 'contains' AND from_task_id = {0}
         UNION SELECT to_task_id FROM dependencies JOIN below ON from_task_id = below.id WHERE dep_type = 'contains')
         SELECT id FROM below WHERE id NOT IN (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains')",
        literal(id)
    );
    let rows = query(&mut agent.host, &sql).map_err(outside)?;
    Ok(rows
        .iter()
        .filter_map(|row| Some(row["id"].as_str()?.to_string()))
        .collect())
}

/// The tags that some task of a part needs.
fn needs(agent: &mut Agent, leaves: &BTreeSet<String>) -> Result<Needs> {
    let list: Vec<String> = leaves.iter().map(|leaf| literal(leaf)).collect();
    let sql = format!(
        "SELECT DISTINCT tag FROM task_needed_tags WHERE task_id IN ({})",
        list.join(",")
    );
    let rows = query(&mut agent.host, &sql).map_err(outside)?;
    let needed = rows
        .iter()
        .filter_map(|row| Some(row["tag"].as_str()?.to_string()))
        .collect();
    Ok(Needs {
        needed,
        wanted: Vec::new(),
    })
}

/// Who holds which part: assigned to, or working on it.
fn holders(
    agent: &mut Agent,
    parts: &BTreeMap<String, BTreeSet<String>>,
) -> Result<BTreeMap<String, String>> {
    let tasks = agent.tasks(&json!({"claimed": true}))?;
    let held = tasks.iter().filter_map(|task| {
        Some((
            task["id"].as_str()?.to_string(),
            task["worker_id"].as_str()?.to_string(),
        ))
    });
    Ok(held.filter(|(id, _)| parts.contains_key(id)).collect())
}
