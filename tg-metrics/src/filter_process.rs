//! The process that evaluates filters: `tg-metrics` starts it as its own child, and may end it at any moment.
//!
//! It reads a [`Task`] and the snapshot, prints [`READY`], and then a line of JSON for each filter. Before the first filter
//! it gives up all resources that a filter must not use: memory beyond the limit, files, core dumps. The filters run in a
//! thread with a fixed stack size, so that a filter that recurses deeply fails on all machines or on none. The parent
//! limits the time ([`crate::filters`]).

use jaq_core::{Ctx, Exn, Vars};
use jaq_json::{Num, Val, read};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use tg_stage::{Error, Exit, Result, filter};

/// The input of the process, on one line before the snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    pub filters: Vec<String>,
    /// The built-in metrics by name.
    pub metrics: Value,
    /// The `run` of the record.
    pub run: Value,
}

/// The value of a filter: a number or null, or why there is neither.
pub type Computed = std::result::Result<Value, String>;

/// The line that the process prints when it has read the snapshot.
pub const READY: &str = "\"ready\"";

/// The environment variable that makes this program the second process: the index of the first filter to evaluate.
pub const FIRST: &str = "TG_METRICS_EVALUATE";

/// The index of the first filter to evaluate, if this is the second process.
pub fn first_filter() -> Option<usize> {
    std::env::var(FIRST).ok()?.parse().ok()
}

/// Evaluates the filters from `first` on, each with so many bytes of memory beyond that of the snapshot; `input` holds the task
/// and the snapshot.
pub fn serve(first: usize, memory: u64, mut input: impl BufRead) -> Result<Exit> {
    let lost = |cause: io::Error| Error::outside("filters", cause);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000"); // when memory runs out, end this process, no agent
    confine(Resource::Core, 0)?;
    let mut task = String::new();
    input.read_line(&mut task).map_err(lost)?;
    let task: Task = serde_json::from_str(&task).map_err(|cause| Error::input("filters", cause))?;
    let mut document = Vec::new();
    input.read_to_end(&mut document).map_err(lost)?;
    let output = io::stdout().as_fd().try_clone_to_owned().map_err(lost)?; // `main` holds the lock on stdout
    let evaluating = std::thread::Builder::new()
        .name("filters".into())
        .stack_size(filter::STACK)
        .spawn(move || evaluate(&task, first, document, memory, &File::from(output)))
        .map_err(lost)?;
    let broken = |_| Error::outside("filters", "broke off");
    evaluating.join().map_err(broken)??;
    Ok(Exit::Done)
}

/// Reads the snapshot, then evaluates the filters. Each line is written before the next filter begins, which may end the
/// process.
fn evaluate(
    task: &Task,
    first: usize,
    document: Vec<u8>,
    memory: u64,
    mut output: &File,
) -> Result<()> {
    let input = FilterInput::new(&document, &task.metrics, &task.run)
        .map_err(|cause| Error::input("snapshot", cause))?;
    drop(document);
    confine(Resource::As, in_use().saturating_add(memory))?;
    confine(Resource::Nofile, 0)?; // a time zone is a file, too
    let mut print = |line: String| {
        let written = output.write_all((line + "\n").as_bytes());
        written.map_err(|cause| Error::outside("filters", cause))
    };
    print(READY.into())?;
    for filter in task.filters.iter().skip(first) {
        print(match input.evaluate(filter) {
            Ok(value) => json!({"value": value}).to_string(),
            Err(why) => json!({"fault": why}).to_string(),
        })?;
    }
    Ok(())
}

/// Lowers a limit of this process to `value`, unless it is lower already.
fn confine(resource: Resource, value: u64) -> Result<()> {
    let Rlimit { current, maximum } = getrlimit(resource);
    let current = Some(current.unwrap_or(u64::MAX).min(value));
    setrlimit(resource, Rlimit { current, maximum })
        .map_err(|cause| Error::outside("filters", format!("cannot be limited: {cause}")))
}

/// The address space in use, in bytes; 0 if the system does not provide it.
fn in_use() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').next().and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

/// The values that a filter can read.
pub struct FilterInput {
    document: Val,
    metrics: Val,
    run: Val,
}

impl FilterInput {
    /// The snapshot in `document`, with the built-in metrics and the `run` of its record.
    pub fn new(document: &[u8], metrics: &Value, run: &Value) -> std::result::Result<Self, String> {
        let parse = |json: &[u8]| read::parse_single(json).map_err(|cause| cause.to_string());
        Ok(Self {
            document: parse(document)?,
            metrics: parse(metrics.to_string().as_bytes())?,
            run: parse(run.to_string().as_bytes())?,
        })
    }

    /// The value of a filter, without limits.
    pub fn evaluate(&self, text: &str) -> Computed {
        let program = filter::compile(text).map_err(|fault| {
            format!("does not compile: column {}: {}", fault.column, fault.what)
        })?;
        let variables = Vars::new([self.metrics.clone(), self.run.clone()]); // as in `filter::VARIABLES`
        let context = Ctx::<filter::Data>::new(&program.lut, variables);
        let mut outputs = program.id.run((context, self.document.clone()));
        let first = outputs.next().ok_or("gives no value")?.map_err(thrown)?;
        match outputs.next() {
            None => number(&first),
            Some(Ok(_)) => Err("gives more than one value".into()),
            Some(Err(exception)) => Err(thrown(exception)),
        }
    }
}

fn thrown(exception: Exn<Val>) -> String {
    exception.get_err().map_or_else(
        |_| "ends without a value".into(),
        |error| format!("fails: {}", short(&error)),
    )
}

fn number(value: &Val) -> Computed {
    let kind = match value {
        Val::Null => return Ok(Value::Null),
        Val::Num(Num::Int(integer)) => return Ok((*integer).into()),
        Val::Num(number) => return real(&number.to_string()),
        Val::Bool(_) => "a boolean",
        Val::TStr(_) | Val::BStr(_) => "a string",
        Val::Arr(_) => "an array",
        Val::Obj(_) => "an object",
    };
    Err(format!("gives {kind}: {}", short(value)))
}

/// The number in `text`: a fraction, or an integer beyond 64 bits.
fn real(text: &str) -> Computed {
    match text.parse::<f64>() {
        Ok(real) if real.is_finite() => Ok(real.into()),
        Ok(real) if real.is_nan() => Err("gives NaN, as 0 / 0 does".into()),
        _ => Err("gives a number beyond all, as 1 / 0 does".into()),
    }
}

/// The beginning of a text, which may be as long as the snapshot.
fn short(text: &impl fmt::Display) -> String {
    const LONGEST: usize = 100;
    struct Beginning(String, usize);
    impl fmt::Write for Beginning {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let left = LONGEST - self.1;
            let taken: String = text.chars().take(left).collect();
            self.0 += &taken;
            self.1 += taken.chars().count();
            if taken.len() < text.len() {
                Err(fmt::Error)
            } else {
                Ok(())
            }
        }
    }
    let mut beginning = Beginning(String::new(), 0);
    if write!(beginning, "{text}").is_err() {
        beginning.0.push('…');
    }
    beginning.0
}
