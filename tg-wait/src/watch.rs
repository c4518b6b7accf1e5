//! Waiting for one run, in a thread of its own.

use crate::Shared;
use crate::budget::Budget;
use crate::decide::{self, Agents, Patience, Seen};
use crate::launcher::Launcher;
use crate::probe::Probe;
use crate::progress::Line;
use crate::{finish, progress, why};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tg_host::database;
use tg_host::notify::{HEARTBEAT, Notifier};
use tg_stage::error::outside;
use tg_stage::file::Lock;
use tg_stage::{End, Error, Instantiate, Launch, Record, Result, Run, Wait, time};

/// Between two looks at what other runs spend of the budget: nobody tells of that. Of commits and of the files in the run's
/// directory the kernel tells, and the launcher's lock is one of them: it is closed when the launcher goes.
const BUDGET_TICK: Duration = Duration::from_millis(100);

/// Between the end of a run and the scan for its record: whoever waits for the end needs a processor first.
const AFTER_YOU: Duration = Duration::from_millis(5);

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
    let decided = End::decided(record);
    let mut wait = if let Some(end) = decided.filter(|end| is_possible(end, &probe)) {
        // Whoever decided was killed before the record said so.
        let ended_at_ms = end.ended_at_ms;
        let mut wait = finish::decide(&probe, end).map_err(locked)?;
        wait.ended_at_ms = ended_at_ms;
        wait.states = probe.counts().map_err(locked)?;
        wait
    } else {
        let line = Line::new(shared, record, &run);
        // It takes the kernel milliseconds to close: after the end is told.
        let mut news = Notifier::on(&path);
        if let Some(dir) = record.dir() {
            news.and_in(&dir);
        }
        news.until(shared.stop.to_wait_for());
        let started = launcher.as_ref();
        let outcome = until_over(shared, record, &run, &probe, started, &line, &mut news);
        line.clear();
        let end = outcome.map_err(locked)?;
        let moment = probe.moment().map_err(locked)?;
        let mut wait = finish::decide(&probe, end).map_err(locked)?;
        finish::announce(record, &wait).inspect_err(|_| {
            // The launcher waits for that file; if it cannot be written, it is told the other way.
            launcher.as_ref().inspect(|launcher| launcher.terminate());
        })?;
        std::thread::sleep(AFTER_YOU);
        wait.states = probe.counts().map_err(locked)?;
        drop(moment);
        wait
    };
    drop(probe);
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
    news: &mut Notifier,
) -> rusqlite::Result<End> {
    let patience = patience(shared, run);
    let before = since(record.get::<Launch>("launch").ok().as_ref());
    let mut budget = Budget::new(&run.limits, record.dir());
    let tick = if run.limits.has_experiment() {
        BUDGET_TICK
    } else {
        HEARTBEAT
    };
    let begun = Instant::now();
    // So that the end finds its queries ready: to prepare one takes longer than to ask it.
    probe.standing()?;
    probe.open(1)?;
    probe.last_terminal()?;
    let (mut version, mut changed, mut looked) = (None, Instant::now(), None::<Instant>);
    let (mut calls, mut called) = (0, Instant::now());
    let mut seen = Seen {
        open: true,
        unsuccessful: false,
        agents: Agents::Unknown,
        any_worker: false,
        quiet: Duration::ZERO,
        silent: Duration::ZERO,
        elapsed: Duration::ZERO,
        over_budget: false,
        told_to_stop: false,
    };
    loop {
        seen.told_to_stop = shared.stop.is_told();
        if looked.is_none_or(|at| at.elapsed() > Duration::from_millis(50)) {
            looked = Some(Instant::now());
            seen.agents = launcher.map_or(Agents::Unknown, Launcher::agents);
            let now = launcher.map_or(0, Launcher::calls);
            if std::mem::replace(&mut calls, now) != now {
                called = Instant::now();
            }
        }
        // The database is looked at after the agents: what they did before they went is seen.
        match look(probe, &mut version, &mut seen) {
            Ok(false) => {}
            Ok(true) => {
                changed = Instant::now();
                line.update();
                news.found();
            }
            Err(cause) if is_locked(&cause) => {} // somebody has it for himself: at the next look
            Err(cause) => return Err(cause),
        }
        line.keep(probe);
        seen.quiet = changed.elapsed();
        seen.silent = seen.quiet.min(called.elapsed());
        seen.elapsed = begun.elapsed() + before;
        let reached = budget.look(seen.agents == Agents::Spent);
        seen.over_budget = reached.is_some();
        if let Some(outcome) = decide::outcome(&seen, &patience) {
            let ends = launcher.map(Launcher::ends).unwrap_or_default();
            let why = why::why(outcome, &seen, &patience, probe, &ends, reached);
            let limit = reached.filter(|_| outcome == "budget");
            return Ok(End {
                outcome: outcome.into(),
                why: Some(why?),
                limit: limit.map(|reached| reached.limit.into()),
                ..End::default()
            });
        }
        news.wait(tick.min(decide::patience_left(&seen, &patience)));
    }
}

/// Whether the database does not belie an end that is on disk: agents can write there as well, and an end of theirs that says
/// that the work is done is none.
fn is_possible(end: &End, probe: &Probe) -> bool {
    let standing = probe.standing();
    match end.outcome.as_str() {
        "completed" => standing == Ok(Some(false)),
        "failed_tasks" => matches!(standing, Ok(Some(_))),
        _ => true,
    }
}

/// Take up what is new in the database since `version`; whether something is.
fn look(probe: &Probe, version: &mut Option<i64>, seen: &mut Seen) -> rusqlite::Result<bool> {
    let Some(found) = probe.look(*version)? else {
        return Ok(false);
    };
    seen.any_worker = seen.any_worker || probe.any_worker()?;
    seen.open = found.standing.is_none();
    seen.unsuccessful = found.standing == Some(true);
    *version = Some(found.version);
    Ok(true)
}

fn is_locked(cause: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(
        cause.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked)
    )
}

/// How long ago the launch was, by the clock that nobody can set; by the other one where the record or the machine knows no
/// better.
fn since(launch: Option<&Launch>) -> Duration {
    let Some(launch) = launch else {
        return Duration::ZERO;
    };
    let by_wall = || {
        let begun = launch.released_at_ms.unwrap_or(launch.started_at_ms);
        Duration::from_millis((time::now_ms() - begun).max(0) as u64)
    };
    let boot = launch.boot.as_ref();
    boot.and_then(time::Boot::elapsed).unwrap_or_else(by_wall)
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

/// Whether the run of a record was made and never launched: nobody works on it, so however long we wait, what we would say
/// of it (stalled, timeout) would be kept as a result.
pub fn is_unlaunched(record: &Record) -> bool {
    record.has("instantiate") && record.value("launch").is_none() && is_due(record)
}

/// What is wrong with such a record.
pub fn unlaunched(record: &Record) -> Error {
    Error::input(
        format!("run {}", record.id()),
        "the record has no \"launch\"",
    )
    .hint("pass it through tg-launch first (a run started by hand: tg-launch --manual)")
}
