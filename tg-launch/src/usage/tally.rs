//! Tokens as they are counted up from a program's events.
//!
//! Events are counted under a key (a message's id, a model, a file), and a later event with the same key takes the place
//! of the earlier one: programs repeat messages, and repeat them with more in them.

use super::fault;
use serde_json::Value;
use std::collections::BTreeMap;

/// Tokens by kind; `cached` and `cache_write` are parts of `input`, `thinking` of `output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: i64,
    pub cached: i64,
    pub cache_write: i64,
    pub output: i64,
    pub thinking: i64,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Tally {
    by_key: BTreeMap<String, Tokens>,
    /// The program has printed its totals.
    pub is_complete: bool,
    /// What it says it cost, in USD.
    pub cost_usd: Option<f64>,
    /// Why the provider turned it away.
    pub fault: Option<&'static str>,
}

impl Tally {
    /// Count `tokens` under `key`, in place of what was counted under it before.
    pub fn put(&mut self, key: &str, tokens: Tokens) {
        self.by_key.insert(key.into(), tokens);
    }

    /// Count `tokens` beside all that was counted before.
    pub fn add(&mut self, tokens: Tokens) {
        let key = format!("#{}", self.by_key.len());
        self.by_key.insert(key, tokens);
    }

    /// Forget what was counted: totals follow.
    pub fn clear(&mut self) {
        self.by_key.clear();
    }

    /// The sum.
    pub fn sum(&self) -> Tokens {
        self.by_key
            .values()
            .fold(Tokens::default(), |sum, one| Tokens {
                input: sum.input + one.input,
                cached: sum.cached + one.cached,
                cache_write: sum.cache_write + one.cache_write,
                output: sum.output + one.output,
                thinking: sum.thinking + one.thinking,
            })
    }

    /// Take up an error message of the program: it may tell that the provider turned it away.
    pub fn said(&mut self, message: &str) {
        self.fault = fault::of(message).or(self.fault);
    }
}

/// A count of an event; 0 where it has none.
pub fn count(event: &Value, key: &str) -> i64 {
    event[key].as_i64().unwrap_or(0)
}
