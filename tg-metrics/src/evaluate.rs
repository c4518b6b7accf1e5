//! Running filters: the inner program, which `tg-metrics` starts of itself and which may be killed at any moment.
//!
//! It reads a [`Task`] and the snapshot, says `"ready"`, and answers each filter with a line of JSON. Before the first filter
//! it gives up what a filter has no need of: memory beyond its limit, files, core dumps. Filters run in a thread whose
//! stack is always the same, so that one that recurses deeply does so on every machine or on none.
//! How long a filter may take is for whoever waits for the answer ([`crate::filters`]).

use jaq_core::{Ctx, Exn, Vars};
use jaq_json::{Num, Val, read};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::{self, Write as _};
use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, RecvError, Sender, channel};
use tg_stage::{Error, Exit, Result, filter};

/// What is to be done, on one line before the snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// The filters.
    pub filters: Vec<String>,
    /// The built-in metrics by name.
    pub metrics: Value,
    /// The `run` of the record.
    pub run: Value,
    /// Seconds of processor time for everything, should nobody wait for the answers any more.
    pub cpu_s: u64,
}

/// What a filter comes to: a number or null, or why there is neither.
pub type Computed = std::result::Result<Value, String>;

/// The line that says that the snapshot is read.
pub const READY: &str = "\"ready\"";

/// What a filter sees.
pub struct Subject {
    document: Val,
    metrics: Val,
    run: Val,
}

/// Set by this program for its second process: the number of the first filter to answer.
pub const ASKED: &str = "TG_METRICS_EVALUATE";

/// The number of the first filter to answer, if this is the second process.
pub fn asked() -> Option<usize> {
    std::env::var(ASKED).ok()?.parse().ok()
}

/// Answer the filters from the `from`th on, which may take so many bytes beyond what the snapshot takes; the task and the
/// snapshot are in `input`.
pub fn serve(
    from: usize,
    memory: u64,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<Exit> {
    let lost = |cause: std::io::Error| Error::outside("filters", cause);
    let mut task = String::new();
    input.read_line(&mut task).map_err(lost)?;
    let task: Task = serde_json::from_str(&task).map_err(|cause| Error::input("filters", cause))?;
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000"); // if memory runs out, this is what to end
    confine(Resource::Core, 0)?;
    confine(Resource::Cpu, task.cpu_s)?;
    let mut document = Vec::new();
    input.read_to_end(&mut document).map_err(lost)?;
    let filters = from..task.filters.len();
    let (asks, asked) = channel();
    let (answers, lines) = channel();
    let answering = std::thread::Builder::new()
        .name("filters".into())
        .stack_size(filter::STACK)
        .spawn(move || answer(&task, document, memory, &asked, &answers))
        .map_err(lost)?;
    // Each line is out before the next filter begins, which may be the end of this process.
    let mut say = |line: String| writeln!(output, "{line}").and_then(|()| output.flush());
    if let Ok(ready) = lines.recv() {
        say(ready).map_err(lost)?;
        for filter in filters {
            let Ok(line) = asks.send(filter).map_or(Err(RecvError), |()| lines.recv()) else {
                break;
            };
            say(line).map_err(lost)?;
        }
    }
    drop(asks);
    let broken = |_| Error::outside("filters", "broke off");
    answering.join().map_err(broken)??;
    Ok(Exit::Done)
}

/// Read the snapshot and say so, then answer the filters that are asked for by number.
fn answer(
    task: &Task,
    document: Vec<u8>,
    memory: u64,
    asked: &Receiver<usize>,
    answers: &Sender<String>,
) -> Result<()> {
    let subject = Subject::new(&document, &task.metrics, &task.run)
        .map_err(|cause| Error::input("snapshot", cause))?;
    drop(document);
    confine(Resource::As, in_use().saturating_add(memory))?;
    confine(Resource::Nofile, 0)?; // a time zone is a file, too
    let mut line = READY.to_string();
    while answers.send(line).is_ok() {
        let Ok(filter) = asked.recv() else { break };
        line = match subject.answer(&task.filters[filter]) {
            Ok(value) => json!({"value": value}).to_string(),
            Err(why) => json!({"fault": why}).to_string(),
        };
    }
    Ok(())
}

/// Lower a limit of this process to `value`, unless it is lower already.
fn confine(resource: Resource, value: u64) -> Result<()> {
    let Rlimit { current, maximum } = getrlimit(resource);
    let lowest = current.unwrap_or(u64::MAX).min(value);
    let limit = Rlimit {
        current: Some(lowest),
        maximum,
    };
    setrlimit(resource, limit)
        .map_err(|cause| Error::outside("filters", format!("cannot be limited: {cause}")))
}

/// The address space in use, in bytes; 0 where the system does not say.
fn in_use() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = pages
        .split(' ')
        .next()
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0);
    pages * rustix::param::page_size() as u64
}

impl Subject {
    /// The snapshot in `document`, with the built-in metrics and the `run` of its record.
    pub fn new(document: &[u8], metrics: &Value, run: &Value) -> std::result::Result<Self, String> {
        let parse = |json: &[u8]| read::parse_single(json).map_err(|cause| cause.to_string());
        Ok(Self {
            document: parse(document)?,
            metrics: parse(metrics.to_string().as_bytes())?,
            run: parse(run.to_string().as_bytes())?,
        })
    }

    /// What a filter comes to.
    pub fn answer(&self, text: &str) -> Computed {
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

/// The number in `text`, which may be a fraction, or an integer beyond 64 bits.
fn real(text: &str) -> Computed {
    match text.parse::<f64>() {
        Ok(real) if real.is_finite() => Ok(real.into()),
        Ok(real) if real.is_nan() => Err("gives NaN, as 0 / 0 does".into()),
        _ => Err("gives a number beyond all, as 1 / 0 does".into()),
    }
}

/// The beginning of a text that may be as long as the snapshot.
fn short(text: &impl fmt::Display) -> String {
    const LONGEST: usize = 100;
    struct Beginning(String, usize);
    impl fmt::Write for Beginning {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = LONGEST - self.1;
            let taken: String = text.chars().take(room).collect();
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
