//! The parameters of the simulated agent's work model, as the manifest sets them and the record keeps them.
//!
//! `tg-instantiate` checks them, `tg-agent` works by them, `tg-metrics` needs the time scale. Times of the model are those
//! of the imagined real agent; `time_scale` shrinks them to the clock. Defaults are plausible round numbers, not
//! measurements: their results are simulated.

use serde::{Deserialize, Serialize};

/// The work model's parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkModel {
    /// Milliseconds on the clock for one estimated millisecond; 0.0005 makes an hour 1.8 s.
    pub time_scale: f64,
    /// Standard deviation of the logarithm of a task's duration, whose mean is its estimate.
    pub noise: f64,
    /// Duration in estimated minutes of a task without an estimate.
    pub default_estimate_min: f64,
    /// Probability that a task's first attempt is handed back and done again.
    pub redo: f64,
    /// Share of the drawn duration that the second attempt takes.
    pub redo_share: f64,
    /// Probability that a task ends failed.
    pub fail: f64,
    /// Divisor of the duration of work of a specialist's own kind.
    pub specialist_speedup: f64,
    /// Seconds it takes to take over a task that another agent worked on before (relay).
    pub handoff_s: f64,
    /// Probability that design or implementation work has a fault.
    pub fault: f64,
    /// Probability that a review finds a fault that is there.
    pub find_review: f64,
    /// Probability that a test finds a fault that is there.
    pub find_test: f64,
    /// Share of the faulty task's duration that mending the fault takes.
    pub fix_share: f64,
    /// Seconds a coordinator or lead thinks about one assignment.
    pub decision_s: f64,
    /// Seconds an agent wastes on a task that another agent claimed first.
    pub lost_claim_s: f64,
    /// Milliseconds on the clock (not scaled) between two looks of an agent with nothing to do.
    pub poll_ms: f64,
    /// Tokens read each time an agent looks for work and finds none.
    pub poll_tokens: f64,
    /// Tokens read per minute of work, cached ones included.
    pub tokens_in_per_min: f64,
    /// Tokens written per minute of work.
    pub tokens_out_per_min: f64,
    /// Share of the tokens read that come from a cache.
    pub cached_share: f64,
    /// Price in USD of a million tokens read, not cached.
    pub usd_per_mtok_in: f64,
    /// Price in USD of a million tokens read from the cache.
    pub usd_per_mtok_cached: f64,
    /// Price in USD of a million tokens written.
    pub usd_per_mtok_out: f64,
}

impl Default for WorkModel {
    fn default() -> Self {
        Self {
            time_scale: 0.0005,
            noise: 0.3,
            default_estimate_min: 30.0,
            redo: 0.1,
            redo_share: 0.5,
            fail: 0.0,
            specialist_speedup: 1.25,
            handoff_s: 60.0,
            fault: 0.15,
            find_review: 0.6,
            find_test: 0.5,
            fix_share: 0.3,
            decision_s: 20.0,
            lost_claim_s: 15.0,
            poll_ms: 40.0,
            poll_tokens: 1_500.0,
            tokens_in_per_min: 9_000.0,
            tokens_out_per_min: 600.0,
            cached_share: 0.8,
            usd_per_mtok_in: 3.0,
            usd_per_mtok_cached: 0.3,
            usd_per_mtok_out: 15.0,
        }
    }
}

impl WorkModel {
    /// The fault in these numbers, if there is one.
    pub fn fault(&self) -> Option<String> {
        let shares = [
            ("redo", self.redo),
            ("fail", self.fail),
            ("cached_share", self.cached_share),
            ("fault", self.fault),
            ("find_review", self.find_review),
            ("find_test", self.find_test),
        ];
        if let Some((name, value)) = shares
            .iter()
            .find(|(_, value)| !(0.0..=1.0).contains(value))
        {
            return Some(format!("{name} is {value}, and must be from 0 to 1"));
        }
        let amounts = [
            ("noise", self.noise),
            ("default_estimate_min", self.default_estimate_min),
            ("redo_share", self.redo_share),
            ("handoff_s", self.handoff_s),
            ("fix_share", self.fix_share),
            ("decision_s", self.decision_s),
            ("lost_claim_s", self.lost_claim_s),
            ("poll_ms", self.poll_ms),
            ("poll_tokens", self.poll_tokens),
            ("tokens_in_per_min", self.tokens_in_per_min),
            ("tokens_out_per_min", self.tokens_out_per_min),
            ("usd_per_mtok_in", self.usd_per_mtok_in),
            ("usd_per_mtok_cached", self.usd_per_mtok_cached),
            ("usd_per_mtok_out", self.usd_per_mtok_out),
        ];
        if let Some((name, value)) = amounts
            .iter()
            .find(|(_, value)| !(value.is_finite() && *value >= 0.0))
        {
            return Some(format!("{name} is {value}, and must be 0 or more"));
        }
        let factors = [
            ("time_scale", self.time_scale),
            ("specialist_speedup", self.specialist_speedup),
        ];
        factors
            .iter()
            .find(|(_, value)| !(value.is_finite() && *value > 0.0))
            .map(|(name, value)| format!("{name} is {value}, and must be more than 0"))
    }
}
