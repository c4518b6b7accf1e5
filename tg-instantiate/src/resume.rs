//! The decision about each row: which rows still have to be run, and why.
//!
//! A run is done when its record contains its end and its inputs are unchanged. A bad outcome (a timeout, failed tasks) is
//! data and is not repeated. A run is repeated if it was cancelled, if the machinery failed in it, or if the experiment's
//! budget cut it off and was raised since. A row that was made and never started, because a budget was spent or another
//! process held it, is launched as it is.

use crate::row::Row;
use crate::{explain, recover};
use serde_json::Value;
use tg_stage::file::Lock;
use tg_stage::spent::{Ledger, Reached};
use tg_stage::{Error, Outcome, Record, Result, Run, RunDir, RunState, Wait};

/// The action that a row needs.
pub enum Verdict {
    /// None: it ran. The record is passed on, and the later stages leave it alone.
    Done { record: Record, why: String },
    /// The launch: its database exists, and no agent has worked in it.
    Ready { record: Record, why: String },
    /// A new run.
    Due { why: String },
    /// The record of its end, which the later stages write.
    Decided { record: Record, outcome: Outcome },
}

/// Fails if a process is at work on a row; the error names the process.
pub fn check_free(row: &Row) -> Result<()> {
    row.dir().held_lock().map_or(Ok(()), |lock| {
        Err(Lock::held(&lock).within(format!("run {} is running", row.run.id)))
    })
}

/// The limit of the experiment that forbids to start `run`: the sum spent, compared with today's manifest.
pub fn spent(run: &Run) -> Option<Reached> {
    let experiment = RunDir::new(&run.dir).experiment()?;
    let limits = run.limits.has_experiment().then_some(&run.limits)?;
    limits.of_experiment(Ledger::default().total(experiment.path()))
}

/// Judges what an earlier call left of a row. `again` makes every row due.
pub fn verdict(row: &Row, again: bool) -> Result<Verdict> {
    let due = |why: String| Ok(Verdict::Due { why });
    let dir = row.dir();
    if !dir.exists() {
        return due("is new".into());
    }
    check_free(row)?;
    let mut state = dir.state();
    if let RunState::Unreadable(error) = state {
        if dir.load().is_ok_and(|record| record.has("wait")) {
            return Err(error); // it ended: what it cost is not paid again for a fault in its record
        }
        let recovered = recover::record(row);
        state = recovered.map_or(RunState::Unreadable(error), |record| dir.state_of(record));
    }
    let before = state.record().map(|record| record.get::<Run>("run"));
    let Some(before) = before.transpose()? else {
        return due("its record cannot be read".into());
    };
    if again {
        return due("--again".into());
    }
    if before.inputs_sha256 != row.run.inputs_sha256 {
        let changes = explain::changes(&before, &row.run).join("; ");
        return due(format!("changed: {changes}"));
    }
    let is_manual = state.is_manual();
    let decided = state.decided().map(|end| end.outcome.clone());
    match (state, decided) {
        (RunState::Ended(record, wait), _) => ended(row, record, &wait, &before),
        (RunState::Refused(record, kind), _) => Ok(Verdict::Ready {
            record: refreshed(record, row, &["instantiate"])?,
            why: format!("was not launched: {}", kind.name()),
        }),
        (RunState::Failed(_, stage), _) => due(format!("{stage} failed")),
        _ if is_manual => Err(manual(row)),
        (RunState::Interrupted(record, _), Some(outcome)) => Ok(Verdict::Decided {
            record: refreshed(record, row, &["instantiate", "launch"])?,
            outcome,
        }),
        (RunState::Made(record), _) => Ok(Verdict::Ready {
            record: refreshed(record, row, &["instantiate"])?,
            why: "was instantiated before, and not launched yet".into(),
        }),
        _ => due("was interrupted".into()),
    }
}

fn ended(row: &Row, record: Record, wait: &Wait, before: &Run) -> Result<Verdict> {
    let outcome = &wait.end.outcome;
    let due = |why: String| Ok(Verdict::Due { why });
    if outcome.is_void() {
        return due(format!("ended as {outcome}"));
    }
    // While the budget is spent, a new run would only lose its place to one that is never started.
    if wait.end.is_cut_off() && spent(&row.run).is_none() {
        return due("was cut off by the experiment's budget, which is larger now".into());
    }
    let mut why = outcome.to_string();
    if is_edited(before, &row.run) {
        why += ", and what was edited in the manifest since does not concern it";
    }
    let record = refreshed(record, row, &["instantiate", "launch", "wait"])?;
    Ok(Verdict::Done { record, why })
}

/// The error for a run that a person works on.
fn manual(row: &Row) -> Error {
    let why = "was given to people to work on by hand, and has not ended";
    let record = row.dir().record();
    let hint = format!("tg-wait < {}, or --again to begin anew", record.display());
    Error::outside(format!("run {}", row.run.id), why).hint(hint)
}

/// True if the manifest's text is not the one that the run was made from.
fn is_edited(before: &Run, now: &Run) -> bool {
    let sha256 = |run: &Run| run.provenance.as_ref()?.manifest_sha256.clone();
    sha256(before).is_some_and(|before| Some(before) != sha256(now))
}

/// The record with `keys` only, and with the adjustable part of the run taken from today's manifest. Paths follow the
/// current directory of the run, which may have been moved or brought from another machine.
fn refreshed(mut record: Record, row: &Row, keys: &[&str]) -> Result<Record> {
    let values = keys.iter().map(|key| (*key, record.value(key).cloned()));
    let stages: Vec<(&str, Option<Value>)> = values.collect();
    let mut run: Run = record.get("run")?;
    run.adjust(row.run.adjustable());
    record.set("run", &run)?;
    for (key, value) in stages {
        let Some(mut value) = value else { continue };
        if let ("instantiate", Value::Object(made)) = (key, &mut value) {
            if !run.shared_db {
                let db = RunDir::new(&run.dir).db();
                made.insert("db".into(), db.to_string_lossy().into());
            }
            if let Some(program) = &row.local.program {
                made.insert("program".into(), program.clone().into());
            }
        }
        record.set(key, &value)?;
    }
    Ok(record)
}
