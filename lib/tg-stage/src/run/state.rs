//! The state of a run, judged in one place from the files of its directory.
//!
//! [`RunDir::state`] reads the directory once; everything after that is a match. Nothing is written. Files of a run
//! appear whole or not at all, but a directory can be half made, half gone, or foreign: such a run is
//! [`RunState::Unreadable`].

use super::dir::RunDir;
use super::end::End;
use super::run::Run;
use super::stages::{Launch, Wait};
use crate::error::{Error, ErrorKind};
use crate::record::Record;
use serde::Serialize;
use strum::VariantArray;

/// The state of a run, with what was read to tell it.
#[derive(Debug)]
pub enum RunState {
    /// No directory is there.
    New,
    /// Its database is made, and no process started agents.
    Made(Record),
    /// A process is at work on it, and the record does not tell of a launch yet.
    Launching(Record),
    /// Its agents work, or a person is to connect them.
    Running(Record),
    /// Its end is decided, and its agents are being ended.
    Ending(Record, End),
    /// Agents were started and the processes that supervised them are gone; the end, where one was decided.
    Interrupted(Record, Option<End>),
    /// Nothing was begun: a budget was spent, the circuit breaker was open, or another process held the run.
    Refused(Record, ErrorKind),
    /// The named stage could not do its work.
    Failed(Record, &'static str),
    /// Over, with its record complete up to `wait`.
    Ended(Record, Wait),
    /// The directory is there, and holds no record that can be read.
    Unreadable(Error),
}

/// The phase of a run, as users see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, VariantArray)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its agents work, or are being started.
    Running,
    /// Its end is decided, and its agents are being ended.
    Ending,
    /// Its database is made, and no agent was started.
    #[default]
    Waiting,
    /// Agents were started, and the processes that supervised them are gone.
    Interrupted,
    /// A stage could not do its work.
    Failed,
    /// Over, with an outcome.
    Ended,
    /// Its record cannot be read.
    Unreadable,
}

impl Phase {
    /// Every phase, in the order of its declaration.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;
}

impl RunDir {
    /// Reads the directory and judges the run.
    pub fn state(&self) -> RunState {
        if !self.exists() {
            return RunState::New;
        }
        match self.load() {
            Ok(record) => self.state_of(record),
            Err(error) => RunState::Unreadable(error),
        }
    }

    /// Judges the run by a record that the caller has: its own, made anew or passed in, in the place of the kept one.
    pub fn state_of(&self, record: Record) -> RunState {
        if let Err(error) = record.get::<Run>("run") {
            return RunState::Unreadable(error);
        }
        if record.has("wait") {
            return match record.get::<Wait>("wait") {
                Ok(wait) => RunState::Ended(record, wait),
                Err(error) => RunState::Unreadable(error),
            };
        }
        if let Some(kind) = refusal(&record) {
            return RunState::Refused(record, kind);
        }
        if let Some(stage) = record.failed_stage() {
            return RunState::Failed(record, stage);
        }
        let is_supervised = self.held_lock().is_some();
        if !record.has("launch") {
            return match (is_supervised, self.agents().exists()) {
                (true, _) => RunState::Launching(record),
                // Agents may have been started, and be known to the host, before the record could say so.
                (false, true) => RunState::Interrupted(record, None),
                (false, false) => RunState::Made(record),
            };
        }
        let is_manual = record.get::<Launch>("launch").is_ok_and(|one| one.manual);
        match (is_supervised, End::load(self)) {
            (true, Some(end)) => RunState::Ending(record, end),
            (true, None) => RunState::Running(record),
            (false, None) if is_manual => RunState::Running(record),
            (false, end) => RunState::Interrupted(record, end),
        }
    }
}

/// The reason for which nothing was begun, where the record says one.
fn refusal(record: &Record) -> Option<ErrorKind> {
    let kind = record.error_kind("launch")?;
    kind.is_refusal().then_some(kind)
}

