//! Working by parts (hierarchical): the lead gives each worker parts of the tree, and workers pull tasks inside them.
//!
//! A part is a child of a root: a container with all tasks below it, or a single task. A part stays with one worker, so
//! the pattern itself limits the parallelism to the parts that are open. If a template has no tree, its tasks are
//! the parts.

use crate::agent::Agent;
use crate::pull::{self, Pulled};
use crate::push::{self, Needs, Team};
use crate::work;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tg_host::schema;
use tg_stage::Result;
use tg_stage::error::outside;

/// The parts of a tree by id, each with the tasks in it that are not containers.
type Parts = BTreeMap<String, BTreeSet<String>>;

/// Hands out parts until the run is over.
pub fn lead(agent: &mut Agent) -> Result<bool> {
    let root = push::root(agent)?;
    let parts = parts(agent)?;
    while !agent.is_stopping() {
        let mut decided = 0;
        let ready = push::ready_tasks(agent)?;
        let ready = ready.iter().filter_map(|task| task["id"].as_str());
        let ready: BTreeSet<&str> = ready.collect();
        let mut team = Team::ask(agent)?;
        let holders = holders(agent, &parts)?;
        let is_open =
            |part: &BTreeSet<String>| part.iter().any(|leaf| ready.contains(leaf.as_str()));
        for (part, worker) in &holders {
            // A worker with work in a part of its own gets no other.
            if is_open(&parts[part]) {
                team.add_load(worker);
            }
        }
        for (part, leaves) in &parts {
            if holders.contains_key(part) || !is_open(leaves) {
                continue;
            }
            let needs = needs(agent, leaves)?;
            let Some(worker) = team.free_worker(&needs, 1) else {
                continue;
            };
            if !push::assign(agent, part, &worker)? {
                break;
            }
            team.add_load(&worker);
            decided += 1;
        }
        push::finish_round(agent, root.as_deref(), decided)?;
        if decided == 0 {
            if ready.is_empty() && agent.is_over()? {
                return Ok(true);
            }
            agent.poll()?;
        }
    }
    Ok(true)
}

/// Pulls tasks inside the parts of this agent until the run is over.
pub fn work_in_parts(agent: &mut Agent) -> Result<bool> {
    let mut known = Parts::new();
    while !agent.is_stopping() {
        let mut single = None;
        let mut ours: BTreeSet<String> = BTreeSet::new();
        for state in agent.brief.states.assigned.clone() {
            for part in agent.tasks(&json!({"owner": agent.me, "status": state}))? {
                let Some(id) = part["id"].as_str() else {
                    continue;
                };
                if !known.contains_key(id) {
                    let below = leaves_below(agent, id)?;
                    known.insert(id.into(), below);
                }
                if known[id].is_empty() {
                    single = Some((id.to_string(), state.clone()));
                }
                ours.extend(known[id].iter().cloned());
            }
        }
        if let Some((id, state)) = single
            && agent.claim(&id, &state)?
        {
            if !work::work_on(agent, &id)? {
                return Ok(false);
            }
            continue;
        }
        match pull::pull_task(agent, |id| ours.contains(id))? {
            Pulled::Stopped => return Ok(false),
            Pulled::Worked => {}
            Pulled::Nothing if agent.is_over()? => return Ok(true),
            Pulled::Nothing => agent.poll()?,
        }
    }
    Ok(true)
}

/// The parts of this run's tree.
fn parts(agent: &mut Agent) -> Result<Parts> {
    let edges = schema::agent::contained(&mut agent.host).map_err(outside)?;
    let tasks = schema::agent::tasks(&mut agent.host, &agent.brief.run).map_err(outside)?;
    let mut parts = Parts::new();
    for id in tasks {
        if edges.iter().any(|(_, child)| *child == id) {
            continue;
        }
        let below = edges.iter().filter(|(parent, _)| *parent == id);
        let below: Vec<&String> = below.map(|(_, child)| child).collect();
        if below.is_empty() {
            parts.insert(id.clone(), BTreeSet::from([id]));
            continue;
        }
        for part in below {
            let mut leaves = leaves_below(agent, part)?;
            if leaves.is_empty() {
                leaves.insert(part.clone());
            }
            parts.insert(part.clone(), leaves);
        }
    }
    Ok(parts)
}

/// The tasks below `id` that contain no others; empty if `id` itself contains none.
fn leaves_below(agent: &mut Agent, id: &str) -> Result<BTreeSet<String>> {
    schema::agent::leaves_below(&mut agent.host, id).map_err(outside)
}

/// The tags that some task of a part needs.
fn needs(agent: &mut Agent, leaves: &BTreeSet<String>) -> Result<Needs> {
    let needed = schema::agent::needed_tags_of(&mut agent.host, leaves);
    Ok(Needs {
        needed: needed.map_err(outside)?,
        wanted: Vec::new(),
    })
}

/// The worker of each part that is assigned or in work.
fn holders(agent: &mut Agent, parts: &Parts) -> Result<BTreeMap<String, String>> {
    let tasks = agent.tasks(&json!({"claimed": true}))?;
    let held = tasks.iter().filter_map(|task| {
        let id = task["id"].as_str().filter(|id| parts.contains_key(*id))?;
        Some((id.to_string(), task["worker_id"].as_str()?.to_string()))
    });
    Ok(held.collect())
}
