//! Who plays what: roles and tags of a run's agents.
//!
//! The host hides a task from an agent that lacks one of its needed tags, so every agent that may have to do any task
//! carries all needed tags of the run's tasks (wanted ones too: the host treats them as a filter). A coordinator
//! carries none: it is not to be offered work.

use rusqlite::Connection;
use std::collections::BTreeSet;
use tg_stage::{Agent, Error, Result, Run};

/// The agents of a run, in the order they are started: who assigns comes last, so that nothing moves before all are
/// there.
pub fn agents(run: &Run, db: &Connection) -> Result<Vec<Agent>> {
    let wanted = task_tags(db).map_err(|cause| Error::outside("database", cause))?;
    let lead = match run.workflow.as_str() {
        "push" => Some(("coordinator", vec!["coordinator"])),
        "hierarchical" => Some(("lead", vec!["lead", "coordinator"])),
        _ => None,
    };
    let led = u32::from(lead.is_some());
    if run.agents <= led {
        return Err(Error::input(
            "",
            format!("{} agents are too few for {}", run.agents, run.workflow),
        ));
    }
    let mut tags = vec!["worker".to_string()];
    tags.extend(wanted.into_iter().filter(|tag| tag != "worker"));
    let mut agents: Vec<Agent> = (1..=run.agents - led)
        .map(|number| Agent {
            worker: format!("{}-w{number}", run.id),
            role: "worker".into(),
            tags: tags.clone(),
        })
        .collect();
    if let Some((role, tags)) = lead {
        let tags = tags.into_iter().map(String::from).collect();
        agents.push(Agent {
            worker: format!("{}-{role}", run.id),
            role: role.into(),
            tags,
        });
    }
    match agents.iter().find(|agent| agent.worker.len() > 64) {
        Some(long) => Err(Error::input(
            "",
            format!(
                "worker id `{}` is longer than the host's 64 bytes",
                long.worker
            ),
        )),
        None => Ok(agents),
    }
}

fn task_tags(db: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut query =
        db.prepare("SELECT tag FROM task_needed_tags UNION SELECT tag FROM task_wanted_tags")?;
    query.query_map([], |row| row.get(0))?.collect()
}
