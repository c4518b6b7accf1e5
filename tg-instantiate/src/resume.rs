//! Which rows still have to be run, and why.
//!
//! A run is done when its record says how it ended and its inputs are unchanged. A bad outcome (a timeout, failed
//! tasks) is data and is not repeated; a run that was cancelled, or in which the machinery failed, is. A row that was made
//! and never begun, because a budget was spent or somebody else held it, is launched as it is.

use crate::matrix::Row;
use crate::{attempts, explain, recover};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tg_stage::file::Lock;
use tg_stage::{End, Error, Launch, Record, Result, Run, Wait};

/// What is to be done about a row.
pub enum State {
    /// It ran; the record is passed on, and the later stages leave it alone.
    Done { record: Record, why: String },
    /// Its database is there and nobody has worked in it.
    Ready { record: Record, why: String },
    /// It has to be made.
    Due { why: String },
    /// It ran and its end is decided, and the later stages are to write that down.
    Decided { record: Record, outcome: String },
}

/// Whether nobody is at work on a row; the error says who is.
pub fn free(row: &Row) -> Result<()> {
    for name in ["launch.lock", "wait.lock"] {
        let lock = PathBuf::from(&row.run.dir).join(name);
        if !Lock::is_free(&lock) {
            return Err(Error::held(&lock).within(format!("run {} is running", row.run.id)));
        }
    }
    Ok(())
}

/// Look at what an earlier call left of a row. `again` makes every row due.
pub fn state(row: &Row, again: bool) -> Result<State> {
    let due = |why: String| Ok(State::Due { why });
    let dir = PathBuf::from(&row.run.dir);
    if !dir.exists() {
        return due("is new".into());
    }
    free(row)?;
    let kept = Record::load(&dir.join("run.json")).ok();
    let Some(mut record) = kept.or_else(|| recover::record(row)) else {
        return due("its run.json cannot be read".into());
    };
    let Ok(before) = record.get::<Run>("run") else {
        return due("its run.json is not one of ours".into());
    };
    if again {
        return due("--again".into());
    }
    if before.inputs_sha256 != row.run.inputs_sha256 {
        return due(format!(
            "changed: {}",
            explain::changes(&before, &row.run).join("; ")
        ));
    }
    if record.has("wait") {
        let outcome = record.get::<Wait>("wait")?.outcome;
        if Wait::is_void(&outcome) {
            return due(format!("ended as {outcome}"));
        }
        refresh(&mut record, row, &["instantiate", "launch", "wait"])?;
        let why = if is_edited(&before, &row.run) {
            format!("{outcome}, and what was edited in the manifest since does not concern it")
        } else {
            outcome
        };
        return Ok(State::Done { record, why });
    }
    if attempts::is_refused(&record) {
        let kind = record
            .value("launch")
            .map(|launch| launch["error"]["kind"].clone());
        let why = format!(
            "was not launched: {}",
            kind.unwrap_or_default().as_str().unwrap_or_default()
        );
        refresh(&mut record, row, &["instantiate"])?;
        return Ok(State::Ready { record, why });
    }
    if let Some(stage) = record.failed_stage() {
        return due(format!("{stage} failed"));
    }
    if record
        .get::<Launch>("launch")
        .is_ok_and(|launch| launch.manual)
    {
        return Err(Error::outside(
            format!("run {}", row.run.id),
            "was given to people to work on by hand, and has not ended",
        )
        .hint(format!(
            "tg-wait < {}, or --again to begin anew",
            dir.join("run.json").display()
        )));
    }
    if let Some(end) = End::decided(&record) {
        refresh(&mut record, row, &["instantiate", "launch"])?;
        let outcome = end.outcome;
        return Ok(State::Decided { record, outcome });
    }
    // Its agents may have been started, and be known to the host, before the record could say so.
    if record.has("launch") || dir.join("agents").exists() {
        return due("was interrupted".into());
    }
    refresh(&mut record, row, &["instantiate"])?;
    Ok(State::Ready {
        record,
        why: "was instantiated before, and not launched yet".into(),
    })
}

/// Whether the manifest is another text than the one the run was made from.
fn is_edited(before: &Run, now: &Run) -> bool {
    let sha256 = |run: &Run| {
        run.provenance
            .as_ref()
            .and_then(|own| own.manifest_sha256.clone())
    };
    sha256(before).is_some_and(|before| Some(before) != sha256(now))
}

/// The record with what `keys` hold, and with what is no input of the run taken from the manifest of today: what is shown,
/// and what the experiment may cost; and with places from where the run's directory is today, as it may have been moved or
/// brought from another machine.
fn refresh(record: &mut Record, row: &Row, keys: &[&'static str]) -> Result<()> {
    let mut stages = Vec::new();
    for key in keys {
        stages.extend(record.value(key).cloned().map(|value| (key, value)));
    }
    let mut run: Run = record.get("run")?;
    run.report = row.run.report.clone();
    run.warmup.clone_from(&row.run.warmup);
    run.slots.clone_from(&row.run.slots);
    run.dir.clone_from(&row.run.dir);
    run.limits.clone_from(&row.run.limits);
    record.set("run", &run)?;
    for (key, value) in &mut stages {
        if let ("instantiate", Value::Object(made)) = (**key, &mut *value) {
            if !run.shared_db {
                let db = Path::new(&run.dir).join("tasks.db");
                made.insert("db".into(), db.to_string_lossy().into());
            }
            if let Some(program) = &row.here.program {
                made.insert("program".into(), program.clone().into());
            }
        }
        record.set(key, value)?;
    }
    Ok(())
}
