//! Starts the agents of each run, and ends them.
//!
//! The record goes out as soon as the agents are started; then this stage stays, because somebody has to end them.
//! `tg-wait` alone decides when a run is over and says so with `end.json`; this stage only obeys, to that file, to the
//! end of all agents, to budgets, to a closed stdout and to signals. Each run has a supervisor, a process of its own, which
//! holds the run's `launch.lock` while anything of the run may live; this process reads records, starts supervisors, and
//! decides whether the next run is to be started at all.

mod args;

mod breaker;
mod connected;
mod crew;
mod deal;
mod ends;
mod equip;
mod fill;
mod gate;
mod last_words;
mod log;
mod manual;
mod mcp;
mod mortal;
mod offer;
mod purse;
mod reap;
mod release;
mod room;
mod row;
mod start;
mod supervise;
mod sweep;
pub mod usage;

pub use args::Args;
pub use fill::Place;

use args::Part;
use breaker::Breaker;
use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tg_stage::Secrets;
use tg_stage::spent::Ledger;
use tg_stage::{End, Error, Exit, Line, Lines, Output, Record, Result, Run};

/// What all rows share.
struct Shared<'a, W> {
    args: &'a Args,
    output: Mutex<Output<W>>,
    breaker: Breaker,
    ledger: Mutex<Ledger>,
    /// Runs that were not started for the same reason as one before, and so not named on stderr.
    unstarted: Mutex<Vec<&'static str>>,
    /// Set by a signal, or when the reader of our records has gone: end everything.
    cancelled: Arc<AtomicBool>,
}

impl<W: Write> Shared<'_, W> {
    fn print(&self, record: &Record) -> Result<Exit> {
        self.pass(&record.line())
    }

    fn pass(&self, bytes: &[u8]) -> Result<Exit> {
        self.output
            .lock()
            .map_err(|_| Error::outside("stdout", "a thread failed"))?
            .bytes(bytes)?;
        Ok(Exit::Done)
    }

    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Why the experiment's budget forbids to start `run`, if it does.
    fn budget(&self, run: &Run) -> Option<Error> {
        let experiment = Path::new(&run.dir).parent();
        let experiment = experiment.filter(|_| run.limits.has_experiment())?;
        let spent = self.ledger.lock().ok()?.total(experiment);
        let reached = run.limits.of_experiment(spent)?;
        let error = Error::outside("budget", format!("not started: {reached}"));
        let hint = "raise it in the manifest's limits, and give the same command again";
        Some(Error {
            kind: "budget",
            ..error.hint(hint)
        })
    }

    /// Pass on a run that is not to be started. Its `run.json` stays as it is, so that the same command starts it; the
    /// first of a kind is named on stderr.
    fn pass_unstarted(&self, record: &mut Record, error: &Error) -> Result<Exit> {
        let error = error.clone().within(format!("run {}", record.id()));
        if let Ok(mut before) = self.unstarted.lock() {
            if !before.contains(&error.kind) {
                error.report("tg-launch");
            }
            before.push(error.kind);
        }
        record.set_error("launch", &error)?;
        if error.kind == "breaker" {
            let _ = record.save(); // so that nobody starts it again by himself (`--retry`); a person's next call does
        }
        self.print(record)?;
        Ok(Exit::SomeFailed)
    }

    /// Say how many more were not started.
    fn sum_up(&self) {
        let unstarted = self
            .unstarted
            .lock()
            .map(|all| all.len())
            .unwrap_or_default();
        if unstarted > 1 {
            tg_stage::say(format_args!("tg-launch: {unstarted} runs were not started"));
        }
    }
}

/// Launch the runs whose records come in, `--jobs` at a time; or be one of our own parts.
pub fn run(
    args: &Args,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send,
) -> Result<Exit> {
    match (&args.part, &args.reap) {
        (Some(Part::Supervise(told)), _) => supervise::run(told, input, output),
        (Some(Part::Become { parent, command }), _) => mortal::run(*parent, command),
        (Some(Part::Mcp { server }), _) => mcp::run(server),
        (Some(Part::McpServer { server, parent }), _) => mcp::become_server(server, *parent),
        (None, Some(dirs)) => reap::run(dirs),
        (None, None) if offer::is_asked(args) => offer::offer(args, output),
        (None, None) => launch(args, input, output),
    }
}

