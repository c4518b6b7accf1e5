//! Recording the end of a run.
//!
//! First `end.json`, on which the launcher ends the agents. Then, when the launcher has exited and no other process has
//! the database open, one transaction into our tables: the only write between instantiation and export. If another
//! process keeps it open (agents connected by hand), nothing is written and `tg-export` puts the values into the snapshot.

use crate::grade;
use crate::launcher::{Launcher, planned_row};
use crate::shared::Shared;
use std::path::Path;
use std::time::Duration;
use tg_host::database;
use tg_host::experiment_tables::RunRow;
use tg_host::schema::{probe::Probe, runs};
use tg_stage::error::outside;
use tg_stage::{End, Error, Launch, Record, Result, Run, RunDir, Wait, say, time};

/// Longer than a launcher takes to end the most stubborn agents.
const LAUNCHER_TIMEOUT: Duration = Duration::from_mins(1);

/// The value for the record: the end, and its time: the last terminal change if all tasks are terminal, else now. The
/// counts of tasks by state are a scan, and are added after the launcher has read the end.
pub fn wait_of(probe: &Probe, end: End) -> rusqlite::Result<Wait> {
    let open = probe.open_tasks(10)?;
    let last = if open.is_empty() {
        probe.last_task_end()?
    } else {
        None
    };
    let ended_at_ms = last.unwrap_or_else(time::now_ms);
    Ok(Wait {
        end: End { ended_at_ms, ..end },
        open,
        ..Wait::default()
    })
}

/// Writes `end.json`, if the run has a directory.
pub fn write_end(record: &Record, end: &End) -> Result<()> {
    let is_kept = |dir: &RunDir| dir.path().is_dir() || record.has("launch");
    match record.run_dir().filter(is_kept) {
        Some(dir) => end.save(&dir),
        None => Ok(()), // nothing was launched, and no launcher waits for the file
    }
}

/// Waits for the launcher, grades the work, and stores the end and the agents if the database is free.
pub fn store(
    shared: &Shared,
    record: &Record,
    wait: &mut Wait,
    launcher: Option<&Launcher>,
    path: &Path,
) -> Result<()> {
    if let Some(launcher) = launcher.filter(|launcher| !launcher.wait_for_exit(LAUNCHER_TIMEOUT)) {
        let cause = "the launcher does not end its agents";
        return Err(Error::outside(launcher.lock().display(), cause));
    }
    let run: Run = record.get("run")?;
    if let (Some(command), Some(dir)) = (&run.grade, record.run_dir())
        && !wait.end.outcome.is_void()
        && dir.work().is_dir()
    {
        wait.grade = Some(grade::run(&dir, command, shared.args.grade_timeout)?);
    }
    if !runs::has_run(&database::open_read_only(path).map_err(outside)?, &run.id) {
        return Ok(()); // not made by tg-instantiate: it stays as it is
    }
    // Agents of other runs in the database hold it for long; tg-export adds what is not stored.
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
    // How agents that were started by hand ended is not known.
    let planned = || {
        let agents = launch.iter().flat_map(|launch| &launch.agents);
        agents.map(|agent| planned_row(&run.id, agent)).collect()
    };
    let agents = launcher.map_or_else(planned, Launcher::agent_rows);
    let end = RunRow {
        id: run.id.clone(),
        side_by_side: launch
            .as_ref()
            .and_then(|launch| launch.side_by_side)
            .map(i64::from),
        started_at: launch.and_then(|launch| launch.released_at_ms.or(Some(launch.started_at_ms))),
        completed_at: Some(wait.end.ended_at_ms),
        outcome: Some(wait.end.outcome.to_string()),
        verify_passed: wait.grade.as_ref().map(|grade| grade.passed.into()),
        verify_score: wait.grade.as_ref().and_then(|grade| grade.score),
        ..RunRow::default()
    };
    if let Err(cause) = runs::store_end(&mut db, &end, &agents) {
        // The run has ended, and the record has its end: this is not a reason to run it again.
        say(format_args!(
            "tg-wait: run {}: {}: {cause}: tg-export will add the end",
            run.id,
            path.display()
        ));
    }
    Ok(())
}
