//! Giving back what a dead agent held, while others are there to take it.
//!
//! A server that ends releases nothing, so a task that an agent held when it died would stay its own for ever and the run
//! would stall. The host is told to put the worker out, through a server of our own: the database is not written from
//! outside while agents live. Starting a server also puts out everybody the host has not heard of for 300 s, at work
//! or not; so where somebody has been silent for long we wait. At the end of a run claims are left as they are: they are
//! evidence.

use crate::crew::{Crew, Live};
use crate::start::Ready;
use serde_json::json;
use std::collections::BTreeSet;
use tg_host::{Caller, Client};
use tg_stage::mark::{ATTEMPT, DIR, Owner};
use tg_stage::{say, time};

/// Silence after which a server's start might put a worker out; well below the host's 300 s.
const SILENT_MS: i64 = 240_000;

/// Tell the host of agents that have died with others alive; `told` are those it was told of.
pub fn dead(ready: &Ready, crew: &Crew, told: &mut BTreeSet<String>) {
    let dead = |one: &&Live| one.is_over() && !told.contains(&one.agent.worker);
    let dead: Vec<String> = crew
        .members
        .iter()
        .filter(dead)
        .map(|one| one.agent.worker.clone())
        .collect();
    if dead.is_empty() || crew.is_gone() {
        return;
    }
    let Some(heard) = crew.seen.heard() else {
        return; // locked: at the next look
    };
    let now = time::now_ms();
    let others_silent = heard
        .iter()
        .any(|(worker, at)| !dead.contains(worker) && now - at > SILENT_MS);
    let there: Vec<&String> = dead
        .iter()
        .filter(|worker| heard.iter().any(|(id, _)| id == *worker))
        .collect();
    if !there.is_empty() && others_silent {
        return;
    }
    for worker in &there {
        if let Err(cause) = put_out(ready, worker) {
            say(format_args!(
                "tg-launch: {worker}: what it held could not be given back: {cause}"
            ));
        }
    }
    told.extend(dead);
}

fn put_out(ready: &Ready, worker: &str) -> tg_host::Result<()> {
    let mut server = ready.seal.command(&ready.host, "release");
    server
        .env(DIR, &ready.seal.dir)
        .env(ATTEMPT, Owner::this().to_string());
    let mut caller = Caller::new(Client::start(server)?);
    caller
        .call("cleanup_stale", &json!({"worker_id": worker}))
        .map(|_| ())
}
