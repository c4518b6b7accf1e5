//! Frees the tasks of an agent that exited, while other agents are running and can claim them.
//!
//! A server that exits releases nothing, so a task that an agent held at its exit would stay claimed and the run would
//! stall. The host is asked to remove the worker, through a server of our own: the database is not written from outside
//! while agents are running. The start of a server also removes every worker without a heartbeat for 300 s, working or
//! not; so while another worker has been silent for long, this waits. At the end of a run claims stay as they are: they
//! are evidence.

use crate::processes::{AgentProcess, Processes};
use crate::start::Ready;
use serde_json::json;
use std::collections::BTreeSet;
use tg_host::{Caller, Client};
use tg_stage::owner::{ATTEMPT, DIR, Owner};
use tg_stage::{say, time};

/// The silence after which the start of a server might remove a worker; well below the host's 300 s.
const SILENT_MS: i64 = 240_000;

/// Removes the finished agents from the host while others are running; `freed` lists those that are done.
pub fn of_finished(ready: &Ready, processes: &Processes, freed: &mut BTreeSet<String>) {
    let is_new = |one: &&AgentProcess| one.is_finished() && !freed.contains(&one.agent.worker);
    let all = processes.agents.iter().filter(is_new);
    let finished: Vec<String> = all.map(|one| one.agent.worker.clone()).collect();
    if finished.is_empty() || processes.all_exited() {
        return;
    }
    let Some(heartbeats) = processes.connected.heartbeats() else {
        return; // locked: tried again at the next tick
    };
    let now = time::now_ms();
    let others_silent = heartbeats
        .iter()
        .any(|(worker, at)| !finished.contains(worker) && now - at > SILENT_MS);
    let is_registered = |worker: &&String| heartbeats.iter().any(|(id, _)| id == *worker);
    let registered: Vec<&String> = finished.iter().filter(is_registered).collect();
    if !registered.is_empty() && others_silent {
        return;
    }
    for worker in &registered {
        if let Err(cause) = remove(ready, worker) {
            say(format_args!(
                "tg-launch: {worker}: its claims could not be freed: {cause}"
            ));
        }
    }
    freed.extend(finished);
}

fn remove(ready: &Ready, worker: &str) -> tg_host::Result<()> {
    let mut server = ready.seal.command(&ready.host, "release");
    server
        .env(DIR, &ready.seal.dir)
        .env(ATTEMPT, Owner::this().to_string());
    let mut caller = Caller::new(Client::start(server)?);
    caller
        .call("cleanup_stale", &json!({"worker_id": worker}))
        .map(|_| ())
}
