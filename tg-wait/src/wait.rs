//! The wait for one run, in a thread of its own.

use crate::budget::Budget;
use crate::decide::{self, Agents, Evidence, Patience};
use crate::finish;
use crate::launcher::Launcher;
use crate::progress::RunLine;
use crate::shared::Shared;
use crate::why::why;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tg_host::database;
use tg_host::notify::{HEARTBEAT, Notifier};
use tg_host::schema::probe::{Probe, Standing};
use tg_stage::error::outside;
use tg_stage::file::Lock;
use tg_stage::{
    End, Error, Instantiate, Launch, Outcome, Record, Result, Run, RunDir, RunState, Wait, time,
};

/// The interval at which the cost of other runs is read: the kernel reports no change there. It reports commits and
/// changes in the run's directory, the launcher's lock included: that file is closed when the launcher exits.
const BUDGET_TICK: Duration = Duration::from_millis(100);

/// The shortest interval between two looks at the launcher's files.
const LAUNCHER_TICK: Duration = Duration::from_millis(50);

/// The delay between the end of a run and the scan for its record: the processes that wait for the end need the
/// processor first.
const COUNT_DELAY: Duration = Duration::from_millis(5);

/// Waits until the run of `record` ends, and adds `wait`.
pub fn wait_for(shared: &Shared, record: &mut Record) -> Result<()> {
    let run: Run = record.get("run")?;
    let made: Instantiate = record.get("instantiate")?;
    let dir = record.run_dir().filter(|dir| dir.path().is_dir());
    let lock = dir.as_ref().map(RunDir::wait_lock);
    let held = lock.as_deref().map(Lock::take).transpose()?;
    if let (Some(lock), Some(None)) = (&lock, &held) {
        return Err(Lock::held(lock));
    }
    let path = PathBuf::from(&made.db);
    let failed = |cause: rusqlite::Error| Error::outside(path.display(), cause);
    let probe =
        Probe::new(database::open_read_only(&path).map_err(outside)?, &run.id).map_err(failed)?;
    let launcher = Launcher::of_record(record);
    let state = record.run_dir().map(|dir| dir.state_of(record.clone()));
    let decided = state.as_ref().and_then(RunState::decided);
    let mut wait = if let Some(end) = decided.filter(|end| is_possible(end, &probe)) {
        // An earlier tg-wait was killed between its decision and the record.
        Wait {
            end: end.clone(),
            states: probe.task_counts().map_err(failed)?,
            ..finish::wait_of(&probe, End::default()).map_err(failed)?
        }
    } else {
        let line = RunLine::new(&shared.display, record, &run);
        // Closing takes the kernel milliseconds: this lasts until the end has been written.
        let mut notifier = Notifier::on(&path);
        if let Some(dir) = record.dir() {
            notifier.and_in(&dir);
        }
        notifier.until(shared.stop.descriptor());
        let observer = Observer::new(&probe, launcher.as_ref(), record, &line);
        let end = observer.until_end(shared, record, &run, &mut notifier);
        line.clear();
        let end = end.map_err(failed)?;
        let transaction = probe.transaction().map_err(failed)?;
        let mut wait = finish::wait_of(&probe, end).map_err(failed)?;
        finish::write_end(record, &wait.end).inspect_err(|_| {
            // The launcher waits for that file; without it, a signal has to do.
            launcher.as_ref().inspect(|launcher| launcher.terminate());
        })?;
        std::thread::sleep(COUNT_DELAY);
        wait.states = probe.task_counts().map_err(failed)?;
        drop(transaction);
        wait
    };
    drop(probe);
    finish::store(shared, record, &mut wait, launcher.as_ref(), &path)?;
    record.set("wait", &wait)?;
    record.save()
}

/// Collects the evidence about one run.
struct Observer<'a> {
    probe: &'a Probe,
    launcher: Option<&'a Launcher>,
    line: &'a RunLine<'a>,
    seen: Evidence,
    version: Option<i64>,
    changed: Instant,
    launcher_read: Option<Instant>,
    calls: u64,
    called: Instant,
    start: Instant,
    before_start: Duration,
}

impl<'a> Observer<'a> {
    fn new(
        probe: &'a Probe,
        launcher: Option<&'a Launcher>,
        record: &Record,
        line: &'a RunLine<'a>,
    ) -> Self {
        let now = Instant::now();
        Self {
            probe,
            launcher,
            line,
            seen: Evidence {
                open: true,
                unsuccessful: false,
                agents: Agents::Unknown,
                any_worker: false,
                quiet: Duration::ZERO,
                silent: Duration::ZERO,
                elapsed: Duration::ZERO,
                over_budget: false,
                stop_requested: false,
            },
            version: None,
            changed: now,
            launcher_read: None,
            calls: 0,
            called: now,
            start: now,
            before_start: since_launch(record.get("launch").ok().as_ref()),
        }
    }

