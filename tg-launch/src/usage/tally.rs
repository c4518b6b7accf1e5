//! Tokens added up from a program's events.
//!
//! Events are counted under a key (a message's id, a model, a file), and a later event with the same key replaces the
//! earlier one: programs repeat messages, with more in them.

use super::fault;
use std::collections::BTreeMap;
use tg_stage::Fault;

/// Tokens by kind; `cached` and `cache_write` are parts of `input`, `thinking` of `output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: i64,
    pub cached: i64,
    pub cache_write: i64,
    pub output: i64,
    pub thinking: i64,
}

impl Tokens {
    /// Adds the cached tokens to `input`, for a program that counts them separately.
    pub fn plus_cache(mut self) -> Self {
        self.input += self.cached + self.cache_write;
        self
    }

    /// Adds the tokens of thinking to `output`, for a program that counts them separately.
    pub fn plus_thinking(mut self) -> Self {
        self.output += self.thinking;
        self
    }
}

#[derive(Debug, Default)]
pub struct Tally {
    by_key: BTreeMap<String, Tokens>,
    /// True once the program has printed its totals.
    pub is_complete: bool,
    /// The cost that the program reports, in USD.
    pub cost_usd: Option<f64>,
    /// The reason why the provider refused the program.
    pub fault: Option<Fault>,
}

impl Tally {
    /// Counts `tokens` under `key`, in place of the earlier count under that key.
    pub fn put(&mut self, key: &str, tokens: Tokens) {
        self.by_key.insert(key.into(), tokens);
    }

    /// Counts `tokens` in addition to all earlier ones.
    pub fn add(&mut self, tokens: Tokens) {
        let key = format!("#{}", self.by_key.len());
        self.by_key.insert(key, tokens);
    }

    /// Removes all counts, because totals follow.
    pub fn clear(&mut self) {
        self.by_key.clear();
    }

    pub fn sum(&self) -> Tokens {
        let mut sum = Tokens::default();
        for tokens in self.by_key.values() {
            sum.input += tokens.input;
            sum.cached += tokens.cached;
            sum.cache_write += tokens.cache_write;
            sum.output += tokens.output;
            sum.thinking += tokens.thinking;
        }
        sum
    }

    /// Reads an error message of the program, which may say that the provider refused it.
    pub fn note_error(&mut self, message: &str) {
        self.fault = fault::in_message(message).or(self.fault);
    }
}
