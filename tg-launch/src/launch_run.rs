//! One run as the launcher sees it: a supervisor process that gets the record, prints it again with `launch`, and prints a
//! report when the run is over.

use crate::breaker::Verdict;
use crate::launcher::Launcher;
use crate::{kill_tree, own_process};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use tg_stage::owner::{ATTEMPT, Owner};
use tg_stage::{
    End, EndReason, Error, ErrorKind, Exit, Fault, Outcome, Record, Result, Run, stage,
};

/// More time than a supervisor needs to end agents that ignore signals.
const PATIENCE: Duration = Duration::from_secs(30);

/// The last line of a supervisor's output.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SupervisorReport {
    /// The reason why the agents ended; empty if none was started.
    pub why: EndReason,
    /// True if some agent was registered at the host.
    pub connected: bool,
    /// The faults that agents reported.
    pub faults: BTreeSet<Fault>,
    /// The kind of the error for which the run was not launched.
    pub error: Option<String>,
}

/// Launches the run of `record` and returns when it is over.
pub fn run<W: Write>(launcher: &Launcher<W>, mut record: Record) -> Result<Exit> {
    let run: Run = record.get("run").unwrap_or_default();
    if let Some(error) = launcher.refusal(&run) {
        return launcher.pass_unstarted(&mut record, &error);
    }
    let mut child = start(launcher, &record)?;
    let owner = Owner::of_pid(child.id());
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || read(stdout, &sender));
    }
    let (printed, report) = follow(launcher, &mut child, &record, &lines);
    drop(child.stdin.take());
    let status = child.wait().map_err(supervise_failed)?;
    if let (None, Some(owner)) = (&report, owner) {
        let owner = owner.to_string();
        kill_tree::kill_all(|| kill_tree::marked(ATTEMPT, &owner)); // it was killed, and we adopted its orphans
    }
    let verdict = verdict(launcher, &record, report.as_ref());
    launcher.breaker.note(&run.id, verdict);
    let exit = exit(status);
    match printed {
        Ok(true) if report.is_none() => {
            let error = killed().within(format!("run {}", run.id));
            error.report("tg-launch");
            Ok(exit)
        }
        Ok(true) => Ok(exit),
        Ok(false) if launcher.is_cancelled() => Ok(Exit::SomeFailed),
        Ok(false) => {
            let exit = refused(&mut record, killed())?;
            launcher.print(&record)?;
            Ok(exit)
        }
        Err(error) => Err(error),
    }
}

fn supervise_failed(cause: std::io::Error) -> Error {
    Error::outside("tg-launch supervise", cause)
}

fn killed() -> Error {
    Error::outside("its supervisor", "was killed")
}

fn start<W: Write>(launcher: &Launcher<W>, record: &Record) -> Result<Child> {
    let args = &launcher.args;
    let ms = |name: &str, time: Option<Duration>| {
        time.map(|time| format!("--{name}-ms={}", time.as_millis()))
    };
    let secrets = args.secrets.iter();
    let mut child = own_process::this_program()?
        .args(["supervise", &format!("--parent={}", std::process::id())])
        .args(args.manual.then_some("--manual"))
        .args(ms("grace", args.grace))
        .args(secrets.flat_map(|path| [Path::new("--secrets"), path]))
        .args(ms("connect", args.connect))
        .arg(format!("--log-limit={}", args.log_limit))
        .arg(format!("--jobs={}", args.jobs))
        .args(["--", record.id()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(supervise_failed)?;
    if let Some(stdin) = &mut child.stdin {
        let _ = stdin.write_all(&record.line()); // if it has exited, no report will come
    }
    Ok(child)
}

fn read(stdout: ChildStdout, sender: &mpsc::Sender<Vec<u8>>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        match stdout.read_until(b'\n', &mut line) {
            Ok(length) if length > 0 && sender.send(line).is_ok() => {}
            _ => return,
        }
    }
}

/// Passes the record on and waits for the report; the first value is true once the record was printed.
fn follow<W: Write>(
    launcher: &Launcher<W>,
    child: &mut Child,
    record: &Record,
    lines: &Receiver<Vec<u8>>,
) -> (Result<bool>, Option<SupervisorReport>) {
    let (mut printed, mut stopped, mut killed) = (Ok(false), None::<Instant>, false);
    let patience = launcher.args.grace.unwrap_or_default() + PATIENCE;
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) if matches!(printed, Ok(false)) => {
                printed = launcher.print_bytes(&line).map(|_| true);
                if printed.is_err() {
                    launcher.cancel();
                }
            }
            Ok(line) => return (printed, serde_json::from_slice(&line).ok()),
            Err(RecvTimeoutError::Disconnected) => return (printed, None),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if tg_stage::reader::is_gone() {
            launcher.cancel();
        }
        match stopped {
            None if launcher.is_cancelled() => {
                stopped = Some(Instant::now());
                kill_tree::signal(child.id(), Signal::TERM);
            }
            Some(at) if !killed && at.elapsed() > patience => {
                let run = format!("run {}", record.id());
                Error::outside(run, "its supervisor does not end").report("tg-launch");
                let _ = child.kill();
                killed = true;
            }
            _ => {}
        }
    }
}

/// The evidence that a run's end gives about the machinery.
fn verdict<W: Write>(
    launcher: &Launcher<W>,
    record: &Record,
    report: Option<&SupervisorReport>,
) -> Verdict {
    let Some(report) = report else {
        return Verdict::Failed("its supervisor was killed".into());
    };
    let end = record.run_dir().and_then(|dir| End::load(&dir));
    let outcome = end.map(|end| end.outcome);
    if !report.faults.is_empty() && outcome != Some(Outcome::Completed) {
        return Verdict::Faults(report.faults.iter().copied().collect());
    }
    match (report.error.as_deref(), &report.why, outcome) {
        (Some(kind), ..) if kind == ErrorKind::Held.name() => Verdict::Nothing,
        (Some(_), ..) => Verdict::Failed("it could not be launched".into()),
        (None, why, _) if *why == EndReason::default() => Verdict::Nothing,
        (None, EndReason::Cancelled, _) if launcher.is_cancelled() => Verdict::Nothing,
        (None, EndReason::Cancelled, None) => Verdict::Failed("it was ended from outside".into()),
        (None, _, Some(outcome)) if outcome.is_machinery() => Verdict::Failed(outcome.to_string()),
        (None, EndReason::Exited, None) if !report.connected => {
            Verdict::Failed(Outcome::NeverConnected.to_string())
        }
        _ => Verdict::Ran,
    }
}

/// Reports in the record and on stderr why the run was not launched, and keeps the record if possible: it is passed on in
/// any case.
pub fn refused(record: &mut Record, error: Error) -> Result<Exit> {
    let is_held = error.kind == ErrorKind::Held; // then the kept record belongs to the process that holds the lock
    let exit = stage::failed("tg-launch", "launch", record, error)?;
    if !is_held && let Err(error) = record.save() {
        error.report("tg-launch");
    }
    Ok(exit)
}

/// The exit status of a supervisor.
fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(0), _) => Exit::Done,
        (Some(2), _) => Exit::Usage,
        (Some(3), _) => Exit::Input,
        (Some(4), _) => Exit::Outside,
        _ => Exit::SomeFailed,
    }
}
