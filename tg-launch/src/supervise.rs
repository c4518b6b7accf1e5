//! The supervisor of one run: the process that starts its agents, ends them, and writes down how they ended.
//!
//! There is one supervisor per run, not one per agent: so there is one process to kill, one lock that says if any process of
//! the run may still be running, and one place that reaps, reads usage and writes results. A launcher that is killed loses
//! only its output: the kernel (and the end of stdin) notifies the supervisor, which ends its agents in order and writes
//! down how. The supervisor adopts every orphan below it (subreaper). If the supervisor itself is killed, the kernel kills
//! its agents (`parent_death`), and the launcher adopts their children and kills them. Only if both are killed at once can
//! a process survive: one that an agent started in a session of its own, which `--reap` finds by its marks.

use crate::args::Supervise;
use crate::budget::{Budget, Exceeded};
use crate::connected::Connected;
use crate::disk_space::DiskSpace;
use crate::launch_run::{SupervisorReport, refused};
use crate::parent_death::{is_child_of, signal_on_exit_of};
use crate::processes::{Processes, StopPolicy, TICK};
use crate::start::{self, Ready};
use crate::{free_claims, last_output, manual, own_process, results, start_barrier};
use rustix::process::{self, Signal};
use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use tg_stage::file::Lock;
use tg_stage::{
    EndReason, Error, Exit, Launch, Line, Lines, Output, Profile, Record, Result, Secrets, say,
    time,
};

/// Supervises the run whose record is the only line of `input`; prints the record, and at the end a [`SupervisorReport`].
pub fn run(
    args: &Supervise,
    input: impl BufRead + Send + 'static,
    output: impl Write,
) -> Result<Exit> {
    let _ = process::set_child_subreaper(Some(process::getpid()));
    let cancelled = own_process::cancel_flag()?;
    signal_on_exit_of(args.parent, Signal::TERM)?;
    let mut lines = Lines::new(input);
    let Some(Line::Run(record)) = lines.next() else {
        return Err(Error::input("supervise", "no record came"));
    };
    let orphaned = Arc::new(AtomicBool::new(false));
    let (gone, stop) = (orphaned.clone(), cancelled.clone());
    thread::spawn(move || {
        lines.for_each(drop);
        gone.store(true, Ordering::Relaxed); // the launcher keeps our stdin open while it is running
        stop.store(true, Ordering::Relaxed);
    });
    let mut supervisor = Supervisor {
        args,
        cancelled,
        orphaned,
        output: Output::new(output),
    };
    let (exit, report) = supervisor.supervise(*record)?;
    let report = serde_json::to_vec(&report).map_err(|cause| Error::outside("supervise", cause))?;
    let _ = supervisor.output.bytes(&[report, b"\n".to_vec()].concat()); // the launcher may have exited
    Ok(exit)
}

/// The time for which a killed process may seem to be running.
const DYING: Duration = Duration::from_millis(100);

struct Supervisor<'a, W> {
    args: &'a Supervise,
    cancelled: Arc<AtomicBool>,
    orphaned: Arc<AtomicBool>,
    output: Output<W>,
}

