//! Starts the agents of each run, and ends them.
//!
//! The record goes out as soon as the agents are started; then this stage stays, because somebody has to end them.
//! `tg-wait` alone decides when a run is over and says so with `end.json`; this stage only obeys, to that file, to the
//! end of all agents, to a closed stdout and to signals. While it lives it holds `launch.lock`.

mod args;
mod connected;
mod deal;
mod fill;
mod gate;
mod manual;
mod row;
mod start;
mod stop;
mod supervise;
mod sweep;

pub use args::Args;

use args::Part;
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tg_stage::{Error, Exit, Line, Lines, Output, Record, Result};

/// What all rows share.
struct Shared<W> {
    output: Mutex<Output<W>>,
    limits: Limits,
    manual: bool,
    /// How many runs may share the machine.
    jobs: u16,
}

/// When to stop waiting for agents.
struct Limits {
    /// How long an agent may take to leave.
    grace: Duration,
    /// How long agents may take to connect, where a start gate waits for them.
    connect: Duration,
    /// Set by a signal, or when the reader of our records has gone: end everything.
    cancelled: Arc<AtomicBool>,
}

impl<W: Write> Shared<W> {
    fn print(&self, record: &Record) -> Result<Exit> {
        self.output
            .lock()
            .map_err(|_| Error::outside("stdout", "a thread failed"))?
            .record(record)?;
        Ok(Exit::Done)
    }
}

/// Launch the runs whose records come in, `--jobs` at a time.
pub fn run(
    args: &Args,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send,
) -> Result<Exit> {
    if let Some(Part::Supervise {
        dir,
        grace_ms,
        parent,
        command,
    }) = &args.part
    {
        return supervise::run(dir, Duration::from_millis(*grace_ms), *parent, command);
    }
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    tg_stage::standard_input("tg-instantiate MANIFEST | tg-launch | tg-wait")?;
    let cancelled = Arc::new(AtomicBool::new(false));
    for signal in [
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register(signal, cancelled.clone())
            .map_err(|cause| Error::outside("signals", cause))?;
    }
    let shared = Shared {
        output: Mutex::new(Output::new(output)),
        limits: Limits {
            grace: args.grace,
            connect: args.connect,
            cancelled,
        },
        manual: args.manual,
        jobs: args.jobs,
    };
    let (sender, lines) = mpsc::sync_channel(0);
    thread::spawn(move || Lines::new(input).try_for_each(|line| sender.send(line)));
    thread::scope(|scope| {
        let mut exit = Exit::Done;
        let mut rows = Vec::new();
        while !shared.limits.cancelled.load(Ordering::Relaxed) {
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
                    rows.push(scope.spawn(|| report(row::run(&shared, *record))));
                }
                Ok(Line::Run(record)) => exit = exit.max(report(shared.print(&record))),
                Ok(Line::Other(bytes)) => exit = exit.max(report(pass(&shared, &bytes))),
                Ok(Line::Bad(error)) => exit = exit.max(report(Err(error))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(exit.max(join(rows)))
    })
}

/// A run that has ended, or could not be made, is passed on as it is.
fn is_due(record: &Record) -> bool {
    record.value("wait").is_none() && record.failed_stage().is_none_or(|stage| stage == "launch")
}

fn pass<W: Write>(shared: &Shared<W>, bytes: &[u8]) -> Result<Exit> {
    shared
        .output
        .lock()
        .map_err(|_| Error::outside("stdout", "a thread failed"))?
        .bytes(bytes)?;
    Ok(Exit::Done)
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
