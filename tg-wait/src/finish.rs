//! Writing down the end of a run.
//!
//! First `end.json`, on which the launcher ends the agents. Then, when the launcher has gone and nobody else has the
//! database open, one transaction into our tables: the only write between instantiation and export. If somebody keeps
//! it open (agents connected by hand), nothing is written and `tg-export` puts the values into the snapshot.

use crate::Shared;
use crate::launcher::Launcher;
use crate::probe::Probe;
use crate::verify;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tg_host::experiment::{AgentRow, RunEnd};
use tg_host::{database, experiment};
use tg_stage::error::outside;
use tg_stage::{End, Error, Launch, Record, Result, Run, Wait, say, time};

/// Longer than a launcher takes to end the most stubborn agents.
const LAUNCHER: Duration = Duration::from_mins(1);

/// What goes into the record: how it ended, and the moment: the last terminal change if all tasks are terminal, else now. The tasks by state are counted when all who wait for
/// the end have been told of it: a scan.
pub fn decide(probe: &Probe, end: End) -> rusqlite::Result<Wait> {
    let open = probe.open(10)?;
    let last = if open.is_empty() {
        probe.last_terminal()?
    } else {
        None
    };
    let ended_at_ms = last.unwrap_or_else(time::now_ms);
    Ok(Wait {
        outcome: end.outcome,
        why: end.why,
        limit: end.limit,
        states: BTreeMap::new(),
        ended_at_ms,
        open,
        verify: None,
    })
}

/// Write `end.json`, if the run has a directory.
pub fn announce(record: &Record, wait: &Wait) -> Result<()> {
    let Some(dir) = record
        .dir()
        .filter(|dir| dir.is_dir() || record.has("launch"))
    else {
        return Ok(()); // nobody was launched, and nobody waits for the file
    };
    let end = End {
        outcome: wait.outcome.clone(),
        ended_at_ms: wait.ended_at_ms,
        why: wait.why.clone(),
        limit: wait.limit.clone(),
    };
    end.save(&dir)
}

/// Wait for the launcher, have the work verified, and store the end and the agents when the database is free.
pub fn store(
    shared: &Shared,
    record: &Record,
    wait: &mut Wait,
    launcher: Option<&Launcher>,
    path: &Path,
) -> Result<()> {
    if launcher.is_some_and(|launcher| !launcher.wait_until_gone(LAUNCHER)) {
        return Err(Error::outside(
            "launch.lock",
            "the launcher does not end its agents",
        ));
    }
    let run: Run = record.get("run")?;
    if let (Some(command), Some(dir), false) =
        (&run.verify, record.dir(), Wait::is_void(&wait.outcome))
        && dir.join("work").is_dir()
    {
        wait.verify = Some(verify::run(&dir, command, shared.args.verify)?);
    }
    if !has_run(path, &run.id)? {
        return Ok(()); // not a database of ours: leave it as it is
    }
    // Where other runs are in the database their agents hold it for long: what is not stored, tg-export adds.
    let linger = if run.shared_db {
        Duration::ZERO
    } else {
        shared.args.linger
    };
    let Some(mut db) = database::open_alone(path, linger).map_err(outside)? else {
        if !run.shared_db {
            say(format_args!(
                "tg-wait: run {}: others still have the database open: tg-export will add the end",
                run.id
            ));
        }
        return Ok(());
    };
    let launch: Option<Launch> = record.get("launch").ok();
    let agents = match launcher {
        Some(launcher) => launcher.ends(),
        None => by_hand(&run.id, launch.as_ref()),
    };
    let end = RunEnd {
        side_by_side: launch.as_ref().and_then(|launch| launch.side_by_side),
        started: launch.and_then(|launch| launch.released_at_ms.or(Some(launch.started_at_ms))),
        completed: wait.ended_at_ms,
        outcome: &wait.outcome,
        verify_passed: wait.verify.as_ref().map(|verdict| verdict.passed),
        verify_score: wait.verify.as_ref().and_then(|verdict| verdict.score),
    };
    if let Err(cause) = put(&mut db, &run.id, &end, &agents) {
        // The run has ended all the same, and the record says how: it must not be run again for this.
        say(format_args!(
            "tg-wait: run {}: {}: {cause}: tg-export will add the end",
            run.id,
            path.display()
        ));
    }
    Ok(())
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

fn put(db: &mut Connection, run: &str, end: &RunEnd, agents: &[AgentRow]) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for agent in agents {
        experiment::put_agent(&transaction, agent)?;
    }
    experiment::put_end(&transaction, run, end)?;
    transaction.commit()
}

fn has_run(path: &Path, run: &str) -> Result<bool> {
    let db = database::open_read_only(path).map_err(outside)?;
    let found = db.query_row("SELECT 1 FROM experiment_runs WHERE id = ?1", [run], |_| {
        Ok(())
    });
    Ok(found.is_ok())
}