impl RunState {
    /// The record, where one was read.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::New | Self::Unreadable(_) => None,
            Self::Made(record)
            | Self::Launching(record)
            | Self::Running(record)
            | Self::Ending(record, _)
            | Self::Interrupted(record, _)
            | Self::Refused(record, _)
            | Self::Failed(record, _)
            | Self::Ended(record, _) => Some(record),
        }
    }

    /// The end, where one was decided.
    pub fn end(&self) -> Option<&End> {
        match self {
            Self::Ended(_, wait) => Some(&wait.end),
            Self::Ending(_, end) | Self::Interrupted(_, Some(end)) => Some(end),
            _ => None,
        }
    }

    /// The end that was decided and that the record does not hold yet. None for a void outcome, which is run again in any
    /// case, and for agents connected by a person, who may have gone on after the run was given up.
    pub fn decided(&self) -> Option<&End> {
        match self {
            Self::Ending(_, end) | Self::Interrupted(_, Some(end)) => {
                Some(end).filter(|end| !end.outcome.is_void() && !self.is_manual())
            }
            _ => None,
        }
    }

    /// True if a person was to connect the agents.
    pub fn is_manual(&self) -> bool {
        let launch = self.record().map(|record| record.get::<Launch>("launch"));
        launch.is_some_and(|launch| launch.is_ok_and(|launch| launch.manual))
    }

    /// True if the machinery failed in this attempt and not the agents. An attempt that was interrupted counts: a user
    /// who interrupts on purpose ends the loop that would try again.
    pub fn is_machinery_failure(&self) -> bool {
        match self {
            Self::Ended(_, wait) => wait.end.outcome.is_machinery(),
            Self::Failed(_, stage) => ["launch", "wait"].contains(stage),
            Self::Running(record) | Self::Ending(record, _) | Self::Interrupted(record, _) => {
                record.has("launch") && !self.is_manual()
            }
            _ => false,
        }
    }

    /// The phase, as users see it.
    pub fn phase(&self) -> Phase {
        match self {
            Self::New | Self::Unreadable(_) => Phase::Unreadable,
            Self::Made(_) => Phase::Waiting,
            Self::Launching(_) | Self::Running(_) => Phase::Running,
            Self::Ending(..) => Phase::Ending,
            // Before its launch is recorded a run counts as waiting, whatever an interrupted launch left.
            Self::Interrupted(record, None) if !record.has("launch") => Phase::Waiting,
            Self::Interrupted(..) => Phase::Interrupted,
            Self::Refused(..) | Self::Failed(..) => Phase::Failed,
            Self::Ended(..) => Phase::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Lock;
    use crate::run::outcome::Outcome;
    use serde_json::{Value, json};
    use std::fs;

    fn lab(record: &Value) -> (tempfile::TempDir, RunDir) {
        let lab = tempfile::tempdir().unwrap();
        let dir = RunDir::new(lab.path().join("e/a-r1"));
        fs::create_dir_all(dir.path()).unwrap();
        fs::write(dir.record(), record.to_string()).unwrap();
        (lab, dir)
    }

    fn record(more: &Value) -> Value {
        let mut record = json!({"type": "run", "v": 1, "run": {"id": "a-r1"}});
        let more = more.as_object().unwrap().clone();
        record.as_object_mut().unwrap().extend(more);
        record
    }

    #[test]
    fn phases() {
        let launch = json!({"launch": {"agents": [{"worker": "w"}], "started_at_ms": 5}});
        let by_hand = json!({"launch": {"manual": true, "started_at_ms": 5}});
        let phase = |record: &Value, lock: &str, end: bool| {
            let (_lab, dir) = lab(record);
            let lock = match lock {
                "launch" => Some(dir.launch_lock()),
                "wait" => Some(dir.wait_lock()),
                _ => None,
            };
            let held = lock.map(|path| Lock::take(&path).unwrap().unwrap());
            if end {
                let outcome = Outcome::Timeout;
                let ended_at_ms = 9;
                End {
                    outcome,
                    ended_at_ms,
                    ..End::default()
                }
                .save(&dir)
                .unwrap();
            }
            let state = dir.state();
            drop(held);
            (state.phase(), state.end().is_some())
        };
        let (new, launched) = (record(&json!({})), record(&launch));
        assert_eq!(phase(&new, "", false), (Phase::Waiting, false));
        assert_eq!(phase(&new, "launch", false), (Phase::Running, false));
        assert_eq!(phase(&launched, "launch", false), (Phase::Running, false));
        assert_eq!(phase(&launched, "wait", false), (Phase::Running, false));
        assert_eq!(phase(&launched, "wait", true), (Phase::Ending, true));
        assert_eq!(phase(&launched, "", false), (Phase::Interrupted, false));
        assert_eq!(phase(&launched, "", true), (Phase::Interrupted, true));
        assert_eq!(phase(&record(&by_hand), "", false), (Phase::Running, false));
        let ended = json!({"launch": {}, "wait": {"outcome": Outcome::Timeout, "ended_at_ms": 9}});
        assert_eq!(phase(&record(&ended), "", true), (Phase::Ended, true));
        let failed = |kind| record(&json!({"launch": {"error": {"kind": kind}}}));
        assert_eq!(phase(&failed("outside"), "", false), (Phase::Failed, false));
        let later = json!({"type": "run", "v": 2});
        assert_eq!(phase(&later, "", false), (Phase::Unreadable, false));
        assert!(matches!(
            lab(&failed("held")).1.state(),
            RunState::Refused(_, ErrorKind::Held)
        ));
    }

    #[test]
    fn only_a_launched_run_without_an_end_of_its_own_is_decided() {
        let (_lab, dir) = lab(&record(&json!({})));
        let decided = |more: Value| {
            let record = serde_json::from_value(record(&more)).unwrap();
            let state = dir.state_of(Record::from_object(record).unwrap());
            state.decided().cloned()
        };
        let mut end = End {
            outcome: Outcome::Timeout,
            ended_at_ms: 7,
            ..End::default()
        };
        end.save(&dir).unwrap();
        assert_eq!(decided(json!({})), None, "not launched");
        assert_eq!(decided(json!({"launch": {}})), Some(end.clone()));
        let by_hand = json!({"launch": {"manual": true}});
        assert_eq!(decided(by_hand), None, "people may have gone on");
        let failed = json!({"launch": {"error": {"kind": "failed"}}});
        assert_eq!(decided(failed), None, "could not be launched");
        end.outcome = Outcome::Infra;
        end.save(&dir).unwrap();
        assert_eq!(decided(json!({"launch": {}})), None, "to be run again");
        fs::write(dir.end(), "{\"outcome\":\"comp").unwrap();
        assert_eq!(decided(json!({"launch": {}})), None, "torn");
    }

    #[test]
    fn only_what_the_machinery_failed_is_a_failure_of_it() {
        let (_lab, dir) = lab(&record(&json!({})));
        let is_failure = |more: Value| {
            let record = serde_json::from_value(record(&more)).unwrap();
            let record = Record::from_object(record).unwrap();
            dir.state_of(record).is_machinery_failure()
        };
        assert!(!is_failure(json!({})));
        assert!(!is_failure(json!({"launch": {"manual": true}})));
        assert!(!is_failure(json!({"launch": {"error": {"kind": "held"}}})));
        assert!(!is_failure(
            json!({"export": {"error": {"kind": "outside"}}})
        ));
        assert!(is_failure(json!({"launch": {}})));
        assert!(is_failure(json!({"launch": {"error": {"kind": "usage"}}})));
        let ended = |outcome: Outcome| json!({"launch": {}, "wait": {"outcome": outcome}});
        for outcome in Outcome::ALL {
            let expected = outcome.is_machinery();
            assert_eq!(is_failure(ended(outcome)), expected);
        }
    }
}
