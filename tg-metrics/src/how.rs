//! What was asked for: which metrics, over which tasks, and whether workers and tasks are told one by one.

use crate::facts::{Facts, Parts};
use crate::filters::Limits;
use crate::own;
use crate::per::{self, Per};
use crate::scope::Scope;
use crate::table::Metric;
use crate::view::View;
use serde_json::Value;
use std::path::Path;
use tg_stage::{OwnMetric, Result, Trim};

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// The metrics asked for, by their names in the records and in this order; none: all.
    pub only: Vec<String>,
    /// The built-in ones among them.
    pub metrics: Vec<&'static Metric>,
    /// Those of the user's own that the command line defines.
    pub own: Vec<OwnMetric>,
    /// What a filter may take.
    pub limits: Limits,
    /// Which tasks count.
    pub scope: Scope,
    /// What is left out of them, in place of what the manifest says.
    pub trim: Option<Trim>,
    /// What to tell one by one.
    pub per: Vec<Per>,
}

impl How {
    /// Whether something was asked for that rests on which task waits for which.
    pub fn needs_order(&self) -> bool {
        !self.own.is_empty() || !self.per.is_empty() || Parts::of(&self.metrics).need_order()
    }

    /// The metrics of a run that was read from `path`, and the records of its workers and tasks that were asked for.
    pub fn measure(&self, view: &View, path: &Path) -> Result<(Value, Vec<Value>)> {
        let of_manifest = || serde_json::from_value(view.run["warmup"].clone()).ok();
        let trim = self.trim.clone().or_else(of_manifest).unwrap_or_default();
        // A metric of the user's own may use all others.
        let parts = if own::is_any(&view.run, self) {
            Parts::ALL
        } else {
            Parts::of(&self.metrics)
        };
        let facts = Facts::of_parts(view, self.scope, &trim, parts);
        let more = self
            .per
            .iter()
            .flat_map(|per| per::records(*per, view, &facts));
        Ok((own::metrics(&facts, &view.run, self, path)?, more.collect()))
    }
}
