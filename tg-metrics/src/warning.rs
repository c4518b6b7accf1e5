//! What somebody must know before trusting a run's metrics.

use crate::table::Rest;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// A warning, kept with the metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One word for machines.
    pub kind: &'static str,
    /// A sentence without its full stop.
    pub message: String,
    /// How often, where that can be counted.
    pub count: Option<usize>,
    /// The metrics it concerns, where it does not concern all.
    pub metrics: Vec<Cow<'static, str>>,
    /// What the metrics it concerns rest on, until it is known which metrics were asked for.
    pub rest: Option<Rest>,
}

impl Warning {
    /// A warning about all metrics.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            count: None,
            metrics: Vec::new(),
            rest: None,
        }
    }

    /// A warning about the metrics that rest on something.
    pub fn resting(kind: &'static str, rest: Rest, message: impl Into<String>) -> Self {
        Self {
            rest: Some(rest),
            ..Self::new(kind, message)
        }
    }

    /// A warning about so many cases.
    pub fn counted(kind: &'static str, count: usize, message: impl Into<String>) -> Self {
        Self {
            count: Some(count),
            ..Self::new(kind, message)
        }
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("kind".into(), self.kind.into());
        object.insert("message".into(), self.message.as_str().into());
        if let Some(count) = self.count {
            object.insert("count".into(), count.into());
        }
        if !self.metrics.is_empty() {
            object.insert("metrics".into(), json!(self.metrics));
        }
        object.into()
    }
}
