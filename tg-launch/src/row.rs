//! One run as the launcher sees it: a supervisor that is given the record, gives it back with `launch`, and says at its end
//! how that came.

use crate::breaker::Verdict;
use crate::{Shared, ourselves, sweep};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use tg_stage::mark::{ATTEMPT, Owner};
use tg_stage::{End as RunEnd, Error, Exit, Record, Result, Run, stage};

/// Longer than a supervisor takes to end the most stubborn agents.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a supervisor says last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct End {
    /// `exited`, `ended`, `cancelled` or `budget`; empty where nobody was started.
    pub why: String,
    /// Some agent was seen at the host.
    pub connected: bool,
    /// What agents say they failed of: `auth`, `quota`.
    pub faults: Vec<String>,
    /// The kind of the error for which it was not launched.
    pub error: Option<String>,
}

/// Launch the run of `record` and stay until it is over.
pub fn run<W: Write>(shared: &Shared<W>, mut record: Record) -> Result<Exit> {
    let run: Run = record.get("run").unwrap_or_default();
    if let Some(error) = shared.breaker.refuses().or_else(|| shared.budget(&run)) {
        return shared.pass_unstarted(&mut record, &error);
    }
    let mut child = start(shared, &record)?;
    let owner = Owner::of(child.id());
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || read(stdout, &sender));
    }
    let (told, end) = follow(shared, &mut child, &record, &lines);
    drop(child.stdin.take());
    let status = child
        .wait()
        .map_err(|cause| Error::outside("tg-launch supervise", cause))?;
    if let (None, Some(owner)) = (&end, owner) {
        let owner = owner.to_string();
        sweep::kill_all(|| sweep::marked(ATTEMPT, &owner)); // it was killed, and its orphans came to us
    }
    shared
        .breaker
        .note(&run.id, verdict(shared, &record, end.as_ref()));
    let exit = exit(status);
    match told {
        Ok(true) => {
            if end.is_none() {
                killed()
                    .within(format!("run {}", run.id))
                    .report("tg-launch");
            }
            Ok(exit)
        }
        Ok(false) if shared.is_cancelled() => Ok(Exit::SomeFailed),
        Ok(false) => {
            let exit = refused(&mut record, killed())?;
            shared.print(&record)?;
            Ok(exit)
        }
        Err(error) => Err(error),
    }
}

fn killed() -> Error {
    Error::outside("its supervisor", "was killed")
}

fn start<W: Write>(shared: &Shared<W>, record: &Record) -> Result<Child> {
    let args = &shared.args;
    let ms = |name: &str, time: Option<Duration>| {
        time.map(|time| format!("--{name}-ms={}", time.as_millis()))
    };
    let mut child = ourselves()?
        .args(["supervise", &format!("--parent={}", std::process::id())])
        .args(args.manual.then_some("--manual"))
        .args(ms("grace", args.grace))
        .args(
            args.secrets
                .iter()
                .flat_map(|path| [Path::new("--secrets"), path]),
        )
        .args(ms("connect", args.connect))
        .arg(format!("--log-limit={}", args.log_limit))
        .arg(format!("--jobs={}", args.jobs))
        .args(["--", record.id()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|cause| Error::outside("tg-launch supervise", cause))?;
    if let Some(stdin) = &mut child.stdin {
        let _ = stdin.write_all(&record.line()); // if it has died, its silence tells
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

/// Pass the record on and wait for the end; whether the record came, and what was said last.
fn follow<W: Write>(
    shared: &Shared<W>,
    child: &mut Child,
    record: &Record,
    lines: &Receiver<Vec<u8>>,
) -> (Result<bool>, Option<End>) {
    let (mut told, mut stopped, mut killed) = (Ok(false), None::<Instant>, false);
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) if matches!(told, Ok(false)) => {
                told = shared.pass(&line).map(|_| true);
                if told.is_err() {
                    shared.cancel();
                }
            }
            Ok(line) => return (told, serde_json::from_slice(&line).ok()),
            Err(RecvTimeoutError::Disconnected) => return (told, None),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if tg_stage::reader::is_gone() {
            shared.cancel();
        }
        match stopped {
            None if shared.is_cancelled() => {
                stopped = Some(Instant::now());
                sweep::signal(child.id(), Signal::TERM);
            }
            Some(at)
                if !killed && at.elapsed() > shared.args.grace.unwrap_or_default() + PATIENCE =>
            {
                Error::outside(
                    format!("run {}", record.id()),
                    "its supervisor does not end",
                )
                .report("tg-launch");
                let _ = child.kill();
                killed = true;
            }
            _ => {}
        }
    }
}

/// What the end of a run says of the machinery.
fn verdict<W: Write>(shared: &Shared<W>, record: &Record, end: Option<&End>) -> Verdict {
    let Some(end) = end else {
        return Verdict::Failed("its supervisor was killed".into());
    };
    let end_of_run = record.dir().and_then(|dir| RunEnd::load(&dir));
    let outcome = end_of_run.as_ref().map(|end| end.outcome.as_str());
    if !end.faults.is_empty() && outcome != Some("completed") {
        return Verdict::Fault(end.faults.join(", "));
    }
    match (end.error.as_deref(), end.why.as_str(), outcome) {
        (Some("held"), ..) | (None, "", _) => Verdict::Nothing,
        (Some(_), ..) => Verdict::Failed("it could not be launched".into()),
        (None, "cancelled", _) if shared.is_cancelled() => Verdict::Nothing,
        (None, "cancelled", None) => Verdict::Failed("it was ended from outside".into()),
        (None, _, Some(void @ ("infra" | "never_connected"))) => Verdict::Failed(void.into()),
        (None, "exited", None) if !end.connected => Verdict::Failed("never_connected".into()),
        _ => Verdict::Ran,
    }
}

/// Say in the record and on stderr why the run was not launched, and keep that, if it can be kept: the record is to be
/// passed on in any case.
pub fn refused(record: &mut Record, error: Error) -> Result<Exit> {
    let is_anothers = error.kind == "held"; // then run.json belongs to who holds the lock
    let exit = stage::failed("tg-launch", "launch", record, error)?;
    if !is_anothers && let Err(error) = record.save() {
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
