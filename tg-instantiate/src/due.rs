//! `--due`: each row for a script that hands rows to somebody else's engine, and the row contract's exit status.
//!
//! A row is done when it ended, however it ended, and its snapshot is there. The machinery may fail on it a few times;
//! the store counts the tries, because engines multiply theirs: a job requeued, retried and resubmitted is three. Only
//! tries with the inputs of today count, and none that somebody cancelled. What the experiment has spent is held against
//! the limits of today: a row for which there is no money is held. The breaker is a launcher's, and opens anew in each.

use crate::args::Args;
use crate::attempts;
use crate::manifest::Manifest;
use crate::matrix::Row;
use crate::resume::{self, State};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use tg_stage::spent::Reached;
use tg_stage::{Exit, Output, Record, Result, Run, Wait};

/// What a script does about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Nothing.
    Done,
    /// Run it.
    Due,
    /// Leave it to who runs it.
    Running,
    /// Run it when there is money again.
    Held,
    /// Report it: another try would fail as well.
    Failed,
}

impl Word {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Due => "due",
            Self::Running => "running",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }

    fn exit(self) -> Exit {
        match self {
            Self::Done => Exit::Done,
            Self::Due | Self::Running => Exit::Again,
            Self::Held | Self::Failed => Exit::SomeFailed,
        }
    }
}

/// How often a row is tried where neither the call nor the manifest says: an engine's first try, and two more.
const TRIES: u32 = 3;

/// Print a line for each row; the exit status is that of the row with most left to do.
pub fn print(rows: &[Row], args: &Args, manifest: &Manifest, output: impl Write) -> Result<Exit> {
    let said = (manifest.retries > 0).then_some(manifest.retries + 1);
    let most = args.tries.or(said).unwrap_or(TRIES);
    let mut text = String::new();
    let mut exit = Exit::Done;
    let spent = rows.first().and_then(|row| resume::spent(&row.run)); // one experiment, one budget
    for row in rows {
        let run = &row.run;
        let tries = attempts::failures(Path::new(&run.dir), &run.inputs_sha256);
        let (word, why) = look(row, args.again, tries, most, spent);
        exit = exit.max(word.exit());
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{tries}\t{}\t{}\t{}",
            row.number,
            run.id,
            run.agents,
            word.name(),
            run.inputs_sha256,
            run.dir,
            why.replace(['\t', '\n'], " ")
        );
    }
    Output::new(output).bytes(text.as_bytes())?;
    Ok(exit)
}

fn look(row: &Row, again: bool, tries: u32, most: u32, spent: Option<Reached>) -> (Word, String) {
    let why = match resume::state(row, again) {
        Ok(State::Done { record, why }) => {
            let wait = record.get::<Wait>("wait").unwrap_or_default();
            return match done(row, why) {
                (Word::Done, why) if wait.is_cut_off() => launched(why, spent),
                other => other,
            };
        }
        Ok(State::Decided { outcome, .. }) => {
            let why = format!("ended as {outcome}, which only has to be written down");
            return (Word::Due, why);
        }
        Ok(State::Ready { why, .. }) => return launched(why, spent),
        Ok(State::Due { why }) if again => return launched(why, spent),
        Ok(State::Due { why }) => why,
        Err(error) if error.kind == "held" => return (Word::Running, error.to_string()),
        Err(error) => return (Word::Failed, error.to_string()),
    };
    let left = same(row);
    let why = left.as_ref().and_then(told).unwrap_or(why);
    if left.is_some_and(|record| matches!(kind(&record), Some("input" | "usage"))) {
        return (Word::Failed, why);
    }
    if tries < most {
        return launched(why, spent);
    }
    let more = tries + 1;
    let why = format!("given up after {tries} tries: {why} (TG_MAX_TRIES={more} tries once more)");
    (Word::Failed, why)
}

/// A run that ended is done when its snapshot is there.
fn done(row: &Row, why: String) -> (Word, String) {
    let dir = Path::new(&row.run.dir);
    if dir.join("snapshot.json.gz").is_file() {
        return (Word::Done, why);
    }
    if row.run.shared_db || dir.join("tasks.db").is_file() {
        return (
            Word::Due,
            format!("ended as {why}, and is not exported yet"),
        );
    }
    let lost = "its snapshot and its database are gone: --again runs it anew";
    (Word::Failed, lost.into())
}

/// A row that is to be launched; where there is no money for it the launcher would not start it, whatever else it lacks.
fn launched(why: String, spent: Option<Reached>) -> (Word, String) {
    match spent {
        Some(reached) => {
            let why = format!("{why}; {reached}: raise it in the manifest's limits");
            (Word::Held, why)
        }
        None => (Word::Due, why),
    }
}

/// What the last try left, if it had the inputs of today.
fn same(row: &Row) -> Option<Record> {
    let record = Record::load(&Path::new(&row.run.dir).join("run.json")).ok()?;
    let run: Run = record.get("run").ok()?;
    (run.inputs_sha256 == row.run.inputs_sha256).then_some(record)
}

/// Why a run was not launched: the kind of the error.
fn kind(record: &Record) -> Option<&str> {
    record.value("launch")?.get("error")?["kind"].as_str()
}

/// Why a run was not launched, in words.
fn told(record: &Record) -> Option<String> {
    let error = record.value("launch")?.get("error")?;
    Some(format!("launch failed: {}", error["message"].as_str()?))
}
