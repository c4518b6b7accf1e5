//! Writing down the end of a run.
//!
//! First `end.json`, on which the launcher ends the agents. Then, when the launcher has gone and nobody else has the
//! database open, one transaction into our tables: the only write between instantiation and export. If somebody keeps
//! it open (agents connected by hand), nothing is written and `tg-export` puts the values into the snapshot.

use crate::Shared;
use crate::launcher::Launcher;
use crate::probe::Probe;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tg_host::experiment::AgentRow;
use tg_host::{database, experiment};
use tg_stage::error::outside;
use tg_stage::{Error, Launch, Record, Result, Wait, file, time};

/// Longer than a launcher takes to end the most stubborn agents.
const LAUNCHER: Duration = Duration::from_mins(1);

/// What goes into the record: the outcome, the tasks by state, the moment of the end.
pub fn decide(probe: &Probe, outcome: &str) -> rusqlite::Result<Wait> {
    let open = probe.open(10)?;
    let last = if open.is_empty() {
        probe.last_terminal()?
    } else {
        None
    };
    let ended_at_ms = last.unwrap_or_else(time::now_ms);
    Ok(Wait {
        outcome: outcome.into(),
        states: probe.counts()?,
        ended_at_ms,
        open,
    })
}

/// Write `end.json`, if the run has a directory.
pub fn announce(record: &Record, wait: &Wait) -> Result<()> {
    let Some(dir) = record.dir().filter(|dir| dir.is_dir()) else {
        return Ok(());
    };
    let text = json!({"outcome": wait.outcome, "ended_at_ms": wait.ended_at_ms}).to_string();
    file::write(&dir.join("end.json"), text.as_bytes())
}

/// Wait for the launcher and for the database, and store the end and the agents.
pub fn store(
    shared: &Shared,
    record: &Record,
    wait: &Wait,
    launcher: Option<&Launcher>,
    path: &Path,
) -> Result<()> {
    if launcher.is_some_and(|launcher| !launcher.wait_until_gone(LAUNCHER)) {
        return Err(Error::outside(
            "launch.lock",
            "the launcher does not end its agents",
        ));
    }
    let run = record.id();
    if !has_run(path, run)? {
        return Ok(()); // not a database of ours: leave it as it is
    }
    let Some(mut db) = database::open_alone(path, shared.args.linger).map_err(outside)? else {
        eprintln!(
            "tg-wait: run {run}: others still have the database open: nothing is stored in it, tg-export will add the end"
        );
        return Ok(());
    };
    let launch: Option<Launch> = record.get("launch").ok();
    let agents = match launcher {
        Some(launcher) => launcher.ends(),
        None => by_hand(run, launch.as_ref()),
    };
    let started = launch.map(|launch| launch.started_at_ms);
    put(&mut db, run, started, wait, &agents).map_err(|cause| Error::outside(path.display(), cause))
}

/// Agents that a person connected: their roles and tags are known, how they ended is not.
fn by_hand(run: &str, launch: Option<&Launch>) -> Vec<AgentRow> {
    let agents = launch
        .map(|launch| launch.agents.as_slice())
        .unwrap_or_default();
    let row = |agent: &tg_stage::Agent| AgentRow {
        run_id: run.into(),
        worker_id: agent.worker.clone(),
        role: Some(agent.role.clone()),
        tags: Some(json!(agent.tags).to_string()),
        ..AgentRow::default()
    };
    agents.iter().map(row).collect()
}

fn put(
    db: &mut Connection,
    run: &str,
    started: Option<i64>,
    wait: &Wait,
    agents: &[AgentRow],
) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for agent in agents {
        experiment::put_agent(&transaction, agent)?;
    }
    experiment::put_end(&transaction, run, started, wait.ended_at_ms, &wait.outcome)?;
    transaction.commit()
}

fn has_run(path: &Path, run: &str) -> Result<bool> {
    let db = database::open_read_only(path).map_err(outside)?;
    let found = db.query_row("SELECT 1 FROM experiment_runs WHERE id = ?1", [run], |_| {
        Ok(())
    });
    Ok(found.is_ok())
}
