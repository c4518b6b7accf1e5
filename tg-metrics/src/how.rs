//! What was asked for: which metrics, over which tasks, and whether workers and tasks are told one by one.

use crate::facts::Facts;
use crate::measure;
use crate::per::{self, Per};
use crate::scope::Scope;
use crate::table::Metric;
use crate::view::View;
use serde_json::Value;
use tg_stage::Trim;

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// The metrics, in order.
    pub metrics: Vec<&'static Metric>,
    /// Which tasks count.
    pub scope: Scope,
    /// What is left out of them, in place of what the manifest says.
    pub trim: Option<Trim>,
    /// What to tell one by one.
    pub per: Vec<Per>,
}

impl How {
    /// The metrics of a run, and the records of its workers and tasks that were asked for.
    pub fn measure(&self, view: &View) -> (Value, Vec<Value>) {
        let of_manifest = || serde_json::from_value(view.run["warmup"].clone()).ok();
        let trim = self.trim.clone().or_else(of_manifest).unwrap_or_default();
        let facts = Facts::of(view, self.scope, &trim);
        let more = self
            .per
            .iter()
            .flat_map(|per| per::records(*per, view, &facts));
        (measure::of(&facts, &self.metrics), more.collect())
    }
}
