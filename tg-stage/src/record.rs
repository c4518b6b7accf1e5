//! One run record: an ordered JSON object to which each stage adds the key named after itself.
//!
//! The object is kept as it came: unknown keys stay, in order. A stage that runs again replaces its key and drops the
//! keys of later stages, because those were computed from what it replaces.

use crate::error::{Error, Result};
use crate::{file, types::Run};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The keys of the stages, in the order of the chain, each with the tool that writes it.
pub const STAGES: [(&str, &str); 6] = [
    ("run", "tg-instantiate"),
    ("instantiate", "tg-instantiate"),
    ("launch", "tg-launch"),
    ("wait", "tg-wait"),
    ("export", "tg-export"),
    ("metrics", "tg-metrics"),
];

/// The version of the record this crate reads and writes, the `v` key.
pub const VERSION: u64 = 1;

/// A run record, as read or to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Record(Map<String, Value>);

impl Record {
    /// A record with nothing but its `run`.
    pub fn new(run: &Run) -> Result<Self> {
        let mut record = Self(Map::new());
        record.0.insert("type".into(), "run".into());
        record.0.insert("v".into(), VERSION.into());
        record.set("run", run)?;
        Ok(record)
    }

    /// The record in `object`, which the caller knows to have `"type":"run"`.
    pub(crate) fn from_object(object: Map<String, Value>) -> Result<Self> {
        match object.get("v").map(Value::as_u64) {
            Some(Some(VERSION)) => Ok(Self(object)),
            Some(_) => Err(Error::input(
                "",
                format!(
                    "record version {}, and this tool reads version {VERSION}",
                    object["v"]
                ),
            )),
            None => Err(Error::input(
                "",
                format!("record without a version (\"v\":{VERSION})"),
            )),
        }
    }

    /// The record kept in a file such as `run.json`.
    pub fn load(path: &Path) -> Result<Self> {
        let text = file::read_kept(path).map_err(crate::error::file_error(path))?;
        let object: Map<String, Value> =
            serde_json::from_slice(&text).map_err(|cause| Error::input(path.display(), cause))?;
        Self::from_object(object).map_err(|error| error.within(path.display()))
    }

    /// The name of the run for messages.
    pub fn id(&self) -> &str {
        self.0
            .get("run")
            .and_then(|run| run["id"].as_str())
            .unwrap_or("(no id)")
    }

    /// `run.dir`, where the run keeps its files.
    pub fn dir(&self) -> Option<PathBuf> {
        self.0
            .get("run")
            .and_then(|run| run["dir"].as_str())
            .filter(|dir| !dir.is_empty())
            .map(PathBuf::from)
    }

    /// Whether the stage that writes `key` has written it, and not as an error.
    pub fn has(&self, key: &str) -> bool {
        self.0
            .get(key)
            .is_some_and(|value| value.get("error").is_none())
    }

    /// The raw value of a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// What the stage of `key` wrote; where it wrote nothing, the error names the tool to run first.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let Some(value) = self.0.get(key) else {
            let tool = STAGES
                .iter()
                .find(|stage| stage.0 == key)
                .map_or("the stage before", |stage| stage.1);
            return Err(Error::input(
                format!("run {}", self.id()),
                format!("the record has no \"{key}\""),
            )
            .hint(format!("pass it through {tool} first")));
        };
        T::deserialize(value)
            .map_err(|cause| Error::input(format!("run {}: {key}", self.id()), cause))
    }

    /// The stage that could not do its work on this record, if any.
    pub fn failed_stage(&self) -> Option<&'static str> {
        STAGES.iter().map(|stage| stage.0).find(|key| {
            self.0
                .get(*key)
                .is_some_and(|value| value.get("error").is_some())
        })
    }

    /// Write a stage's key, dropping those of later stages.
    pub fn set(&mut self, key: &str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value).map_err(|cause| Error::outside(key, cause))?;
        for (stage, _) in STAGES.iter().skip_while(|stage| stage.0 != key) {
            self.0.shift_remove(*stage);
        }
        self.0.insert(key.into(), value);
        Ok(())
    }

    /// Note in the record that the stage of `key` could not do its work.
    pub fn set_error(&mut self, key: &str, error: &Error) -> Result<()> {
        self.set(
            key,
            &json!({"error": {"kind": error.kind, "message": error.to_string()}}),
        )
    }

    /// The record as one line, with its newline.
    pub fn line(&self) -> Vec<u8> {
        let mut line = Value::Object(self.0.clone()).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    /// Keep the record as `run.json` in the run's directory, if there is one. What is there already, with what later
    /// stages made of it, is left alone: a run that is done does not lose what is known of it when it is looked at again.
    pub fn save(&self) -> Result<()> {
        let Some(dir) = self.dir().filter(|dir| dir.is_dir()) else {
            return Ok(());
        };
        let (path, line) = (dir.join("run.json"), self.line());
        let kept = file::read_kept(&path).unwrap_or_default();
        let mine = line.strip_suffix(b"}\n").unwrap_or(&line);
        match kept.strip_prefix(mine) {
            Some([b'}' | b',', ..]) if kept.ends_with(b"}\n") => Ok(()),
            _ => file::write(&path, &line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_record_is_not_cut_back_and_not_kept_against_another() {
        let dir = tempfile::tempdir().unwrap();
        let run = Run {
            id: "x-r1".into(),
            dir: dir.path().display().to_string(),
            ..Run::default()
        };
        let kept = || std::fs::read(dir.path().join("run.json")).unwrap();
        let mut record = Record::new(&run).unwrap();
        record
            .set("wait", &json!({"outcome": "completed"}))
            .unwrap();
        let waited = record.clone();
        record.set("export", &json!({"bytes": 1})).unwrap();
        record.save().unwrap();
        waited.save().unwrap();
        assert_eq!(kept(), record.line());
        let mut other = waited.clone();
        other.set("export", &json!({"bytes": 2})).unwrap();
        other.save().unwrap();
        assert_eq!(kept(), other.line());
        let mut again = waited;
        again.set("wait", &json!({"outcome": "timeout"})).unwrap();
        again.save().unwrap();
        assert_eq!(kept(), again.line());
    }
}
