//! The evidence for an outcome, as a short text for the record.

use crate::decide::{Agents, Evidence, Patience};
use crate::launcher::end_reason;
use rusqlite::Result;
use tg_host::experiment_tables::AgentRow;
use tg_host::schema::probe::Probe;
use tg_stage::spent::Reached;
use tg_stage::time::show;
use tg_stage::{EndReason, Outcome};

/// The most names in one text.
const MOST_NAMES: usize = 10;

/// The evidence for `outcome`. `agents` are the rows of the agents, `reached` is the limit that was reached.
pub fn why(
    outcome: &Outcome,
    seen: &Evidence,
    patience: &Patience,
    probe: &Probe,
    agents: &[AgentRow],
    reached: Option<Reached>,
) -> Result<String> {
    Ok(match outcome {
        Outcome::Completed => "every task succeeded".into(),
        Outcome::FailedTasks => {
            let cause = match seen.agents {
                Agents::Running | Agents::Unknown => {
                    format!("nothing changed for {}", show(patience.settle))
                }
                _ => "no agent is left".into(),
            };
            let failed = probe.failed_tasks(MOST_NAMES + 1)?;
            format!("failed: {}; {cause}", names(&failed))
        }
        Outcome::Timeout => format!("{} since the launch", show(patience.timeout)),
        Outcome::Stalled => {
            let quiet = show(patience.stall);
            let quiet = format!("no state change, tool call or heartbeat for {quiet}");
            match probe.parked_tasks(MOST_NAMES + 1)?.as_slice() {
                [] => quiet,
                parked => format!("{quiet}; parked: {}", names(parked)),
            }
        }
        Outcome::Budget => reached.map_or_else(|| ends(agents), |reached| reached.to_string()),
        Outcome::Cancelled if seen.stop_requested => "tg-wait was asked to stop".into(),
        Outcome::Cancelled => "tg-launch was asked to stop".into(),
        Outcome::Infra if seen.agents == Agents::Failed => {
            if ended_by(&EndReason::Disk, agents).is_empty() {
                ends(agents)
            } else {
                "no space left on device".into()
            }
        }
        Outcome::Infra => {
            let lost = names(&ended_by(&EndReason::Lost, agents));
            format!("the launcher was killed, and with it {lost}")
        }
        Outcome::AgentsGone | Outcome::NeverConnected | Outcome::Other(_) => ends(agents),
    })
}

/// The agents that ended for `reason`.
fn ended_by(reason: &EndReason, agents: &[AgentRow]) -> Vec<String> {
    let ended = agents.iter().filter(|agent| end_reason(agent) == *reason);
    ended.map(|agent| agent.worker_id.clone()).collect()
}

/// `w1 exited with 0, w2 no_mcp (signal 15)`
fn ends(agents: &[AgentRow]) -> String {
    let end = |agent: &AgentRow| {
        let (worker, exit) = (&agent.worker_id, agent.exit.as_deref().unwrap_or("unknown"));
        match (agent.end_reason.is_some(), end_reason(agent)) {
            (false, _) | (_, EndReason::Exited) => format!("{worker} exited with {exit}"),
            (true, reason) => format!("{worker} {reason} ({exit})"),
        }
    };
    let all: Vec<String> = agents.iter().map(end).collect();
    names(&all)
}

fn names(all: &[String]) -> String {
    match all.get(..MOST_NAMES) {
        Some(first) if all.len() > MOST_NAMES => format!("{}, ...", first.join(", ")),
        _ => all.join(", "),
    }
}
