//! Waiting for one run, in a thread of its own.

use crate::Shared;
use crate::decide::{self, Agents, Patience, Seen};
use crate::launcher::Launcher;
use crate::probe::Probe;
use crate::progress::Line;
use crate::{finish, progress};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_host::database;
use tg_stage::error::outside;
use tg_stage::file::Lock;
use tg_stage::{Error, Instantiate, Launch, Record, Result, Run, Wait, time};

const TICK: Duration = Duration::from_millis(10);

/// Wait until the run of `record` is over and add `wait`.
pub fn run(shared: &Shared, record: &mut Record) -> Result<()> {
    let run: Run = record.get("run")?;
    let made: Instantiate = record.get("instantiate")?;
    let lock = record
        .dir()
        .filter(|dir| dir.is_dir())
        .map(|dir| dir.join("wait.lock"));
    let held = lock.as_deref().map(Lock::take).transpose()?;
    if let (Some(lock), Some(None)) = (&lock, &held) {
        return Err(Error::held(lock));
    }
    let path = PathBuf::from(&made.db);
    let locked = |cause: rusqlite::Error| Error::outside(path.display(), cause);
    let probe =
        Probe::new(database::open_read_only(&path).map_err(outside)?, &run.id).map_err(locked)?;
    let launcher = Launcher::of(record);
    let line = Line::new(shared, record, &run);
    let outcome = until_over(shared, record, &run, &probe, launcher.as_ref(), &line);
    line.clear();
    let mut wait = finish::decide(&probe, outcome.map_err(locked)?).map_err(locked)?;
    drop(probe);
    finish::announce(record, &wait).inspect_err(|_| {
        // The launcher waits for that file; if it cannot be written, it is told the other way.
        launcher.as_ref().inspect(|launcher| launcher.terminate());
    })?;
    finish::store(shared, record, &mut wait, launcher.as_ref(), &path)?;
    record.set("wait", &wait)?;
    record.save()
}

fn until_over(
    shared: &Shared,
    record: &Record,
    run: &Run,
    probe: &Probe,
    launcher: Option<&Launcher>,
    line: &progress::Line,
) -> rusqlite::Result<&'static str> {
    let patience = patience(shared, run);
    let launched = record
        .get::<Launch>("launch")
        .ok()
        .map(|launch| launch.released_at_ms.unwrap_or(launch.started_at_ms));
    let before = launched.map_or(0, |launched| (time::now_ms() - launched).max(0));
    let begun = Instant::now();
    let (mut version, mut changed, mut looked) = (None, Instant::now(), None::<Instant>);
    let mut seen = Seen {
        open: true,
        unsuccessful: false,
        agents: Agents::Unknown,
        any_worker: false,
        quiet: Duration::ZERO,
        elapsed: Duration::ZERO,
        told_to_stop: false,
    };
    loop {
        seen.told_to_stop = shared.told_to_stop.load(Ordering::Relaxed);
        if looked.is_none_or(|at| at.elapsed() > Duration::from_millis(50)) {
            looked = Some(Instant::now());
            seen.agents = launcher.map_or(Agents::Unknown, Launcher::agents);
        }
        // The database is looked at after the agents: what they did before they went is seen.
        let now = Some(probe.version()?);
        if version != now {
            (version, changed) = (now, Instant::now());
            seen.open = !probe.open(1)?.is_empty();
            seen.unsuccessful = probe.any_unsuccessful()?;
            seen.any_worker |= probe.any_worker()?;
            line.update(probe)?;
        }
        line.keep(probe)?;
        seen.quiet = changed.elapsed();
        seen.elapsed = begun.elapsed() + Duration::from_millis(before as u64);
        if let Some(outcome) = decide::outcome(&seen, &patience) {
            return Ok(outcome);
        }
        sleep(TICK);
    }
}

fn patience(shared: &Shared, run: &Run) -> Patience {
    let given = |limit: Option<u64>| limit.map(Duration::from_millis);
    let args = &shared.args;
    Patience {
        timeout: args
            .timeout
            .or(given(run.limits.timeout_ms))
            .unwrap_or(Duration::from_hours(1)),
        stall: args
            .stall
            .or(given(run.limits.stall_ms))
            .unwrap_or(Duration::from_mins(5)),
        settle: args.settle,
    }
}

/// Whether a record still has to be waited for.
pub fn is_due(record: &Record) -> bool {
    let ended = record
        .get::<Wait>("wait")
        .is_ok_and(|wait| !wait.outcome.is_empty());
    !ended && record.failed_stage().is_none_or(|stage| stage == "wait")
}