    fn until_end(
        mut self,
        shared: &Shared,
        record: &Record,
        run: &Run,
        notifier: &mut Notifier,
    ) -> rusqlite::Result<End> {
        let patience = patience(shared, run);
        let mut budget = Budget::new(&run.limits, record.run_dir());
        let has_experiment = run.limits.has_experiment();
        let tick = if has_experiment {
            BUDGET_TICK
        } else {
            HEARTBEAT
        };
        // So that the end finds its queries ready: to prepare one takes longer than to run it.
        self.probe.standing()?;
        self.probe.open_tasks(1)?;
        self.probe.last_task_end()?;
        loop {
            self.seen.stop_requested = shared.stop.is_requested();
            self.read_launcher();
            // The database is read after the agents: what they did before they exited is seen.
            match self.read_database() {
                Ok(false) => {}
                Ok(true) => notifier.found(),
                Err(cause) if is_locked(&cause) => {} // by another process, exclusively: read next time
                Err(cause) => return Err(cause),
            }
            self.line.refresh(self.probe);
            self.seen.quiet = self.changed.elapsed();
            self.seen.silent = self.seen.quiet.min(self.called.elapsed());
            self.seen.elapsed = self.start.elapsed() + self.before_start;
            let reached = budget.reached(self.seen.agents == Agents::OverBudget);
            self.seen.over_budget = reached.is_some();
            if let Some(outcome) = decide::outcome(&self.seen, &patience) {
                let agents = self.launcher.map(Launcher::agent_rows).unwrap_or_default();
                let why = why(
                    &outcome, &self.seen, &patience, self.probe, &agents, reached,
                )?;
                let limit = reached.filter(|_| outcome == Outcome::Budget);
                return Ok(End {
                    outcome,
                    why: Some(why),
                    limit: limit.map(|reached| reached.limit.into()),
                    ..End::default()
                });
            }
            notifier.wait(tick.min(decide::time_left(&self.seen, &patience)));
        }
    }

    fn read_launcher(&mut self) {
        let is_due = self
            .launcher_read
            .is_none_or(|at| at.elapsed() > LAUNCHER_TICK);
        if let Some(launcher) = self.launcher.filter(|_| is_due) {
            self.launcher_read = Some(Instant::now());
            self.seen.agents = launcher.agents();
            let calls = launcher.calls();
            if std::mem::replace(&mut self.calls, calls) != calls {
                self.called = Instant::now();
            }
        }
    }

    /// Reads the database if it changed; true if it did.
    fn read_database(&mut self) -> rusqlite::Result<bool> {
        let Some(change) = self.probe.change_since(self.version)? else {
            return Ok(false);
        };
        self.seen.any_worker = self.seen.any_worker || self.probe.any_worker()?;
        self.seen.open = change.standing == Standing::Open;
        self.seen.unsuccessful = change.standing == Standing::SomeFailed;
        self.version = Some(change.version);
        self.changed = Instant::now();
        self.line.note_change();
        Ok(true)
    }
}

/// True if the database allows the end that is on disk: agents can write there as well, and their claim that the work is
/// done is not an end.
fn is_possible(end: &End, probe: &Probe) -> bool {
    let standing = probe.standing();
    match end.outcome {
        Outcome::Completed => standing == Ok(Standing::AllSucceeded),
        Outcome::FailedTasks => {
            matches!(standing, Ok(Standing::AllSucceeded | Standing::SomeFailed))
        }
        _ => true,
    }
}

fn is_locked(cause: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    let code = cause.sqlite_error_code();
    matches!(code, Some(DatabaseBusy | DatabaseLocked))
}

/// Time since the launch, by the clock that cannot be set; by the wall clock if the record or the machine has no other.
fn since_launch(launch: Option<&Launch>) -> Duration {
    let Some(launch) = launch else {
        return Duration::ZERO;
    };
    let by_wall_clock = || {
        let start = launch.released_at_ms.unwrap_or(launch.started_at_ms);
        Duration::from_millis((time::now_ms() - start).max(0) as u64)
    };
    let boot = launch.boot.as_ref();
    boot.and_then(time::Boot::elapsed)
        .unwrap_or_else(by_wall_clock)
}

fn patience(shared: &Shared, run: &Run) -> Patience {
    let limit = |argument: Option<Duration>, manifest: Option<u64>, default| {
        argument
            .or(manifest.map(Duration::from_millis))
            .unwrap_or(default)
    };
    let (args, limits) = (&shared.args, &run.limits);
    Patience {
        timeout: limit(args.timeout, limits.timeout_ms, Duration::from_hours(1)),
        stall: limit(args.stall, limits.stall_ms, Duration::from_mins(5)),
        settle: args.settle,
    }
}

/// True if the run of a record still has to be waited for.
pub fn is_due(record: &Record) -> bool {
    let dir = record.run_dir().unwrap_or_else(|| RunDir::new(""));
    match dir.state_of(record.clone()) {
        RunState::Ended(_, wait) => !wait.end.outcome.is_decided(),
        RunState::Failed(_, stage) => stage == "wait",
        RunState::Refused(..) => false,
        _ => true,
    }
}

/// The error of a record whose run was made and never launched. No agent works on it, so an end after any wait (stalled,
/// timeout) would be kept as a result.
pub fn refusal(record: &Record) -> Option<Error> {
    let is_unlaunched = record.has("instantiate") && record.value("launch").is_none();
    let subject = format!("run {}", record.id());
    (is_unlaunched && is_due(record)).then(|| {
        Error::input(subject, "the record has no \"launch\"")
            .hint("pass it through tg-launch first (a run started by hand: tg-launch --manual)")
    })
}
