//! The record of a run and its workflow configuration, as a snapshot carries them.
//!
//! Each is parsed once. The values that metrics depend on are typed; a value of a wrong type counts as absent, because
//! another version may have written it. The record stays available as JSON, too: output, filters and comparisons need
//! all of its keys.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;
use tg_host::StateClasses;
use tg_host::workflow::Effective;
use tg_stage::{Adjustable, Trim};

/// The longest JSON in a column, in bytes.
const LONGEST: usize = 4 << 20;

/// The `run` object of a record.
#[derive(Debug, Clone, Default)]
pub struct RunInfo {
    /// The whole object; null if the snapshot has no record.
    pub json: Value,
    settings: Settings,
}

/// The values of a `run` object that metrics depend on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Settings {
    #[serde(deserialize_with = "or_default")]
    agents: u64,
    #[serde(deserialize_with = "or_default")]
    start_gate: bool,
    #[serde(deserialize_with = "or_default")]
    shared_db: bool,
    #[serde(deserialize_with = "or_default")]
    stand_in: Simulation,
    #[serde(deserialize_with = "or_default")]
    slots: BTreeMap<String, Value>,
    #[serde(deserialize_with = "or_default")]
    warmup: Trim,
    #[serde(deserialize_with = "or_default")]
    report: Report,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Simulation {
    time_scale: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Report {
    #[serde(deserialize_with = "present")]
    own_metrics: Option<Value>,
}

impl RunInfo {
    pub fn new(json: Value) -> Self {
        let settings = Settings::deserialize(&json).unwrap_or_default();
        Self { json, settings }
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text).map(Self::new)
    }

    /// Takes from `recorded` the values for display and the warm-up; all values if the snapshot has none. The keys are
    /// those of [`tg_stage::Adjustable`] that can change a metric.
    pub fn adjust(&mut self, recorded: &Self) {
        if !recorded.json.is_object() {
            return;
        }
        let Value::Object(object) = &mut self.json else {
            self.clone_from(recorded);
            return;
        };
        for key in Adjustable::KEYS.into_iter().filter(|key| *key != "dir") {
            match recorded.json.get(key) {
                Some(value) => object.insert(key.into(), value.clone()),
                None => object.shift_remove(key),
            };
        }
        *self = Self::new(std::mem::take(&mut self.json));
    }

    /// The number of agents, the coordinator included; 0 if unknown.
    pub fn agents(&self) -> usize {
        self.settings.agents as usize
    }

    /// True if other runs are in the same database.
    pub fn is_shared(&self) -> bool {
        self.settings.shared_db
    }

    /// True if the tasks may be older than the run, whose clocks start later: at the opening of the start barrier, or, in a
    /// shared database, at the launch.
    pub fn starts_late(&self) -> bool {
        self.settings.start_gate || self.settings.shared_db
    }

    /// The factor from estimates to the work time of agents: 1 for real ones, unknown if it is not a positive number.
    pub fn time_scale(&self) -> Option<f64> {
        match &self.settings.stand_in.time_scale {
            Value::Null => Some(1.0),
            scale => scale.as_f64().filter(|scale| *scale > 0.0),
        }
    }

    /// The name that the manifest gives to a slot.
    pub fn slot(&self, slot: usize) -> Option<&str> {
        let name = self.settings.slots.get(&format!("metric_{slot}"));
        name.and_then(Value::as_str)
    }

    pub fn warmup(&self) -> &Trim {
        &self.settings.warmup
    }

    /// The definitions of custom metrics, not validated; `None` if the record has no list of them.
    pub fn custom_metrics(&self) -> Option<&Value> {
        self.settings.report.own_metrics.as_ref()
    }
}

/// The workflow configuration that was stored with a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RunConfig {
    #[serde(deserialize_with = "or_default")]
    pub workflow: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub host_version: Option<String>,
    #[serde(deserialize_with = "or_default")]
    effective: Option<Effective>,
}

impl RunConfig {
    pub fn parse(text: &str) -> Result<Self, String> {
        let config = parse(text)?;
        Ok(Self::deserialize(config).unwrap_or_default())
    }

    /// The classes of the workflow's states, if the configuration has any states.
    pub fn classes(&self) -> Option<StateClasses> {
        let effective = self.effective.as_ref()?;
        (!effective.states.is_empty()).then(|| StateClasses::new(effective))
    }
}

/// The JSON in a column. As a tree it takes up to thirty times the memory of its text, which has kilobytes in every run.
fn parse(text: &str) -> Result<Value, String> {
    if text.len() > LONGEST {
        return Err("it is longer than 4 MiB".into());
    }
    serde_json::from_str(text).map_err(|cause| cause.to_string())
}

fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    value: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(value)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Distinguishes null from a missing key.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}
