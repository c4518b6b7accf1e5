//! Ending agents, and keeping what they left: how they exited, what they used.

use crate::connected::Connected;
use crate::start::Live;
use crate::usage;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_host::experiment::AgentRow;
use tg_stage::{Result, Run, file, time};

/// End all agents of a run together.
pub fn end_all(started: &mut [Live], grace: Duration) {
    for one in started.iter_mut() {
        if matches!(one.supervisor.try_wait(), Ok(None)) {
            tell(one, Signal::TERM);
        }
    }
    for one in started {
        end(one, grace);
    }
}

/// End one agent and all below it; returns when its supervisor has gone.
fn end(one: &mut Live, grace: Duration) {
    tell(one, Signal::TERM);
    let begun = Instant::now();
    while matches!(one.supervisor.try_wait(), Ok(None)) {
        if begun.elapsed() > grace + Duration::from_secs(8) {
            tell(one, Signal::KILL);
        }
        sleep(Duration::from_millis(5));
    }
}

/// End agents that did not register at the host in the time their profile gives them: one that came up without the host's
/// tools would spend its budget on nothing.
pub fn end_unconnected(live: &mut [Live], seen: &Connected) {
    let now = time::now_ms();
    for one in live {
        let Some(patience) = one.connect else {
            continue;
        };
        let is_late = now - one.started_at_ms > patience.as_millis() as i64;
        if is_late && one.ended_for.is_none() && !seen.has(&one.agent.worker) {
            one.ended_for = Some("never_connected");
            tell(one, Signal::TERM);
        }
    }
}

fn tell(one: &mut Live, signal: Signal) {
    if let Some(pid) = Pid::from_raw(one.supervisor.id() as i32)
        && matches!(one.supervisor.try_wait(), Ok(None))
    {
        let _ = kill_process(pid, signal);
    }
}

/// Write `end.json` of an agent whose supervisor has gone: a row of `experiment_agents`. An agent that failed by itself is
/// named on stderr, with its last words.
pub fn keep(run: &Run, one: &Live, why: &str, seen: &Connected) -> Result<()> {
    let dir = &one.place.agent_dir;
    let read = |name: &str| -> Value {
        std::fs::read(dir.join(name))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    };
    let exit = read("exit.json");
    let usage = usage::read(&one.place, run.profile.as_ref());
    let row = AgentRow {
        run_id: run.id.clone(),
        worker_id: one.agent.worker.clone(),
        role: Some(one.agent.role.clone()),
        tags: Some(Value::from(one.agent.tags.clone()).to_string()),
        program: Some(one.program.clone()),
        version: usage.version,
        started_at: Some(one.started_at_ms),
        connected_at: seen
            .since(&one.agent.worker)
            .or(read("usage.json")["connected_at_ms"].as_i64()),
        ended_at: exit["ended_at_ms"].as_i64(),
        exit: exit["exit"].as_str().map(String::from),
        end_reason: Some(
            one.ended_for
                .or(usage.fault.as_deref())
                .unwrap_or(why)
                .into(),
        ),
        cost_usd: usage.cost_usd,
        tokens_in: usage.tokens_in,
        tokens_out: usage.tokens_out,
        tokens_cached: usage.tokens_cached,
        tokens_thinking: usage.tokens_thinking,
        cost_source: usage.cost_source,
    };
    let text =
        serde_json::to_vec(&row).map_err(|cause| tg_stage::Error::outside("end.json", cause))?;
    file::write(&dir.join("end.json"), &text)
}