impl<W: Write> Supervisor<'_, W> {
    fn supervise(&mut self, mut record: Record) -> Result<(Exit, SupervisorReport)> {
        let lock = match take_lock(&record) {
            Ok(lock) => lock,
            Err(error) => return self.refuse(&mut record, error),
        };
        let secrets = self.args.secrets.as_deref();
        let secrets = secrets.map_or(Ok(Secrets::default()), Secrets::load);
        let prepared =
            secrets.and_then(|secrets| start::prepare(&record, self.args.manual, &secrets));
        let ready = match prepared {
            Ok(ready) => ready,
            Err(error) => return self.refuse(&mut record, error),
        };
        if self.args.manual {
            return match self.launch_by_hand(&mut record, &ready) {
                Ok(()) => Ok((Exit::Done, SupervisorReport::default())),
                Err(error) => self.refuse(&mut record, error),
            };
        }
        let policy = stop_policy(self.args, ready.run.profile.as_ref())?;
        let mut processes = Processes::new(Connected::new(&ready.seal.db), policy);
        let mut budget = Budget::new(&ready.run, ready.dir.clone());
        let printed = start::start(&ready, &mut processes, &self.cancelled)
            .map(|launch| Launch {
                side_by_side: Some(self.args.jobs.into()),
                ..launch
            })
            .and_then(|launch| self.print(&mut record, &launch));
        let why = match &printed {
            Ok(()) => self.run_to_end(&ready, &mut processes, &mut budget),
            Err(_) => self.stop_reason(),
        };
        processes.end_all(&why);
        last_output::report_failures(&mut processes);
        budget.close(&processes);
        let written = results::write_all(&ready.run, &processes, &budget);
        let report = SupervisorReport {
            why: why.clone(),
            connected: processes.connected.any(),
            faults: results::faults(&processes, &budget),
            error: None,
        };
        drop(processes); // its connection would keep tg-wait from opening the database alone
        let done = match printed.and(written) {
            Err(error) if !record.has("launch") => self.refuse(&mut record, error),
            Err(error) if error.is_closed_pipe() => Ok((Exit::SomeFailed, report)),
            Err(error) => {
                error
                    .within(format!("run {}", ready.run.id))
                    .report("tg-launch");
                Ok((Exit::SomeFailed, report))
            }
            Ok(()) if is_cut_short(&why) => Ok((Exit::SomeFailed, report)),
            Ok(()) => Ok((Exit::Done, report)),
        };
        drop(lock);
        done
    }

    /// Prints and keeps the record with `launch`. If it cannot be kept, it is not printed: a later call would not know of the
    /// launch.
    fn print(&mut self, record: &mut Record, launch: &Launch) -> Result<()> {
        let before = record.clone();
        record.set("launch", launch)?;
        if let Err(error) = record.save() {
            *record = before;
            return Err(error);
        }
        self.output.record(record)
    }

    /// Starts no agent and prints how to start them by hand. A start barrier would stay closed, so it is opened now.
    fn launch_by_hand(&mut self, record: &mut Record, ready: &Ready) -> Result<()> {
        let mut launch = Launch {
            manual: true,
            started_at_ms: time::now_ms(),
            ..Launch::default()
        };
        if ready.run.barrier {
            launch.released_at_ms = Some(start_barrier::open(
                &ready.host,
                &ready.seal,
                &ready.run.id,
            )?);
        }
        launch.boot = time::Boot::now();
        let agents = ready.agents.iter();
        launch.agents = agents.map(|one| one.agent.clone()).collect();
        manual::explain(ready);
        self.print(record, &launch)
    }

    fn refuse(&mut self, record: &mut Record, error: Error) -> Result<(Exit, SupervisorReport)> {
        let report = SupervisorReport {
            error: Some(error.kind.name().into()),
            ..SupervisorReport::default()
        };
        let exit = refused(record, error)?;
        match self.output.record(record) {
            Err(error) if !error.is_closed_pipe() => Err(error),
            _ => Ok((exit, report)),
        }
    }

    /// The reason why the run ends before it is over: a signal, or the launcher was killed. A killed launcher exits thread
    /// by thread: the kernel notifies us at the exit of the first, and for a moment the launcher still seems to be running.
    fn stop_reason(&self) -> EndReason {
        let begun = Instant::now();
        while begun.elapsed() < DYING {
            if self.orphaned.load(Ordering::Relaxed) || !is_child_of(self.args.parent) {
                return EndReason::Lost;
            }
            sleep(TICK);
        }
        EndReason::Cancelled
    }

    /// Returns when the run is over, with the reason.
    fn run_to_end(
        &self,
        ready: &Ready,
        processes: &mut Processes,
        budget: &mut Budget,
    ) -> EndReason {
        let end = ready.dir.end();
        let (mut freed, mut disk) = (BTreeSet::new(), DiskSpace::new(&ready.seal.dir));
        loop {
            processes.update();
            last_output::report_failures(processes);
            if processes.all_exited() {
                return EndReason::Exited;
            }
            if end.exists() {
                return EndReason::Ended;
            }
            if self.cancelled.load(Ordering::Relaxed) {
                return self.stop_reason();
            }
            if disk.is_exhausted() {
                say(format_args!(
                    "tg-launch: run {}: no space left on device: ended",
                    ready.run.id
                ));
                return EndReason::Disk;
            }
            free_claims::of_finished(ready, processes, &mut freed);
            for index in processes.unregistered() {
                let one = &processes.agents[index];
                let worker = &one.agent.worker;
                let patience = time::show(processes.policy.connect);
                let line = last_output::last_line(one.paths.agent.path());
                say(format_args!(
                    "tg-launch: {worker}: did not register at the host within {patience}: ended{line}"
                ));
                processes.stop(index, EndReason::NoMcp);
            }
            for exceeded in budget.check(processes) {
                match exceeded {
                    Exceeded::Run(reached) => {
                        say(format_args!(
                            "tg-launch: run {}: {reached}: ended",
                            ready.run.id
                        ));
                        return EndReason::Budget;
                    }
                    Exceeded::Agent(index, reached) => {
                        let worker = &processes.agents[index].agent.worker;
                        say(format_args!("tg-launch: {worker}: {reached}: ended"));
                        processes.stop(index, EndReason::Budget);
                    }
                }
            }
            sleep(TICK);
        }
    }
}

/// True for the reasons that no agent and no `tg-wait` gave.
fn is_cut_short(why: &EndReason) -> bool {
    matches!(
        why,
        EndReason::Cancelled | EndReason::Disk | EndReason::Lost
    )
}

/// Takes the run's lock; `None` if the run has no directory.
fn take_lock(record: &Record) -> Result<Option<Lock>> {
    match record.run_dir() {
        Some(run) if run.path().is_dir() => {
            let path = run.launch_lock();
            let lock = Lock::take(&path)?;
            lock.map(Some).ok_or_else(|| Lock::held(&path))
        }
        _ => Ok(None),
    }
}

/// The policy of the command line, else of the profile, else defaults that suit most programs.
fn stop_policy(args: &Supervise, profile: Option<&Profile>) -> Result<StopPolicy> {
    let time = |given: Option<u64>, of_profile: Option<&String>, else_ms: u64| {
        let named = of_profile.map(|text| time::duration(text)).transpose();
        let named = named.map_err(|cause| Error::input("profile", cause))?;
        let given = given.map(Duration::from_millis).or(named);
        Ok::<_, Error>(given.unwrap_or(Duration::from_millis(else_ms)))
    };
    let stop = profile.map(|profile| &profile.stop);
    let signal = match stop.and_then(|stop| stop.signal.as_deref()) {
        None | Some("TERM") => Signal::TERM,
        Some("INT") => Signal::INT,
        Some(other) => {
            let cause = format!("`{other}` is not a signal that stops an agent: INT or TERM");
            return Err(Error::input("profile", cause));
        }
    };
    let grace = stop.and_then(|stop| stop.grace.as_ref());
    let connect = profile.and_then(|profile| profile.connect.as_ref());
    Ok(StopPolicy {
        signal,
        grace: time(args.grace_ms, grace, 3_000)?,
        connect: time(args.connect_ms, connect, 60_000)?,
        log_limit: args.log_limit << 20,
    })
}
