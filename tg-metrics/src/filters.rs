//! Custom filters over a snapshot, evaluated in a second process.
//!
//! A filter may loop for ever, use all memory or recurse without end, and must not cost the other metrics. So filters run
//! in a second process of this program ([`crate::filter_process`]), which limits its own memory; this process ends it when a
//! filter takes too long. One process reads the snapshot once and evaluates all filters; if a filter ends it, the next
//! process continues with the filter behind.

use crate::filter_process::{Computed, FIRST, READY, Task};
use crate::size;
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tg_stage::{CustomMetric, time};

/// The time limit for reading the snapshot, which may have gigabytes.
const READING: Duration = Duration::from_mins(5);

/// The limits of each filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
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

/// The name and value of each filter over the snapshot in `document` (JSON, not compressed), in their order. `metrics` are
/// the built-in ones by name, `run` is that of the record.
pub fn compute(
    document: &mut dyn Read,
    metrics: &Value,
    run: &Value,
    filters: &[CustomMetric],
    limits: &Limits,
) -> Vec<(String, Computed)> {
    let task = Task {
        filters: filters.iter().map(|filter| filter.jq.clone()).collect(),
        metrics: metrics.clone(),
        run: run.clone(),
    };
    let mut values = Vec::new();
    let done = spool(&task, document).and_then(|mut spool| {
        while values.len() < filters.len() {
            evaluate(&mut spool, filters.len(), limits, &mut values)?;
        }
        Ok(())
    });
    if let Err(cause) = done {
        let cause = cause.to_string();
        let bare = cause.split(" (os error").next().unwrap_or(&cause);
        values.resize(filters.len(), Err(format!("could not be run: {bare}")));
    }
    let names = filters.iter().map(|filter| filter.name.clone());
    names.zip(values).collect()
}

/// The task and the snapshot in an unnamed file, which each process reads from the start.
fn spool(task: &Task, document: &mut dyn Read) -> io::Result<File> {
    let mut spool = tempfile::tempfile()?;
    let mut line = serde_json::to_vec(task)?;
    line.push(b'\n');
    spool.write_all(&line)?;
    io::copy(document, &mut spool)?;
    Ok(spool)
}

/// Collects the missing values from a new process until it ends. Adds at least one value, or returns the error that would
/// occur for all of them.
fn evaluate(
    spool: &mut File,
    count: usize,
    limits: &Limits,
    values: &mut Vec<Computed>,
) -> io::Result<()> {
    spool.rewind()?;
    let mut process = Process::start(spool.try_clone()?, values.len(), limits)?;
    match process.line(READING) {
        Ok(line) if line == READY => {}
        Ok(line) => return Err(io::Error::other(line)),
        Err(stopped) => {
            let time = READING;
            let why = process.why(stopped, &Limits { time, ..*limits });
            return Err(io::Error::other(format!("reading the snapshot {why}")));
        }
    }
    while values.len() < count {
        match process.line(limits.time) {
            Ok(line) => values.push(value(&line)),
            Err(stopped) => {
                values.push(Err(process.why(stopped, limits)));
                break;
            }
        }
    }
    Ok(())
}

fn value(line: &str) -> Computed {
    let mut answer: Value = serde_json::from_str(line).unwrap_or_default();
    match answer["fault"].as_str() {
        Some(fault) => Err(fault.into()),
        None => Ok(answer["value"].take()),
    }
}

/// A process that evaluates filters; killed on drop.
struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn start(input: File, first: usize, limits: &Limits) -> io::Result<Self> {
        // Only this program accepts the argument: if this code runs inside a test program, the child must not run all tests.
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--jq-memory", &limits.memory.to_string()])
            .env_clear()
            .env(FIRST, first.to_string())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.all(|line| sender.send(line).is_ok())
            });
        }
        Ok(Self { child, lines })
    }

    fn line(&self, patience: Duration) -> Result<String, RecvTimeoutError> {
        self.lines.recv_timeout(patience)
    }

    /// The reason for a missing line. If the process ended, Rust's runtime wrote the reason to stderr.
    fn why(&mut self, stopped: RecvTimeoutError, limits: &Limits) -> String {
        if stopped == RecvTimeoutError::Timeout {
            let time = time::show(limits.time);
            return format!("did not end within {time} (--jq-timeout)");
        }
        let mut text = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(1 << 16).read_to_string(&mut text); // a part is better than nothing
        }
        let has = |part: &str| text.contains(part);
        if has("memory allocation of") || has("capacity overflow") {
            let size = size::show(limits.memory);
            let lower = getrlimit(Resource::As).current;
            let lower = lower.map_or("", |_| ", or than this shell allows");
            return format!("needs more memory than {size} (--jq-memory){lower}");
        }
        if has("has overflowed its stack") {
            return "recurses too deeply".into();
        }
        let is_cause = |line: &&str| !line.is_empty() && !line.starts_with("thread '");
        match (text.lines().find(is_cause), self.child.wait()) {
            (Some(cause), _) => format!("broke off: {cause}"),
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