fn launch(
    args: &Args,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send,
) -> Result<Exit> {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    tg_stage::standard_input("tg-instantiate MANIFEST | tg-launch | tg-wait")?;
    if let Some(path) = &args.secrets {
        Secrets::load(path)?; // each run's supervisor reads them for itself; a mistake is told once, and now
    }
    let shared = Shared {
        args,
        output: Mutex::new(Output::new(output)),
        breaker: Breaker::new(args.breaker),
        ledger: Mutex::default(),
        unstarted: Mutex::default(),
        cancelled: cancelled()?,
    };
    let (sender, lines) = mpsc::sync_channel(0);
    thread::spawn(move || Lines::new(input).try_for_each(|line| sender.send(line)));
    let exit = thread::scope(|scope| {
        let mut exit = Exit::Done;
        let mut rows = Vec::new();
        while !shared.is_cancelled() {
            let (over, live): (Vec<_>, Vec<_>) = rows
                .into_iter()
                .partition(thread::ScopedJoinHandle::is_finished);
            rows = live;
            exit = exit.max(join(over));
            if rows.len() >= args.jobs.into() {
                thread::sleep(Duration::from_millis(10));
                continue;
            }
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(Line::Run(record)) if is_due(&record) => {
                    let shared = &shared;
                    rows.push(scope.spawn(move || report(row::run(shared, *record))));
                }
                Ok(Line::Run(record)) => {
                    if let (Some(_), Some(dir)) = (End::decided(&record), record.dir()) {
                        reap::of_run(&std::path::absolute(&dir).unwrap_or(dir));
                    }
                    exit = exit.max(report(shared.print(&record)));
                }
                Ok(Line::Other(bytes)) => exit = exit.max(report(shared.pass(&bytes))),
                Ok(Line::Bad(error)) => exit = exit.max(report(Err(error))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        exit.max(join(rows))
    });
    sweep::kill_all(sweep::below_us); // what came to us unmarked when a supervisor was killed
    shared.sum_up();
    Ok(exit)
}

/// Set by SIGTERM, SIGINT and SIGHUP.
fn cancelled() -> Result<Arc<AtomicBool>> {
    let cancelled = Arc::new(AtomicBool::new(false));
    for signal in [
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register(signal, cancelled.clone())
            .map_err(|cause| Error::outside("signals", cause))?;
    }
    Ok(cancelled)
}

/// This program, also where its file was replaced meanwhile.
fn ourselves() -> Result<Command> {
    let path = std::env::current_exe().map_err(|cause| Error::outside("tg-launch", cause))?;
    let program = if path.is_file() {
        path.as_path()
    } else {
        Path::new("/proc/self/exe")
    };
    let mut command = Command::new(program);
    command.arg0("tg-launch");
    Ok(command)
}

/// A run that has ended, or could not be made, is passed on as it is.
fn is_due(record: &Record) -> bool {
    record.value("wait").is_none()
        && End::decided(record).is_none()
        && record.failed_stage().is_none_or(|stage| stage == "launch")
}

fn join(rows: Vec<thread::ScopedJoinHandle<'_, Exit>>) -> Exit {
    rows.into_iter()
        .map(|row| row.join().unwrap_or(Exit::Outside))
        .max()
        .unwrap_or(Exit::Done)
}

/// A reader that went away took agents with it: that is no quiet end here.
fn report(done: Result<Exit>) -> Exit {
    done.unwrap_or_else(|error| {
        let error = if error.is_closed_pipe() {
            Error::outside("stdout", "the next tool has ended, and the agents with it")
        } else {
            error
        };
        error.report("tg-launch");
        error.exit
    })
}
