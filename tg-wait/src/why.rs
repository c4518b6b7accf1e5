//! What an outcome was told from, in a few words for the record.

use crate::decide::{Agents, Patience, Seen};
use crate::probe::Probe;
use rusqlite::Result;
use tg_host::experiment::AgentRow;
use tg_stage::spent::Reached;
use tg_stage::time::show;

/// How many names are enough.
const MANY: usize = 10;

/// Why a run that was `seen` like this ended with this `outcome`. `ends` are its agents' ends, `reached` the limit that was.
pub fn why(
    outcome: &str,
    seen: &Seen,
    patience: &Patience,
    probe: &Probe,
    ends: &[AgentRow],
    reached: Option<Reached>,
) -> Result<String> {
    Ok(match outcome {
        "completed" => "every task succeeded".into(),
        "failed_tasks" => {
            let cause = if matches!(seen.agents, Agents::Live | Agents::Unknown) {
                format!("nothing changed for {}", show(patience.settle))
            } else {
                "no agent is left".into()
            };
            format!("failed: {}; {cause}", names(&probe.failed(MANY + 1)?))
        }
        "timeout" => format!("{} since the launch", show(patience.timeout)),
        "stalled" => {
            let quiet = show(patience.stall);
            let quiet = format!("no state change, tool call or heartbeat for {quiet}");
            match probe.parked(MANY + 1)?.as_slice() {
                [] => quiet,
                parked => format!("{quiet}; parked: {}", names(parked)),
            }
        }
        "budget" => match reached {
            Some(reached) => reached.to_string(),
            None => agents(ends),
        },
        "cancelled" if seen.told_to_stop => "tg-wait was told to stop".into(),
        "cancelled" => "tg-launch was told to stop".into(),
        "infra" if seen.agents == Agents::Failed => {
            let mut reasons = ends.iter().map(|end| end.end_reason.as_deref());
            if reasons.any(|reason| reason == Some("disk")) {
                "no space left on device".into()
            } else {
                agents(ends)
            }
        }
        "infra" => {
            let lost = ends
                .iter()
                .filter(|end| end.end_reason.as_deref() == Some("lost"));
            let lost: Vec<String> = lost.map(|end| end.worker_id.clone()).collect();
            format!("the launcher was killed, and with it {}", names(&lost))
        }
        _ => agents(ends),
    })
}

/// `w1 exited with 0, w2 was ended (no_mcp)`
fn agents(ends: &[AgentRow]) -> String {
    let one = |end: &AgentRow| {
        let exit = end.exit.as_deref().unwrap_or("unknown");
        match end.end_reason.as_deref() {
            None | Some("exited") => format!("{} exited with {exit}", end.worker_id),
            Some(why) => format!("{} {why} ({exit})", end.worker_id),
        }
    };
    let all: Vec<String> = ends.iter().map(one).collect();
    names(&all)
}

fn names(all: &[String]) -> String {
    match all.get(..MANY) {
        Some(first) if all.len() > MANY => format!("{}, ...", first.join(", ")),
        _ => all.join(", "),
    }
}
