//! The request: metrics, tasks, and whether to print workers and tasks one by one.

use crate::custom_metric::{self, Selection};
use crate::facts::Facts;
use crate::measure;
use crate::per::Per;
use crate::scope::Scope;
use crate::view::View;
use crate::walk::Parts;
use serde_json::Value;
use std::path::Path;
use tg_stage::{Result, Trim};

/// The requested metrics, tasks and records.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub selection: Selection,
    pub scope: Scope,
    /// Replaces the trim of the manifest.
    pub trim: Option<Trim>,
    /// The records to print after each run's.
    pub per: Vec<Per>,
}

impl Options {
    /// True if a result depends on the edges that order tasks.
    pub fn needs_order(&self) -> bool {
        let selection = &self.selection;
        let has_custom = !selection.custom.is_empty();
        has_custom || !self.per.is_empty() || measure::parts(&selection.built_in).need_order()
    }

    /// The metrics of a run that was read from `path`, and the requested records of its workers and tasks.
    pub fn measure(&self, view: &View, path: &Path) -> Result<(Value, Vec<Value>)> {
        let trim = self.trim.as_ref().unwrap_or(view.run.warmup());
        // A custom metric may use all others.
        let parts = if self.selection.has_custom(&view.run) {
            Parts::ALL
        } else {
            measure::parts(&self.selection.built_in)
        };
        let facts = Facts::new(view, self.scope, trim, parts);
        let more = self.per.iter().flat_map(|per| per.records(view, &facts));
        let metrics = custom_metric::measure(&facts, &view.run, &self.selection, path)?;
        Ok((metrics, more.collect()))
    }
}
