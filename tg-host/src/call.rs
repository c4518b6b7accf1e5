//! Calls that survive contention.
//!
//! The host answers `database is locked` at once, before it has written anything, when two agents write in the same
//! millisecond; so every call may be repeated. Measured best: sleep 5 to 50 ms, uniformly, until 10 s have passed.
//! Exponential back-off is worse here: its early waits collide, its late ones only add delay.

use crate::client::Client;
use crate::error::Result;
use serde_json::Value;
use std::hash::{BuildHasher, RandomState};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// A client that repeats what was refused for a lock, and counts how often.
pub struct Caller {
    client: Client,
    /// Calls made, repetitions not counted.
    pub calls: u64,
    /// `database is locked` answers met.
    pub locked: u64,
}

impl Caller {
    /// Call through `client`.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            calls: 0,
            locked: 0,
        }
    }

    /// Call a tool, repeating while the database is locked.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let begun = Instant::now();
        self.calls += 1;
        loop {
            match self.client.call(tool, arguments) {
                Err(error)
                    if error.cause.contains("database is locked") && begun.elapsed() < PATIENCE =>
                {
                    self.locked += 1;
                    sleep(Duration::from_millis(jitter(5, 50)));
                }
                answer => return answer,
            }
        }
    }
}

/// A number in `low..=high`, different in every process: these waits must not be reproducible, or agents that collide
/// once collide for ever.
pub fn jitter(low: u64, high: u64) -> u64 {
    low + RandomState::new().hash_one(Instant::now()) % (high - low + 1)
}
