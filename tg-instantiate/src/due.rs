//! `--due`: the state of each row for a script that passes rows to a scheduler, and the exit status of the row contract.
//!
//! A row is done when it ended, with any outcome, and its snapshot exists. The machinery may fail on it a few times. The
//! results directory counts the tries, because schedulers multiply theirs: a job requeued, retried and resubmitted is
//! three. Only tries with today's inputs count, without cancelled ones. A row is held if the experiment has spent its
//! budget, compared with today's limits. The circuit breaker belongs to a launcher, and starts closed in each.

use crate::args::Args;
use crate::attempts::{failures, has_inputs};
use crate::manifest::Manifest;
use crate::resume::{self, Verdict};
use crate::row::Row;
use std::fmt::Write as _;
use std::io::Write;
use strum::IntoStaticStr;
use tg_stage::spent::Reached;
use tg_stage::{ErrorKind, Exit, Output, Record, Result, Wait};

/// The state of a row, as the script sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
enum DueState {
    Done,
    /// To be run.
    Due,
    Running,
    /// To be run once the budget is raised.
    Held,
    /// Another try would fail as well.
    Failed,
}

impl DueState {
    fn exit(self) -> Exit {
        match self {
            Self::Done => Exit::Done,
            Self::Due | Self::Running => Exit::Again,
            Self::Held | Self::Failed => Exit::SomeFailed,
        }
    }
}

/// Tries of a row if neither the call nor the manifest limits them: the scheduler's first try, and two more.
const TRIES: u32 = 3;

/// Prints a line for each row; the exit status is that of the row with most left to do.
pub fn print(rows: &[Row], args: &Args, manifest: &Manifest, output: impl Write) -> Result<Exit> {
    let of_manifest = (manifest.retries > 0).then_some(manifest.retries + 1);
    let most = args.tries.or(of_manifest).unwrap_or(TRIES);
    let mut text = String::new();
    let mut exit = Exit::Done;
    let spent = rows.first().and_then(|row| resume::spent(&row.run)); // one experiment, one budget
    for row in rows {
        let tries = failures(row);
        let (state, why) = judge(row, args.again, tries, most, spent);
        exit = exit.max(state.exit());
        let (number, run) = (row.number, &row.run);
        let name: &str = state.into();
        let (id, agents, inputs, dir) = (&run.id, run.agents, &run.inputs_sha256, &run.dir);
        let why = why.replace(['\t', '\n'], " ");
        let _ = writeln!(
            text,
            "{number}\t{id}\t{agents}\t{name}\t{tries}\t{inputs}\t{dir}\t{why}"
        );
    }
    Output::new(output).bytes(text.as_bytes())?;
    Ok(exit)
}

fn judge(
    row: &Row,
    again: bool,
    tries: u32,
    most: u32,
    spent: Option<Reached>,
) -> (DueState, String) {
    let why = match resume::verdict(row, again) {
        Ok(Verdict::Done { record, why }) => {
            let wait = record.get::<Wait>("wait").unwrap_or_default();
            return match ended(row, why) {
                (DueState::Done, why) if wait.end.is_cut_off() => affordable(why, spent),
                other => other,
            };
        }
        Ok(Verdict::Decided { outcome, .. }) => {
            let why = format!("ended as {outcome}, which is not recorded yet");
            return (DueState::Due, why);
        }
        Ok(Verdict::Ready { why, .. }) => return affordable(why, spent),
        Ok(Verdict::Due { why }) if again => return affordable(why, spent),
        Ok(Verdict::Due { why }) => why,
        Err(error) if error.kind == ErrorKind::Held => {
            return (DueState::Running, error.to_string());
        }
        Err(error) => return (DueState::Failed, error.to_string()),
    };
    let left = row.dir().load().ok();
    let left = left.filter(|record| has_inputs(record, row));
    let why = left.as_ref().and_then(launch_error).unwrap_or(why);
    let kind = left.and_then(|record| record.error_kind("launch"));
    if matches!(kind, Some(ErrorKind::Input | ErrorKind::Usage)) {
        return (DueState::Failed, why);
    }
    if tries < most {
        return affordable(why, spent);
    }
    let more = tries + 1;
    let why = format!("given up after {tries} tries: {why} (TG_MAX_TRIES={more} tries once more)");
    (DueState::Failed, why)
}

/// The state of a run that ended: done once its snapshot exists.
fn ended(row: &Row, why: String) -> (DueState, String) {
    let dir = row.dir();
    if dir.snapshot().is_file() {
        return (DueState::Done, why);
    }
    if row.run.shared_db || dir.db().is_file() {
        let why = format!("ended as {why}, and is not exported yet");
        return (DueState::Due, why);
    }
    let lost = "its snapshot and its database are gone: --again runs it anew";
    (DueState::Failed, lost.into())
}

/// Due, or held if the budget is spent: the launcher would not start the row.
fn affordable(why: String, spent: Option<Reached>) -> (DueState, String) {
    match spent {
        Some(reached) => {
            let why = format!("{why}; {reached}: raise it in the manifest's limits");
            (DueState::Held, why)
        }
        None => (DueState::Due, why),
    }
}

/// The message of the error that kept a run from being launched.
fn launch_error(record: &Record) -> Option<String> {
    let error = record.value("launch")?.get("error")?;
    Some(format!("launch failed: {}", error["message"].as_str()?))
}
