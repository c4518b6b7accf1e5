//! `end.json`: that a run is over, and how, as `tg-wait` decides it and `tg-launch` obeys it.
//!
//! It is written before the agents are ended and the work is verified, so some time passes until the record says the same.
//! Who is killed in between has not undone the decision: a run that was launched, and whose end is decided, is brought to
//! its end by the next call, and not run again.

use crate::error::{Error, Result};
use crate::{Launch, Record, Wait, file};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's name.
pub const FILE: &str = "end.json";

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// As in [`Wait`].
    pub outcome: String,
    /// As in [`Wait`].
    pub ended_at_ms: i64,
    /// What the outcome was told from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl End {
    /// The end in a run's directory, if there is one that can be read.
    pub fn load(dir: &Path) -> Option<Self> {
        let text = file::read_kept(&dir.join(FILE)).ok()?;
        let end: Self = serde_json::from_slice(&text).ok()?;
        (!end.outcome.is_empty()).then_some(end)
    }

    /// Keep it in a run's directory.
    pub fn save(&self, dir: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).map_err(|cause| Error::outside(FILE, cause))?;
        file::write(&dir.join(FILE), &text)
    }

    /// The end that was decided of a run whose record does not have it yet. None for what is to be run again in any case,
    /// and for runs that people work in, who may have gone on after they were given up.
    pub fn decided(record: &Record) -> Option<Self> {
        let launch: Launch = record.get("launch").ok()?;
        if launch.manual || record.has("wait") || record.failed_stage().is_some() {
            return None;
        }
        Self::load(&record.dir()?).filter(|end| !Wait::is_void(&end.outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;
    use serde_json::json;

    #[test]
    fn only_a_launched_run_without_an_end_of_its_own_is_decided() {
        let dir = tempfile::tempdir().unwrap();
        let run = Run {
            id: "x-r1".into(),
            dir: dir.path().display().to_string(),
            ..Run::default()
        };
        let mut record = Record::new(&run).unwrap();
        let end = End {
            outcome: "timeout".into(),
            ended_at_ms: 7,
            why: None,
        };
        end.save(dir.path()).unwrap();
        assert_eq!(End::decided(&record), None, "not launched");
        record.set("launch", &Launch::default()).unwrap();
        assert_eq!(End::decided(&record), Some(end));
        let void = End {
            outcome: "infra".into(),
            ..End::default()
        };
        void.save(dir.path()).unwrap();
        assert_eq!(End::decided(&record), None, "to be run again");
        std::fs::write(dir.path().join(FILE), "{\"outcome\":\"comp").unwrap();
        assert_eq!(End::decided(&record), None, "torn");
        let error = json!({"error": {"kind": "failed"}});
        record.set("launch", &error).unwrap();
        assert_eq!(End::decided(&record), None, "could not be launched");
    }
}
