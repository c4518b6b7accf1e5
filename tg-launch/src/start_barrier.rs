//! The start barrier: no agent gets a task before all agents are connected.
//!
//! Agents take from a second to half a minute to connect; without a barrier an experiment measures that. The barrier is a
//! hidden task that all first tasks wait for. It does not bind an agent that assigns tasks without reading the ready list,
//! so the leader is started only when all other agents are connected. One call through the host itself opens the barrier:
//! the database is never written from outside while agents are running.

use crate::processes::{Processes, TICK};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Instant;
use tg_host::schema::start::barrier_id;
use tg_host::{Caller, Client, Host, Seal};
use tg_stage::error::outside;
use tg_stage::owner::{ATTEMPT, DIR, Owner};
use tg_stage::{Error, Result, time};

/// Waits until all started agents are registered at the host; an error names those that exited before or took too long.
pub fn await_connected(processes: &mut Processes, cancelled: &AtomicBool) -> Result<()> {
    let begun = Instant::now();
    loop {
        processes.update();
        let missing = || {
            let all = processes.agents.iter();
            all.filter(|one| !processes.connected.has(&one.agent.worker))
        };
        if missing().next().is_none() {
            return Ok(());
        }
        let gone = missing().any(|one| one.exit.is_some());
        let over = begun.elapsed() > processes.policy.connect;
        if gone || over || cancelled.load(Ordering::Relaxed) {
            let why = if gone {
                "ended before it connected"
            } else {
                "did not connect"
            };
            let names: Vec<&str> = missing().map(|one| one.agent.worker.as_str()).collect();
            return Err(Error::outside(names.join(", "), why)
                .hint("see its stderr.log in the run's agents/"));
        }
        sleep(TICK);
    }
}

/// Opens the barrier; returns the moment, in milliseconds since the epoch.
pub fn open(host: &Host, seal: &Seal, run: &str) -> Result<i64> {
    let mut server = seal.command(host, "gate");
    server
        .env(DIR, &seal.dir)
        .env(ATTEMPT, Owner::this().to_string());
    let mut caller = Caller::new(Client::start(server).map_err(outside)?);
    let barrier = json!({"worker_id": "tg-launch", "task": barrier_id(run), "obliterate": true, "force": true});
    let now = time::now_ms();
    caller.call("delete", &barrier).map_err(outside)?;
    Ok(now)
}
