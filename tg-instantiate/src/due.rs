//! `--due`: each row for a script that hands rows to somebody else's engine, and the row contract's exit status.
//!
//! A row is done when it ended, however it ended, and its snapshot is there. The machinery may fail on it a few times;
//! the store counts the tries, because engines multiply theirs: a job requeued, retried and resubmitted is three. Only
//! tries with the inputs of today count, and none that somebody cancelled or that was held back for lack of budget.

use crate::args::Args;
use crate::matrix::Row;
use crate::resume::{self, State};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
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

/// Print a line for each row; the exit status is that of the row with most left to do.
pub fn print(rows: &[Row], args: &Args, output: impl Write) -> Result<Exit> {
    let mut text = String::new();
    let mut exit = Exit::Done;
    for row in rows {
        let tries = tries(row);
        let (word, why) = look(row, args, tries);
        exit = exit.max(word.exit());
        let run = &row.run;
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

fn look(row: &Row, args: &Args, tries: u32) -> (Word, String) {
    let dir = Path::new(&row.run.dir);
    let why = match resume::state(row, args.again) {
        Ok(State::Done { why, .. }) => {
            return if dir.join("snapshot.json.gz").is_file() {
                (Word::Done, why)
            } else if row.run.shared_db || dir.join("tasks.db").is_file() {
                (
                    Word::Due,
                    format!("ended as {why}, and is not exported yet"),
                )
            } else {
                let lost = "its snapshot and its database are gone: --again runs it anew";
                (Word::Failed, lost.into())
            };
        }
        Ok(State::Ready { .. }) => "instantiated before, and not launched yet".into(),
        Ok(State::Due { why }) => why,
        Err(error) if error.kind == "held" => return (Word::Running, error.to_string()),
        Err(error) => return (Word::Failed, error.to_string()),
    };
    if args.again {
        return (Word::Due, why);
    }
    let left = Attempt::of(dir, row);
    let told = left.as_ref().and_then(Attempt::refused);
    let why = told.map_or(why, |(_, message)| format!("launch failed: {message}"));
    match left.as_ref().and_then(Attempt::refused) {
        Some(("input" | "usage", message)) => (Word::Failed, message.into()),
        Some(("budget" | "breaker", message)) => (Word::Held, message.into()),
        _ if tries >= args.tries => (
            Word::Failed,
            format!(
                "given up after {tries} tries: {why} (TG_MAX_TRIES={} tries once more)",
                tries + 1
            ),
        ),
        _ => (Word::Due, why),
    }
}

/// How often the machinery failed on the row, in the attempts that are kept.
fn tries(row: &Row) -> u32 {
    let dir = PathBuf::from(&row.run.dir);
    let kept = (1..).map(|number| dir.with_file_name(format!("{}.try{number}", row.run.id)));
    let kept = kept.take_while(|path| path.exists());
    let failed = kept
        .chain([dir.clone()])
        .filter_map(|dir| Attempt::of(&dir, row))
        .filter(Attempt::counts);
    failed.count() as u32
}

/// What an attempt at the row left, with the inputs that the row has today.
struct Attempt(Record);

impl Attempt {
    fn of(dir: &Path, row: &Row) -> Option<Self> {
        let record = Record::load(&dir.join("run.json")).ok()?;
        let run: Run = record.get("run").ok()?;
        (run.inputs_sha256 == row.run.inputs_sha256).then_some(Self(record))
    }

    /// Why it was not launched: the kind and the words of the error.
    fn refused(&self) -> Option<(&str, &str)> {
        let error = self.0.value("launch")?.get("error")?;
        Some((
            error["kind"].as_str()?,
            error["message"].as_str().unwrap_or_default(),
        ))
    }

    /// Whether the machinery failed in it. One that was launched and says no end was killed.
    fn counts(&self) -> bool {
        let Some(wait) = self.0.value("wait") else {
            let held = ["held", "budget", "breaker"];
            return self.0.value("launch").is_some()
                && !self.refused().is_some_and(|(kind, _)| held.contains(&kind));
        };
        match wait.get("outcome").and_then(Value::as_str) {
            Some(outcome) => Wait::is_void(outcome) && outcome != "cancelled",
            None => true, // the wait itself failed
        }
    }
}
