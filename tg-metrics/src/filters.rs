//! The user's own filters over a snapshot, run where they can do no harm.
//!
//! A filter may loop for ever, eat all memory or recurse without end, and none of that may cost the other metrics. So they
//! run in a second process of this program ([`crate::evaluate`]), which limits itself and is killed when it takes too
//! long. One process reads the snapshot once and answers all filters; if one of them ends it, the next process goes on
//! behind that one.

use crate::evaluate::{ASKED, Computed, READY, Task};
use crate::size;
use rustix::process::{Resource, Signal, getrlimit};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tg_stage::{OwnMetric, time};

/// How long the snapshot may take to be read: gigabytes.
const READING: Duration = Duration::from_mins(5);

/// What each filter may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time.
    pub time: Duration,
    /// Memory beyond that of the snapshot, in bytes.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory: 1 << 30,
        }
    }
}

/// What each of `filters` comes to over the snapshot in `document` (JSON, not compressed), in their order: a number, null, or
/// why there is neither. `metrics` are the built-in ones by name, `run` is that of the record.
pub fn compute(
    document: &mut dyn Read,
    metrics: &Value,
    run: &Value,
    filters: &[OwnMetric],
    limits: &Limits,
) -> Vec<(String, Computed)> {
    let seconds = limits.time.as_secs().saturating_add(1);
    let task = Task {
        filters: filters.iter().map(|filter| filter.jq.clone()).collect(),
        metrics: metrics.clone(),
        run: run.clone(),
        cpu_s: seconds
            .saturating_mul(filters.len() as u64)
            .saturating_add(READING.as_secs()),
    };
    let mut answers = Vec::new();
    let asked = spool(&task, document).and_then(|mut spool| {
        while answers.len() < filters.len() {
            some(&mut spool, filters.len(), limits, &mut answers)?;
        }
        Ok(())
    });
    if let Err(cause) = asked {
        let cause = cause.to_string();
        let bare = cause.split(" (os error").next().unwrap_or(&cause);
        answers.resize(filters.len(), Err(format!("could not be run: {bare}")));
    }
    let names = filters.iter().map(|filter| filter.name.clone());
    names.zip(answers).collect()
}

/// The task and the snapshot in a file without a name, from which every process reads them anew.
fn spool(task: &Task, document: &mut dyn Read) -> io::Result<File> {
    let mut spool = tempfile::tempfile()?;
    let mut line = serde_json::to_vec(task)?;
    line.push(b'\n');
    spool.write_all(&line)?;
    io::copy(document, &mut spool)?;
    Ok(spool)
}

/// Ask a process for the answers that are missing, until it ends; at least one is added, or the error says why none ever
/// will be.
fn some(
    spool: &mut File,
    all: usize,
    limits: &Limits,
    answers: &mut Vec<Computed>,
) -> io::Result<()> {
    spool.rewind()?;
    let mut process = Process::start(spool.try_clone()?, answers.len(), limits)?;
    match process.line(READING) {
        Ok(line) if line == READY => {}
        Ok(line) => return Err(io::Error::other(line)),
        Err(stopped) => {
            let time = READING;
            let why = process.why(stopped, &Limits { time, ..*limits });
            return Err(io::Error::other(format!("reading the snapshot {why}")));
        }
    }
    while answers.len() < all {
        match process.line(limits.time) {
            Ok(line) => answers.push(answer(&line)),
            Err(stopped) => {
                answers.push(Err(process.why(stopped, limits)));
                break;
            }
        }
    }
    Ok(())
}

fn answer(line: &str) -> Computed {
    let mut answer: Value = serde_json::from_str(line).unwrap_or_default();
    match answer["fault"].as_str() {
        Some(fault) => Err(fault.into()),
        None => Ok(answer["value"].take()),
    }
}

/// A process that answers, ended with this value.
struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn start(input: File, from: usize, limits: &Limits) -> io::Result<Self> {
        // An argument that no other program takes, should this one be part of it: a test would run all tests.
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--jq-memory", &limits.memory.to_string()])
            .env_clear()
            .env(ASKED, from.to_string())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
            });
        }
        Ok(Self { child, lines })
    }

    fn line(&self, patience: Duration) -> Result<String, RecvTimeoutError> {
        self.lines.recv_timeout(patience)
    }

    /// Why there was no line. A process that has ended left word of it on stderr, in the words of Rust's runtime.
    fn why(&mut self, stopped: RecvTimeoutError, limits: &Limits) -> String {
        let time = time::show(limits.time);
        let too_long = format!("did not end within {time} (--jq-timeout)");
        if stopped == RecvTimeoutError::Timeout {
            return too_long;
        }
        let mut words = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(1 << 16).read_to_string(&mut words); // what is there is told
        }
        let status = self.child.wait();
        let has = |text: &str| words.contains(text);
        if has("memory allocation of") || has("capacity overflow") {
            let lower = getrlimit(Resource::As)
                .current
                .map(|_| ", or than this shell allows");
            let (size, lower) = (size::show(limits.memory), lower.unwrap_or_default());
            return format!("needs more memory than {size} (--jq-memory){lower}");
        }
        if has("has overflowed its stack") {
            return "recurses too deeply".into();
        }
        let signal = status.as_ref().ok().and_then(ExitStatusExt::signal);
        if signal == Some(Signal::XCPU.as_raw()) {
            return too_long;
        }
        let is_word = |line: &&str| !line.is_empty() && !line.starts_with("thread '");
        match (words.lines().find(is_word), status) {
            (Some(word), _) => format!("broke off: {word}"),
            (None, Ok(status)) => format!("broke off: {status}"),
            (None, Err(cause)) => format!("broke off: {cause}"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}
