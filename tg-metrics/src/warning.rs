//! Warnings: facts that a reader must know before trusting a run's metrics.

use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// A kind of data that metrics depend on and that not every file carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The times of the history, to the millisecond.
    Times,
    /// Which tasks were deleted.
    Scope,
    /// Which worker had which role, idle workers included.
    Agents,
}

/// A warning, written into the record beside the metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One word for programs.
    pub kind: &'static str,
    /// A sentence without its full stop.
    pub message: String,
    /// The number of cases, where they can be counted.
    pub count: Option<usize>,
    /// The metrics concerned; empty: all, or those of `basis`.
    pub metrics: Vec<Cow<'static, str>>,
    /// The data concerned, until the requested metrics that depend on it are known.
    pub basis: Option<Basis>,
}

impl Warning {
    /// A warning about all metrics.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            count: None,
            metrics: Vec::new(),
            basis: None,
        }
    }

    /// A warning about the metrics that depend on `basis`.
    pub fn on_basis(kind: &'static str, basis: Basis, message: impl Into<String>) -> Self {
        Self {
            basis: Some(basis),
            ..Self::new(kind, message)
        }
    }

    /// A warning about `count` cases.
    pub fn counted(kind: &'static str, count: usize, message: impl Into<String>) -> Self {
        Self {
            count: Some(count),
            ..Self::new(kind, message)
        }
    }

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
