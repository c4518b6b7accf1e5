//! What an agent used, as far as it has reported it: read while it lives, after it has left, and after it was killed.

use crate::fill::Place;
use serde_json::Value;
use tg_stage::Profile;

/// What an agent used so far; unknown is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// In USD.
    pub cost_usd: Option<f64>,
    /// Tokens read, cached ones included.
    pub tokens_in: Option<i64>,
    /// Tokens written.
    pub tokens_out: Option<i64>,
    /// Tokens read from a cache.
    pub tokens_cached: Option<i64>,
    /// Tokens of thinking.
    pub tokens_thinking: Option<i64>,
    /// `reported`, `priced`, `logged`, `simulated`.
    pub cost_source: Option<String>,
    /// What the program says of its version.
    pub version: Option<String>,
    /// What it says it failed of: `auth`, `quota`.
    pub fault: Option<String>,
}

/// Read what the agent of `place` used.
pub fn read(place: &Place, _profile: Option<&Profile>) -> Usage {
    let usage: Value = std::fs::read(place.agent_dir.join("usage.json"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let text = |key: &str| usage[key].as_str().map(String::from);
    Usage {
        cost_usd: usage["cost_usd"].as_f64(),
        tokens_in: usage["tokens_in"].as_i64(),
        tokens_out: usage["tokens_out"].as_i64(),
        tokens_cached: usage["tokens_cached"].as_i64(),
        tokens_thinking: usage["tokens_thinking"].as_i64(),
        cost_source: text("cost_source"),
        version: text("version"),
        fault: text("fault"),
    }
}
