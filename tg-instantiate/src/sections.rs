//! The sections of a manifest as they are written: `configs`, `workspace`, `start`, `warmup`, `order`, `limits`.

use serde::Deserialize;
use std::path::Path;
use tg_stage::{Error, Result, Trim, time};

/// One configuration under test.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub workflow: String,
    pub workflow_file: Option<String>,
    #[serde(default)]
    pub overlays: Vec<String>,
    pub name: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "for the reader of the manifest")]
    pub description: Option<String>,
    pub agents: Option<u32>,
}

/// The source of the agents' working directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    pub path: String,
    #[serde(default)]
    pub mode: Mode,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Shared,
    PerAgent,
}

/// The moment at which agents may claim tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    AtOnce,
    #[serde(alias = "gate")]
    Barrier,
}

/// Tasks that no metric counts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Warmup {
    exclude_tags: Vec<String>,
    skip_first: usize,
    skip_last: usize,
    trim_start: Option<String>,
    trim_end: Option<String>,
}

impl Warmup {
    /// The same with times in milliseconds.
    pub fn trim(&self, path: &Path) -> Result<Trim> {
        let ms = |key, text: &Option<String>| duration_ms(path, key, text.as_ref());
        Ok(Trim {
            exclude_tags: self.exclude_tags.clone(),
            skip_first: self.skip_first,
            skip_last: self.skip_last,
            start_ms: ms("warmup: trim_start", &self.trim_start)?,
            end_ms: ms("warmup: trim_end", &self.trim_end)?,
        })
    }
}

/// The order of the runs of a block: drawn with the manifest's seed, drawn with another seed, or as the manifest lists
/// its configurations.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "order is neither `fixed` nor `{seed: NUMBER}`")]
pub enum Order {
    #[default]
    Drawn,
    Seeded(Seeded),
    Fixed(Fixed),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeded {
    pub seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixed {
    Fixed,
}

impl Order {
    /// The seed to draw with; `None` for a fixed order.
    pub fn seed(self, of_manifest: u64) -> Option<u64> {
        match self {
            Self::Drawn => Some(of_manifest),
            Self::Seeded(Seeded { seed }) => Some(seed),
            Self::Fixed(Fixed::Fixed) => None,
        }
    }
}

/// The limits that end a run, and the budgets.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    timeout: Option<String>,
    stall: Option<String>,
    agent_cost_usd: Option<f64>,
    run_cost_usd: Option<f64>,
    experiment_cost_usd: Option<f64>,
    agent_tokens: Option<u64>,
    run_tokens: Option<u64>,
    experiment_tokens: Option<u64>,
}

impl Limits {
    /// The same with times in milliseconds.
    pub fn resolved(&self, path: &Path) -> Result<tg_stage::Limits> {
        let ms = |key, text: &Option<String>| duration_ms(path, key, text.as_ref());
        Ok(tg_stage::Limits {
            timeout_ms: ms("limits: timeout", &self.timeout)?,
            stall_ms: ms("limits: stall", &self.stall)?,
            agent_cost_usd: self.agent_cost_usd,
            run_cost_usd: self.run_cost_usd,
            experiment_cost_usd: self.experiment_cost_usd,
            agent_tokens: self.agent_tokens,
            run_tokens: self.run_tokens,
            experiment_tokens: self.experiment_tokens,
        })
    }

    /// The first impossible value, as an error text.
    pub fn fault(&self) -> Option<String> {
        let costs = [
            ("agent_cost_usd", self.agent_cost_usd),
            ("run_cost_usd", self.run_cost_usd),
            ("experiment_cost_usd", self.experiment_cost_usd),
        ];
        let is_bad = |cost: f64| !(cost.is_finite() && cost > 0.0);
        let bad = costs.iter().find(|(_, cost)| cost.is_some_and(is_bad));
        bad.map(|(key, _)| format!("limits: {key} must be more than 0 USD"))
    }
}

fn duration_ms(path: &Path, key: &str, text: Option<&String>) -> Result<Option<u64>> {
    text.map(|text| time::duration(text).map(|time| time.as_millis() as u64))
        .transpose()
        .map_err(|why| Error::usage(path.display(), format!("{key}: {why}")))
}
