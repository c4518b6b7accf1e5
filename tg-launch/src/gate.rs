//! The start gate: nobody begins before everybody is there.
//!
//! Agents take from a second to half a minute to connect; without a gate an experiment measures that. The gate is a
//! hidden task that all first tasks wait for. It does not bind somebody who assigns without looking at the ready list,
//! so who leads is started only when all others are connected. It is opened by one call through the host itself: the
//! database is never written from outside while agents live.

use crate::Limits;
use crate::connected::Connected;
use crate::start::Live;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_host::{Caller, Client, Host, Seal, experiment};
use tg_stage::error::outside;
use tg_stage::{Error, Result, time};

/// Wait until all of `agents` are registered at the host, for at most `limits.connect`; an agent that ends before is missed.
pub fn wait_for(agents: &mut [Live], seen: &mut Connected, limits: &Limits) -> Result<()> {
    let begun = Instant::now();
    loop {
        seen.look();
        let missing: Vec<String> = agents
            .iter()
            .map(|one| one.agent.worker.clone())
            .filter(|worker| !seen.has(worker))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let gone = agents.iter_mut().any(|one| {
            !matches!(one.supervisor.try_wait(), Ok(None)) && !seen.has(&one.agent.worker)
        });
        if gone || begun.elapsed() > limits.connect || limits.cancelled.load(Ordering::Relaxed) {
            let why = if gone {
                "ended before it connected"
            } else {
                "did not connect"
            };
            return Err(Error::outside(missing.join(", "), why)
                .hint("see its stderr.log in the run's agents/"));
        }
        sleep(Duration::from_millis(10));
    }
}

/// Open the gate; returns the moment, in milliseconds since the epoch.
pub fn open(host: &Host, seal: &Seal, run: &str) -> Result<i64> {
    let mut caller = Caller::new(Client::start(seal.command(host, "gate")).map_err(outside)?);
    let gate = json!({"worker_id": "tg-launch", "task": experiment::gate_id(run), "obliterate": true, "force": true});
    let now = time::now_ms();
    caller.call("delete", &gate).map_err(outside)?;
    Ok(now)
}
