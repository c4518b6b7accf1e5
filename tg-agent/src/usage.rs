//! What the agent used, kept in `usage.json` as the launcher reads it.
//!
//! Rewritten after each task, so that a killed agent has reported all but its last step.

use serde::Serialize;
use std::path::Path;
use tg_stage::{Result, StandIn, file, time};

/// Tokens and cost so far; all simulated.
#[derive(Debug, Clone, Serialize)]
pub struct Usage {
    /// What these numbers are worth.
    pub cost_source: &'static str,
    /// Version of this program.
    pub version: &'static str,
    /// When the host had registered us, in milliseconds since the epoch.
    pub connected_at_ms: i64,
    /// Cost in USD.
    pub cost_usd: f64,
    /// Tokens read, cached ones included.
    pub tokens_in: i64,
    /// Tokens written.
    pub tokens_out: i64,
    /// Tokens read from the cache.
    pub tokens_cached: i64,
    /// Tasks worked on, attempts counted.
    pub attempts: u64,
    /// Claims that somebody else was quicker with.
    pub lost_claims: u64,
    /// Looks for work that found none.
    pub polls: u64,
    /// Assignments made.
    pub decisions: u64,
    /// Calls to the host.
    pub calls: u64,
    /// `database is locked` answers met on the way.
    pub locked: u64,
}

/// Tokens and cost of one piece of work.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Tokens read, cached ones included.
    pub tokens_in: i64,
    /// Tokens written.
    pub tokens_out: i64,
    /// Tokens read from the cache.
    pub tokens_cached: i64,
    /// Cost in USD.
    pub cost_usd: f64,
}

impl Spent {
    /// What `work_ms` of the imagined agent's time costs.
    pub fn on(model: &StandIn, work_ms: f64) -> Self {
        let minutes = work_ms / 60_000.0;
        Self::of(
            model,
            minutes * model.tokens_in_per_min,
            minutes * model.tokens_out_per_min,
        )
    }

    /// What reading some tokens costs.
    pub fn reading(model: &StandIn, tokens: f64) -> Self {
        Self::of(model, tokens, 0.0)
    }

    fn of(model: &StandIn, tokens_in: f64, tokens_out: f64) -> Self {
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
    /// Nothing used yet.
    pub fn begin() -> Self {
        Self {
            cost_source: "simulated",
            version: env!("CARGO_PKG_VERSION"),
            connected_at_ms: time::now_ms(),
            cost_usd: 0.0,
            tokens_in: 0,
            tokens_out: 0,
            tokens_cached: 0,
            attempts: 0,
            lost_claims: 0,
            polls: 0,
            decisions: 0,
            calls: 0,
            locked: 0,
        }
    }

    /// Add a piece of work.
    pub fn add(&mut self, spent: &Spent) {
        self.cost_usd += spent.cost_usd;
        self.tokens_in += spent.tokens_in;
        self.tokens_out += spent.tokens_out;
        self.tokens_cached += spent.tokens_cached;
    }

    /// Write `usage.json` into `dir`.
    pub fn keep(&self, dir: &Path) -> Result<()> {
        let text = serde_json::to_vec(self)
            .map_err(|cause| tg_stage::Error::outside("usage.json", cause))?;
        file::write(&dir.join("usage.json"), &text)
    }
}
