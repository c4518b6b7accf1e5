//! Who plays what: roles and tags of a run's agents.
//!
//! The host hides a task from an agent that lacks one of its needed tags, so an agent that may have to do any task
//! carries all needed tags of the run's tasks (wanted ones too: the host treats them as a filter). Who assigns carries
//! none: it is not to be offered work. Under relay the specialists' tags are dealt out in the order in which work passes
//! them, several to one agent when agents are fewer, over again when they are more; tags that are no specialist's go to
//! all. A needed tag that nobody holds would leave its tasks waiting for ever, so it is an error.

use rusqlite::Connection;
use std::collections::BTreeSet;
use tg_stage::{Agent, Error, Result, Run};

/// The specialists of relay, in the order work passes them.
const SPECIALISTS: [&str; 4] = ["designer", "implementer", "reviewer", "tester"];

/// The agents of a run, in the order they are started: who assigns comes last, so that nothing moves before all are
/// there.
pub fn agents(run: &Run, db: &Connection) -> Result<Vec<Agent>> {
    let needed = task_tags(db, &run.id).map_err(|cause| Error::outside("database", cause))?;
    let lead = match run.workflow.as_str() {
        "push" => Some(("coordinator", vec!["coordinator"])),
        "hierarchical" => Some(("lead", vec!["lead", "coordinator"])),
        _ => None,
    };
    let led = u32::from(lead.is_some());
    if run.agents <= led {
        let why = format!(
            "{} agents are too few for {}: one leads",
            run.agents, run.workflow
        );
        return Err(Error::input("", why));
    }
    let mut agents = match run.workflow.as_str() {
        "relay" => relay(run, &needed),
        _ => (1..=run.agents - led)
            .map(|number| worker(run, number, "worker", &needed))
            .collect(),
    };
    if let Some((role, tags)) = lead {
        let mut tags: Vec<String> = tags.into_iter().map(String::from).collect();
        tags.extend(needed.iter().filter(|tag| tag.starts_with("run:")).cloned());
        agents.push(Agent {
            worker: format!("{}-{role}", run.id),
            role: role.into(),
            tags,
        });
    }
    check(&agents, &needed)?;
    Ok(agents)
}

/// Whether an agent gives others work.
pub fn leads(agent: &Agent) -> bool {
    matches!(agent.role.as_str(), "coordinator" | "lead")
}

fn worker(run: &Run, number: u32, role: &str, tags: &BTreeSet<String>) -> Agent {
    let mut all = vec!["worker".to_string()];
    all.extend(tags.iter().filter(|tag| *tag != "worker").cloned());
    Agent {
        worker: format!("{}-w{number}", run.id),
        role: role.into(),
        tags: all,
    }
}

/// Specialists: `implementer`, or `designer+implementer` where one agent is both.
fn relay(run: &Run, needed: &BTreeSet<String>) -> Vec<Agent> {
    let special: Vec<&str> = SPECIALISTS
        .into_iter()
        .filter(|tag| needed.contains(*tag))
        .collect();
    let common = needed.iter().filter(|tag| !special.contains(&tag.as_str()));
    let common: Vec<String> = common.cloned().collect();
    let agents = run.agents as usize;
    (0..agents)
        .map(|index| {
            let mine: Vec<&str> = match special.len() {
                0 => Vec::new(),
                kinds if kinds > agents => special
                    .iter()
                    .enumerate()
                    .filter(|(kind, _)| kind * agents / kinds == index)
                    .map(|(_, tag)| *tag)
                    .collect(),
                kinds => vec![special[index % kinds]],
            };
            let role = if mine.is_empty() {
                "worker".into()
            } else {
                mine.join("+")
            };
            // No `worker` tag: the host gives prompts by the first role that matches.
            let mut tags: Vec<String> = mine.into_iter().map(String::from).collect();
            tags.extend(common.iter().cloned());
            Agent {
                worker: format!("{}-w{}", run.id, index + 1),
                role,
                tags,
            }
        })
        .collect()
}

fn check(agents: &[Agent], needed: &BTreeSet<String>) -> Result<()> {
    if let Some(orphan) = needed
        .iter()
        .find(|tag| !agents.iter().any(|agent| agent.tags.contains(tag)))
    {
        return Err(Error::input(
            "",
            format!("no agent holds the tag `{orphan}`, which some task needs"),
        ));
    }
    match agents.iter().find(|agent| agent.worker.len() > 64) {
        Some(long) => Err(Error::input(
            "",
            format!(
                "worker id `{}` is longer than the host's 64 bytes",
                long.worker
            ),
        )),
        None => Ok(()),
    }
}

fn task_tags(db: &Connection, run: &str) -> rusqlite::Result<BTreeSet<String>> {
    let ours = "task_id IN (SELECT task_id FROM experiment_tasks WHERE run_id = ?1)";
    let sql = format!(
        "SELECT tag FROM task_needed_tags WHERE {ours} UNION SELECT tag FROM task_wanted_tags WHERE {ours}"
    );
    db.prepare(&sql)?
        .query_map([run], |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(agents: u32, tags: &[&str]) -> Vec<Vec<String>> {
        let run = Run {
            id: "relay-r1".into(),
            agents,
            ..Run::default()
        };
        let tags = tags.iter().map(ToString::to_string).collect();
        relay(&run, &tags)
            .into_iter()
            .map(|agent| agent.tags)
            .collect()
    }

    #[test]
    fn specialists_are_dealt_in_order_and_none_is_left_over() {
        let all = ["tester", "reviewer", "designer", "implementer"];
        assert_eq!(
            dealt(1, &all),
            [["designer", "implementer", "reviewer", "tester"]]
        );
        assert_eq!(
            dealt(2, &all),
            [["designer", "implementer"], ["reviewer", "tester"]]
        );
        assert_eq!(
            dealt(3, &all),
            [
                vec!["designer", "implementer"],
                vec!["reviewer"],
                vec!["tester"]
            ]
        );
        assert_eq!(
            dealt(4, &all),
            [["designer"], ["implementer"], ["reviewer"], ["tester"]]
        );
        assert_eq!(dealt(6, &all)[4..], [["designer"], ["implementer"]]);
        assert_eq!(
            dealt(2, &["designer", "tester", "python"]),
            [["designer", "python"], ["tester", "python"]]
        );
    }

    #[test]
    fn every_needed_tag_is_held_by_somebody_for_any_number_of_agents() {
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
