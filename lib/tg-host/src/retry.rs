//! Calls that are repeated while the database is locked.
//!
//! The host answers `database is locked` at once, before it has written anything, when two agents write in the same
//! millisecond; so every call may be repeated. Measured best: sleep 5 to 50 ms, uniformly, until 10 s have passed.
//! Exponential back-off is worse here: its early waits collide, its late ones only add delay.

use crate::client::Client;
use crate::error::{Error, Result};
use serde_json::Value;
use std::hash::{BuildHasher, RandomState};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// A client that repeats calls refused for a lock, and counts them.
pub struct Caller {
    client: Client,
    /// Number of calls, repetitions not counted.
    pub calls: u64,
    /// Number of `database is locked` answers.
    pub locked: u64,
}

impl Caller {
    /// Wraps `client`.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            calls: 0,
            locked: 0,
        }
    }

    /// Calls a tool, repeating the call while the database is locked.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let begun = Instant::now();
        self.calls += 1;
        loop {
            let answer = self.client.call(tool, arguments);
            let is_locked = |error: &Error| error.cause.contains("database is locked");
            if !answer.as_ref().is_err_and(is_locked) || begun.elapsed() >= PATIENCE {
                return answer;
            }
            self.locked += 1;
            sleep(Duration::from_millis(jitter(5, 50)));
        }
    }
}

/// A number in `low..=high`, different in every process: if these waits were reproducible, agents that collide once would
/// collide for ever.
pub fn jitter(low: u64, high: u64) -> u64 {
    low + RandomState::new().hash_one(Instant::now()) % (high - low + 1)
}
