//! The agent's usage, written to `usage.json` in the form that the launcher reads.
//!
//! It is rewritten after each task, so that a killed agent has reported all but its last step.

use serde::Serialize;
use std::path::Path;
use tg_stage::{Error, Result, WorkModel, file, time};

/// The usage so far; tokens and cost are simulated.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Usage {
    /// The word that marks these numbers as simulated.
    pub cost_source: &'static str,
    /// Version of this program.
    pub version: &'static str,
    /// The time of the registration at the host, in milliseconds since the epoch.
    pub connected_at_ms: i64,
    /// Cost in USD.
    pub cost_usd: f64,
    /// Tokens read, cached ones included.
    pub tokens_in: i64,
    /// Tokens written.
    pub tokens_out: i64,
    /// Tokens read from the cache.
    pub tokens_cached: i64,
    /// Steps of tasks worked on.
    pub attempts: u64,
    /// Claims for which another agent was faster.
    pub lost_claims: u64,
    /// Looks for work that found none.
    pub polls: u64,
    /// Assignments made.
    pub decisions: u64,
    /// Calls to the host.
    pub calls: u64,
    /// Calls that the host answered with `database is locked`.
    pub locked: u64,
}

/// Tokens and cost of one piece of work.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WorkCost {
    pub tokens_in: i64,
    pub tokens_out: i64,
    pub tokens_cached: i64,
    pub cost_usd: f64,
}

impl WorkCost {
    /// The cost of `work_ms` of the imagined agent's time.
    pub fn of_work(model: &WorkModel, work_ms: f64) -> Self {
        let minutes = work_ms / 60_000.0;
        let (read, written) = (model.tokens_in_per_min, model.tokens_out_per_min);
        Self::of_tokens(model, minutes * read, minutes * written)
    }

    /// The cost of reading some tokens.
    pub fn of_reading(model: &WorkModel, tokens: f64) -> Self {
        Self::of_tokens(model, tokens, 0.0)
    }

    fn of_tokens(model: &WorkModel, tokens_in: f64, tokens_out: f64) -> Self {
        let (tokens_in, tokens_out) = (tokens_in.round(), tokens_out.round());
        let cached = (tokens_in * model.cached_share).round();
        let usd = (tokens_in - cached) * model.usd_per_mtok_in
            + cached * model.usd_per_mtok_cached
            + tokens_out * model.usd_per_mtok_out;
        Self {
            tokens_in: tokens_in as i64,
            tokens_out: tokens_out as i64,
            tokens_cached: cached as i64,
            cost_usd: usd / 1_000_000.0,
        }
    }
}

impl Usage {
    pub fn new() -> Self {
        Self {
            cost_source: "simulated",
            version: env!("CARGO_PKG_VERSION"),
            connected_at_ms: time::now_ms(),
            ..Self::default()
        }
    }

    pub fn add(&mut self, cost: &WorkCost) {
        self.cost_usd += cost.cost_usd;
        self.tokens_in += cost.tokens_in;
        self.tokens_out += cost.tokens_out;
        self.tokens_cached += cost.tokens_cached;
    }

    /// Writes `usage.json` into `dir`.
    pub fn save(&self, dir: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).map_err(|cause| Error::outside("usage.json", cause))?;
        file::write(&dir.join("usage.json"), &text)
    }
}
