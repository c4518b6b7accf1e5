//! `limits` of a manifest.

use crate::manifest::duration_ms;
use serde::Deserialize;
use std::path::Path;
use tg_stage::Result;

/// When to give a run up, and what may be spent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub timeout: Option<String>,
    pub stall: Option<String>,
    pub agent_cost_usd: Option<f64>,
    pub run_cost_usd: Option<f64>,
    pub experiment_cost_usd: Option<f64>,
    pub agent_tokens: Option<u64>,
    pub run_tokens: Option<u64>,
    pub experiment_tokens: Option<u64>,
}

impl Limits {
    /// The same with times in milliseconds.
    pub fn resolved(&self, path: &Path) -> Result<tg_stage::Limits> {
        let ms = |key, text: &Option<String>| duration_ms(path, "limits", key, text.as_ref());
        Ok(tg_stage::Limits {
            timeout_ms: ms("timeout", &self.timeout)?,
            stall_ms: ms("stall", &self.stall)?,
            agent_cost_usd: self.agent_cost_usd,
            run_cost_usd: self.run_cost_usd,
            experiment_cost_usd: self.experiment_cost_usd,
            agent_tokens: self.agent_tokens,
            run_tokens: self.run_tokens,
            experiment_tokens: self.experiment_tokens,
        })
    }

    /// What is impossible about them, if anything.
    pub fn fault(&self) -> Option<String> {
        let costs = [
            ("agent_cost_usd", self.agent_cost_usd),
            ("run_cost_usd", self.run_cost_usd),
            ("experiment_cost_usd", self.experiment_cost_usd),
        ];
        let is_bad = |cost: &f64| !(cost.is_finite() && *cost > 0.0);
        let bad = costs
            .iter()
            .find(|cost| cost.1.as_ref().is_some_and(is_bad));
        bad.map(|(key, _)| format!("limits: {key} must be more than 0 USD"))
    }
}
