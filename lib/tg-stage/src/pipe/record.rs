//! One run record: an ordered JSON object to which each stage adds the key named after itself.
//!
//! The object is kept as it came: unknown keys stay, in order. A stage that runs again replaces its key and drops the
//! keys of later stages, because those were computed from what it replaces.

use super::error::{Error, ErrorKind, Result, file_error};
use crate::file;
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
    /// A record with nothing but its `run` object.
    pub fn new(run: &impl Serialize) -> Result<Self> {
        let mut record = Self(Map::new());
        record.0.insert("type".into(), "run".into());
        record.0.insert("v".into(), VERSION.into());
        record.set("run", run)?;
        Ok(record)
    }

    /// The record in `object`, whose `"type":"run"` the caller has checked.
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
        let text = file::read_kept(path).map_err(file_error(path))?;
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

    /// True if the stage that writes `key` has written it, and not as an error.
    pub fn has(&self, key: &str) -> bool {
        self.0
            .get(key)
            .is_some_and(|value| value.get("error").is_none())
    }

    /// The raw value of a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The object that the stage of `key` wrote; where it is missing, the error names the tool to run first.
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

    /// The kind of the error that the stage of `key` noted, if it did and this version knows the kind.
    pub fn error_kind(&self, key: &str) -> Option<ErrorKind> {
        self.0.get(key)?.get("error")?["kind"]
            .as_str()?
            .parse()
            .ok()
    }

    /// The stage that could not do its work on this record, if any.
    pub fn failed_stage(&self) -> Option<&'static str> {
        STAGES.iter().map(|stage| stage.0).find(|key| {
            self.0
                .get(*key)
                .is_some_and(|value| value.get("error").is_some())
        })
    }

    /// Writes a stage's key, and drops those of later stages.
    pub fn set(&mut self, key: &str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value).map_err(|cause| Error::outside(key, cause))?;
        for (stage, _) in STAGES.iter().skip_while(|stage| stage.0 != key) {
            self.0.shift_remove(*stage);
        }
        self.0.insert(key.into(), value);
        Ok(())
    }

    /// Notes in the record that the stage of `key` could not do its work.
    pub fn set_error(&mut self, key: &str, error: &Error) -> Result<()> {
        self.set(
            key,
            &json!({"error": {"kind": error.kind.name(), "message": error.to_string()}}),
        )
    }

    /// The record as one line, with its newline.
    pub fn line(&self) -> Vec<u8> {
        let mut line = Value::Object(self.0.clone()).to_string().into_bytes();
        line.push(b'\n');
        line
    }
}
