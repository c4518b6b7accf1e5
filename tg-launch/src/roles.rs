//! The roles and tags of a run's agents.
//!
//! The host hides a task from an agent that lacks one of its needed tags, so an agent that may have to do any task
//! holds all needed tags of the run's tasks (wanted ones too: the host treats them as a filter). A leader holds none of
//! them, so that it is not offered work. Under relay the specialists' tags are distributed in the order in which work passes
//! the specialists: several to one agent if there are fewer agents, repeated if there are more; other tags go to all. A
//! needed tag that no agent holds would leave its tasks waiting forever, so it is an error.

use rusqlite::Connection;
use std::collections::BTreeSet;
use tg_host::schema;
use tg_stage::workflows::{self, SPECIALISTS};
use tg_stage::{Agent, Error, Result, Run};

/// The agents of a run, in the order they are started: the leader is last, so that no task is assigned before all other
/// agents are started.
pub fn agents(run: &Run, db: &Connection) -> Result<Vec<Agent>> {
    let needed =
        schema::roles::task_tags(db, &run.id).map_err(|cause| Error::outside("database", cause))?;
    let pattern = workflows::pattern(&run.workflow);
    let led = u32::from(pattern.leader.is_some());
    if run.agents <= led {
        let why = format!(
            "{} agents are too few for {}: one leads",
            run.agents, run.workflow
        );
        return Err(Error::input("", why));
    }
    let mut agents = if pattern.has_specialists {
        relay(run, &needed)
    } else {
        let workers = 1..=run.agents - led;
        workers.map(|number| worker(run, number, &needed)).collect()
    };
    if let Some(leader) = pattern.leader {
        let tags = leader.tags.iter().map(ToString::to_string);
        let run_tags = needed.iter().filter(|tag| tag.starts_with("run:"));
        agents.push(Agent {
            worker: format!("{}-{}", run.id, leader.role),
            role: leader.role.into(),
            tags: tags.chain(run_tags.cloned()).collect(),
        });
    }
    check(&agents, &needed)?;
    Ok(agents)
}

fn worker(run: &Run, number: u32, needed: &BTreeSet<String>) -> Agent {
    let others = needed.iter().filter(|tag| *tag != "worker").cloned();
    Agent {
        worker: format!("{}-w{number}", run.id),
        role: "worker".into(),
        tags: std::iter::once("worker".into()).chain(others).collect(),
    }
}

/// Specialists: `implementer`, or `designer+implementer` if one agent is both.
fn relay(run: &Run, needed: &BTreeSet<String>) -> Vec<Agent> {
    let mut special: Vec<&str> = SPECIALISTS.into();
    special.retain(|tag| needed.contains(*tag));
    let common = needed.iter().filter(|tag| !special.contains(&tag.as_str()));
    let common: Vec<String> = common.cloned().collect();
    let (agents, kinds) = (run.agents as usize, special.len());
    let tags_of = |index: usize| -> Vec<&str> {
        match kinds {
            0 => Vec::new(),
            _ if kinds > agents => (0..kinds)
                .filter(|kind| kind * agents / kinds == index)
                .map(|kind| special[kind])
                .collect(),
            _ => vec![special[index % kinds]],
        }
    };
    (0..agents)
        .map(|index| {
            let own = tags_of(index);
            let role = if own.is_empty() {
                "worker".into()
            } else {
                own.join("+")
            };
            // No `worker` tag: the host selects prompts by the first role that matches.
            let tags = own.into_iter().map(String::from);
            Agent {
                worker: format!("{}-w{}", run.id, index + 1),
                role,
                tags: tags.chain(common.iter().cloned()).collect(),
            }
        })
        .collect()
}

/// An error if no agent holds a needed tag, or the host would refuse a worker id.
fn check(agents: &[Agent], needed: &BTreeSet<String>) -> Result<()> {
    let is_held = |tag: &&String| agents.iter().any(|agent| agent.tags.contains(tag));
    let orphan = needed.iter().find(|tag| !is_held(tag));
    let orphan = orphan.map(|tag| format!("no agent holds the tag `{tag}`, which some task needs"));
    let mut ids = agents.iter().map(|agent| &agent.worker);
    let long = ids.find(|id| id.len() > 64);
    let long = long.map(|id| format!("worker id `{id}` is longer than the host's 64 bytes"));
    match orphan.or(long) {
        Some(cause) => Err(Error::input("", cause)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tags of each agent.
    fn assigned(agents: u32, tags: &str) -> Vec<String> {
        let run = Run {
            id: "relay-r1".into(),
            agents,
            ..Run::default()
        };
        let tags = tags.split(' ').map(String::from).collect();
        let agents = relay(&run, &tags).into_iter();
        agents.map(|agent| agent.tags.join(" ")).collect()
    }

    #[test]
    fn specialists_are_assigned_in_order_and_none_is_left_over() {
        let all = "tester reviewer designer implementer";
        let each = ["designer", "implementer", "reviewer", "tester"];
        assert_eq!(assigned(1, all), [each.join(" ")]);
        assert_eq!(
            assigned(2, all),
            ["designer implementer", "reviewer tester"]
        );
        assert_eq!(
            assigned(3, all),
            ["designer implementer", "reviewer", "tester"]
        );
        assert_eq!(assigned(4, all), each);
        assert_eq!(assigned(6, all)[4..], ["designer", "implementer"]);
        assert_eq!(
            assigned(2, "designer tester python"),
            ["designer python", "tester python"]
        );
    }

    #[test]
    fn every_needed_tag_is_held_by_some_agent_for_any_number_of_agents() {
        let needed: BTreeSet<String> = SPECIALISTS
            .iter()
            .chain(&["python"])
            .map(ToString::to_string)
            .collect();
        for agents in 1..=9 {
            let run = Run {
                id: "relay-r1".into(),
                agents,
                ..Run::default()
            };
            assert!(check(&relay(&run, &needed), &needed).is_ok(), "{agents}");
        }
        assert!(check(&[], &needed).is_err());
    }
}
