//! Pushing: the coordinator assigns every task; workers take only what is assigned to them.
//!
//! The coordinator thinks about one assignment at a time, which is what makes it a bottleneck. It assigns what is
//! ready, to the agent with all the tags and the least on its hands, and lets one task wait behind the one in hand:
//! more would be a guess about who is free first.

use crate::agent::Agent;
use crate::brief::{literal, query};
use crate::usage::Spent;
use crate::work;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tg_stage::Result;
use tg_stage::error::outside;

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
            if agent.take(task, status)? && !work::on(agent, task)? {
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
        let ready = ready(agent)?;
        let mut choice = Choice::look(agent)?;
        let mut decided = 0;
        for task in &ready {
            let Some(id) = task["id"].as_str() else {
                continue;
            };
            let Some(worker) = choice.free(&Needs::of(task), DEPTH) else {
                continue;
            };
            if !decide(agent, id, &worker)? {
                break;
            }
            choice.add(&worker, 1);
            decided += 1;
        }
        account(agent, root.as_deref(), decided)?;
        if decided == 0 {
            if ready.is_empty() && agent.is_over()? {
                return Ok(true);
            }
            agent.poll()?;
        }
    }
    Ok(true)
}

/// The tasks of this run that wait for nothing, whoever may do them.
pub fn ready(agent: &mut Agent) -> Result<Vec<Value>> {
    let tasks = agent.tasks(&json!({"ready": true}))?;
    let Some(tag) = agent.brief.run_tag.clone() else {
        return Ok(tasks);
    };
    let is_ours = |task: &Value| {
        task["tags"]
            .as_array()
            .is_some_and(|tags| tags.iter().any(|has| has == tag.as_str()))
    };
    Ok(tasks.into_iter().filter(is_ours).collect())
}

/// Think about one assignment and make it; false if told to stop meanwhile. A refusal means that the task or the worker
/// changed meanwhile, and the next look will show how.
pub fn decide(agent: &mut Agent, task: &str, worker: &str) -> Result<bool> {
    if !agent.rest(agent.brief.model.decision_s * 1000.0 * agent.brief.model.time_scale)? {
        return Ok(false);
    }
    for state in agent.brief.states.assigned.clone() {
        agent.satisfy(task, &format!("status:{state}"))?;
    }
    let order = json!({"worker_id": agent.me, "task": task, "assignee": worker});
    if agent.host.call("update", &order).is_ok() {
        agent.usage.decisions += 1;
    }
    Ok(true)
}

/// Log what some decisions cost: on the topmost container, where nobody else logs, if there is one.
pub fn account(agent: &mut Agent, root: Option<&str>, decided: usize) -> Result<()> {
    if decided == 0 {
        return Ok(());
    }
    let spent = Spent::on(
        &agent.brief.model,
        decided as f64 * agent.brief.model.decision_s * 1000.0,
    );
    match root {
        Some(root) => agent.log(root, &spent, 0)?,
        None => agent.usage.add(&spent),
    }
    agent.report()
}

/// The topmost container of this run.
pub fn root(agent: &mut Agent) -> Result<Option<String>> {
    let ours = format!(
        "(SELECT task_id FROM experiment_tasks WHERE run_id = {})",
        literal(&agent.brief.run)
    );
    let scope = if agent.brief.run.is_empty() {
        String::new()
    } else {
        format!("AND from_task_id IN {ours}")
    };
    let sql = format!(
        "SELECT DISTINCT from_task_id AS id FROM dependencies WHERE dep_type = 'contains' {scope} AND from_task_id NOT IN
         (SELECT to_task_id FROM dependencies WHERE dep_type = 'contains') ORDER BY id LIMIT 1"
    );
    let rows = query(&mut agent.host, &sql).map_err(outside)?;
    Ok(rows
        .first()
        .and_then(|row| row["id"].as_str())
        .map(String::from))
}

/// What a task asks of who does it.
#[derive(Debug, Default)]
pub struct Needs {
    /// All of these tags.
    pub needed: Vec<String>,
    /// One of these tags, if there are any.
    pub wanted: Vec<String>,
}

impl Needs {
    /// Those of a task of the host's lists.
    pub fn of(task: &Value) -> Self {
        Self {
            needed: strings(&task["needed_tags"]),
            wanted: strings(&task["wanted_tags"]),
        }
    }
}

/// The agents at the host, and what each has on its hands.
pub struct Choice {
    workers: Vec<(String, Vec<String>)>,
    load: BTreeMap<String, usize>,
}

impl Choice {
    /// Ask the host.
    pub fn look(agent: &mut Agent) -> Result<Self> {
        let mut load: BTreeMap<String, usize> = BTreeMap::new();
        let containers = agent.containers.clone();
        for task in agent.tasks(&json!({"claimed": true}))? {
            if task["id"]
                .as_str()
                .is_some_and(|id| !containers.contains(id))
            {
                *load
                    .entry(task["worker_id"].as_str().unwrap_or_default().into())
                    .or_default() += 1;
            }
        }
        let agents = agent.call("list_agents", &json!({"stale_timeout": 0}))?;
        let rows = agents["workers"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let named = rows
            .iter()
            .filter_map(|row| Some((row["id"].as_str()?.to_string(), strings(&row["tags"]))));
        // Who leads takes no tasks.
        let workers = named
            .filter(|(id, tags)| *id != agent.me && !tags.iter().any(|tag| tag == "coordinator"))
            .collect();
        Ok(Self { workers, load })
    }

    /// The fitting worker with the least on its hands, if that is less than `depth`.
    pub fn free(&self, needs: &Needs, depth: usize) -> Option<String> {
        let fits = |tags: &Vec<String>| {
            needs.needed.iter().all(|tag| tags.contains(tag))
                && (needs.wanted.is_empty() || needs.wanted.iter().any(|tag| tags.contains(tag)))
        };
        let fitting = self.workers.iter().filter(|(_, tags)| fits(tags));
        let loaded = fitting.map(|(id, _)| (self.load.get(id).copied().unwrap_or(0), id));
        loaded
            .filter(|(load, _)| *load < depth)
            .min()
            .map(|(_, id)| id.clone())
    }

    /// Count more on a worker's hands.
    pub fn add(&mut self, worker: &str, tasks: usize) {
        *self.load.entry(worker.into()).or_default() += tasks;
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| Some(item.as_str()?.to_string()))
        .collect()
}
