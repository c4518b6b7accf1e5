//! The start gate: nobody begins before everybody is there.
//!
//! Agents take from a second to half a minute to connect; without a gate an experiment measures that. The gate is a
//! hidden task that all first tasks wait for. It does not bind somebody who assigns without looking at the ready list,
//! so who leads is started only when all others are connected. It is opened by one call through the host itself: the
//! database is never written from outside while agents live.

use crate::crew::{Crew, TICK};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Instant;
use tg_host::{Caller, Client, Host, Seal, experiment};
use tg_stage::error::outside;
use tg_stage::mark::{ATTEMPT, DIR, Owner};
use tg_stage::{Error, Result, time};

/// Wait until all of the crew are registered at the host, as long as that may take; an agent that ends before is missed.
pub fn wait_for(crew: &mut Crew, cancelled: &AtomicBool) -> Result<()> {
    let begun = Instant::now();
    loop {
        crew.look();
        let missing = || {
            let all = crew.members.iter();
            all.filter(|one| !crew.seen.has(&one.agent.worker))
        };
        if missing().next().is_none() {
            return Ok(());
        }
        let gone = missing().any(|one| one.exit.is_some());
        let over = begun.elapsed() > crew.manners.connect;
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

/// Open the gate; returns the moment, in milliseconds since the epoch.
pub fn open(host: &Host, seal: &Seal, run: &str) -> Result<i64> {
    let mut server = seal.command(host, "gate");
    server
        .env(DIR, &seal.dir)
        .env(ATTEMPT, Owner::this().to_string());
    let mut caller = Caller::new(Client::start(server).map_err(outside)?);
    let gate = json!({"worker_id": "tg-launch", "task": experiment::gate_id(run), "obliterate": true, "force": true});
    let now = time::now_ms();
    caller.call("delete", &gate).map_err(outside)?;
    Ok(now)
}
