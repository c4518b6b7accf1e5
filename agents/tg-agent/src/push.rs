//! Pushing: the coordinator assigns every task; workers take only the tasks assigned to them.
//!
//! The coordinator thinks about one assignment at a time, which is what makes it a bottleneck. It assigns ready tasks, to
//! the agent with all the tags and the fewest tasks, and lets one task wait behind the one in work: more would be a guess
//! about which agent will be free first.

use crate::agent::Agent;
use crate::usage::WorkCost;
use crate::work;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tg_host::schema;
use tg_stage::Result;
use tg_stage::error::outside;
use tg_stage::workflows::{self, PUSH};

/// The number of tasks that one worker may have, in work and waiting.
const DEPTH: usize = 2;

/// Works on assigned tasks until the run is over; true if the agent may disconnect, with nothing claimed.
pub fn work_assigned(agent: &mut Agent) -> Result<bool> {
    let assigned: Vec<String> = agent.brief.states.assigned.iter().cloned().collect();
    while !agent.is_stopping() {
        let mut worked = false;
        for status in &assigned {
            let mine = agent.tasks(&json!({"owner": agent.me, "status": status}))?;
            let Some(task) = mine.first().and_then(|task| task["id"].as_str()) else {
                continue;
            };
            if agent.claim(task, status)? && !work::work_on(agent, task)? {
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

/// Assigns tasks until the run is over.
pub fn coordinate(agent: &mut Agent) -> Result<bool> {
    let root = root(agent)?;
    while !agent.is_stopping() {
        let ready = ready_tasks(agent)?;
        let mut team = Team::ask(agent)?;
        let mut decided = 0;
        for task in &ready {
            let Some(id) = task["id"].as_str() else {
                continue;
            };
            let Some(worker) = team.free_worker(&Needs::of_task(task), DEPTH) else {
                continue;
            };
            if !assign(agent, id, &worker)? {
                break;
            }
            team.add_load(&worker);
            decided += 1;
        }
        finish_round(agent, root.as_deref(), decided)?;
        if decided == 0 {
            if ready.is_empty() && agent.is_over()? {
                return Ok(true);
            }
            agent.poll()?;
        }
    }
    Ok(true)
}

/// The topmost container of this run.
pub fn root(agent: &mut Agent) -> Result<Option<String>> {
    schema::agent::root(&mut agent.host, &agent.brief.run).map_err(outside)
}

/// The tasks of this run that wait for no other task, for any agent.
pub fn ready_tasks(agent: &mut Agent) -> Result<Vec<Value>> {
    let mut tasks = agent.tasks(&json!({"ready": true}))?;
    if let Some(tag) = &agent.brief.run_tag {
        tasks.retain(|task| strings(&task["tags"]).contains(tag));
    }
    Ok(tasks)
}

/// Thinks about one assignment and makes it; false if stopped meanwhile. A refusal means that the task or the worker
/// changed meanwhile, and the next look will show how.
pub fn assign(agent: &mut Agent, task: &str, worker: &str) -> Result<bool> {
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

/// Logs the cost of a round of decisions: on the topmost container, where no other agent logs, if there is one.
pub fn finish_round(agent: &mut Agent, root: Option<&str>, decided: usize) -> Result<()> {
    if decided == 0 {
        return Ok(());
    }
    let model = &agent.brief.model;
    let cost = WorkCost::of_work(model, decided as f64 * model.decision_s * 1000.0);
    match root {
        Some(root) => agent.log(root, &cost, 0)?,
        None => agent.usage.add(&cost),
    }
    agent.report()
}

/// The tags that a task asks for.
#[derive(Debug, Default)]
pub struct Needs {
    /// The agent must have all of these tags.
    pub needed: Vec<String>,
    /// The agent must have one of these tags, if there are any.
    pub wanted: Vec<String>,
}

impl Needs {
    fn of_task(task: &Value) -> Self {
        Self {
            needed: strings(&task["needed_tags"]),
            wanted: strings(&task["wanted_tags"]),
        }
    }

    fn are_met_by(&self, tags: &[String]) -> bool {
        self.needed.iter().all(|tag| tags.contains(tag))
            && (self.wanted.is_empty() || self.wanted.iter().any(|tag| tags.contains(tag)))
    }
}

/// The workers at the host, and the number of tasks that each has.
pub struct Team {
    workers: Vec<(String, Vec<String>)>,
    load: BTreeMap<String, usize>,
}

impl Team {
    pub fn ask(agent: &mut Agent) -> Result<Self> {
        let mut load: BTreeMap<String, usize> = BTreeMap::new();
        for task in agent.tasks(&json!({"claimed": true}))? {
            let id = task["id"].as_str();
            if id.is_some_and(|id| !agent.containers.contains(id)) {
                let worker = task["worker_id"].as_str().unwrap_or_default();
                *load.entry(worker.into()).or_default() += 1;
            }
        }
        let agents = agent.call("list_agents", &json!({"stale_timeout": 0}))?;
        let rows = agents["workers"].as_array().into_iter().flatten();
        let named = rows.filter_map(|row| Some((row["id"].as_str()?, strings(&row["tags"]))));
        // Leaders take no tasks; each has the coordinator's tag.
        let leader = workflows::pattern(PUSH).leader;
        let leads = |tag: &String| leader.is_some_and(|leader| leader.tags.contains(&tag.as_str()));
        let workers = named.filter(|(id, tags)| *id != agent.me && !tags.iter().any(leads));
        let workers = workers.map(|(id, tags)| (id.into(), tags)).collect();
        Ok(Self { workers, load })
    }

    /// The worker with the fewest tasks among those that meet the needs, if it has fewer than `depth`.
    pub fn free_worker(&self, needs: &Needs, depth: usize) -> Option<String> {
        let fitting = self
            .workers
            .iter()
            .filter(|(_, tags)| needs.are_met_by(tags));
        let loaded = fitting.map(|(id, _)| (self.load.get(id).copied().unwrap_or(0), id));
        let free = loaded.filter(|(load, _)| *load < depth).min();
        free.map(|(_, id)| id.clone())
    }

    /// Counts one more task of a worker.
    pub fn add_load(&mut self, worker: &str) {
        *self.load.entry(worker.into()).or_default() += 1;
    }
}

fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    let strings = items.filter_map(Value::as_str);
    strings.map(String::from).collect()
}
