//! An agent program as data: how it is started, connected to the host's server and stopped, and where its usage is read.
//!
//! Built-in profiles are the files of `profiles/`; a user's own is a copy of one, changed. `tg-instantiate` reads and
//! resolves it (which binary, which version) and writes it into the run's record, so that a snapshot alone says how its
//! agents were started; `tg-launch` obeys that record and never reads the file again. It holds names of environment
//! variables, never secrets.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub use tg_profiles::{EXAMPLES, PROFILES as BUILT_IN};

/// The values of `usage:`: the program whose output is read.
pub const USAGES: [&str; 7] = [
    "claude", "codex", "copilot", "gemini", "mini", "opencode", "qwen",
];

/// The way to run a kind of agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// The file's name without `.yaml`.
    pub name: String,
    /// Description.
    pub about: String,
    /// The way to install the program; shown when it is missing.
    pub install: String,
    /// The program, looked for on PATH.
    pub program: String,
    /// Paths of the native binary, relative to the directory of the program found, links followed; `*` stands for any part
    /// of a name. The first that exists is started; without any, the program itself.
    pub native: Vec<String>,
    /// Arguments that make the program say its version.
    pub version: Vec<String>,
    /// Arguments of an agent, with placeholders; a word with `{tool}` is repeated for each tool.
    pub command: Vec<String>,
    /// Environment, with placeholders. HOME and the XDG directories are the agent's own in any case.
    pub env: BTreeMap<String, String>,
    /// Names of variables passed on from the user's environment or secrets file: `NAME`, or `NAME?` where it may be missing.
    pub pass_env: Vec<String>,
    /// Files to write for each agent, by path with placeholders: text, or a structure that is written as JSON. In a
    /// structure `"{tools}"`, `"{server_args}"`, `"{server_argv}"`, `"{server_env}"`, `"{price}"` and `"{temperature}"` become lists, objects
    /// and numbers, and a key whose value is unknown is left out; a key with `{tool}` is repeated for each tool.
    pub files: BTreeMap<String, Value>,
    /// Tools of the host that agents are offered.
    pub tools: Vec<String>,
    /// Address of the model's provider.
    pub base_url: Option<String>,
    /// Time within which an agent must register at the host, else it is ended: `60s`.
    pub connect: Option<String>,
    /// The way to stop it.
    pub stop: Stop,
    /// The program whose output format its usage has; one of [`USAGES`].
    pub usage: Option<String>,
    /// The program on this machine; set by `tg-instantiate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// The price of its model, from the manifest's `prices`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// The way to stop an agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stop {
    /// `INT` or `TERM`.
    pub signal: Option<String>,
    /// Time before it is killed: `3s`.
    pub grace: Option<String>,
}

/// The program as it was found on the machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Found {
    /// The binary that is started.
    pub path: String,
    /// The version it reports.
    pub version: Option<String>,
    /// SHA-256 of the profile's file.
    pub sha256: String,
}

/// The price of a model, in USD per million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens read that were not cached.
    #[serde(rename = "usd_per_mtok_in")]
    pub input: f64,
    /// Tokens written, thinking included.
    #[serde(rename = "usd_per_mtok_out")]
    pub output: f64,
    /// Tokens read from the cache; as those not cached where it is left out.
    #[serde(
        rename = "usd_per_mtok_cached",
        skip_serializing_if = "Option::is_none"
    )]
    pub cached: Option<f64>,
    /// Tokens written into the cache; as those not cached where it is left out.
    #[serde(
        rename = "usd_per_mtok_cache_write",
        skip_serializing_if = "Option::is_none"
    )]
    pub cache_write: Option<f64>,
}

impl Price {
    /// The cost of tokens, in USD; `cached` and `cache_write` are parts of `input`.
    pub fn cost_usd(&self, input: i64, cached: i64, cache_write: i64, output: i64) -> f64 {
        let plain = (input - cached - cache_write).max(0);
        let parts = [
            (plain, self.input),
            (cached, self.cached.unwrap_or(self.input)),
            (cache_write, self.cache_write.unwrap_or(self.input)),
            (output, self.output),
        ];
        let sum: f64 = parts
            .iter()
            .map(|(tokens, price)| *tokens as f64 * price)
            .sum();
        sum / 1_000_000.0
    }

    /// The fault in it, if there is one.
    pub fn fault(&self) -> Option<&'static str> {
        let all = [
            Some(self.input),
            Some(self.output),
            self.cached,
            self.cache_write,
        ];
        let bad = |price: &f64| !price.is_finite() || *price < 0.0;
        all.iter()
            .flatten()
            .any(bad)
            .then_some("a price is a number from 0 up, in USD per million tokens")
    }
}

impl Profile {
    /// True if `{name}` stands in the command, environment or files of agents.
    pub fn uses(&self, name: &str) -> bool {
        let files = serde_json::to_string(&self.files).unwrap_or_default();
        let env = self.env.values();
        let texts = self
            .command
            .iter()
            .chain(env)
            .chain(std::iter::once(&files));
        texts
            .into_iter()
            .any(|text| crate::placeholder::uses(text, name))
    }
}

/// Reads a recorded profile, which a later version may have written: unknown keys are ignored.
pub fn recorded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Profile>, D::Error> {
    let Some(Value::Object(mut keys)) = Option::<Value>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let full = Profile {
        found: Some(Found::default()),
        price: Some(Price::default()),
        ..Profile::default()
    };
    let known = serde_json::to_value(full).map_err(serde::de::Error::custom)?;
    keys.retain(|key, _| known.get(key).is_some());
    serde_json::from_value(Value::Object(keys))
        .map(Some)
        .map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_counts_each_kind_of_token_once() {
        let price = Price {
            input: 3.0,
            output: 15.0,
            cached: Some(0.3),
            cache_write: None,
        };
        let usd = price.cost_usd(1_000_000, 400_000, 100_000, 10_000);
        assert!((usd - (0.5 * 3.0 + 0.4 * 0.3 + 0.1 * 3.0 + 0.01 * 15.0)).abs() < 1e-12);
        assert!(price.fault().is_none());
        assert!(
            Price {
                input: f64::NAN,
                ..price
            }
            .fault()
            .is_some()
        );
    }

    #[test]
    fn a_record_of_a_later_version_is_read() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(deserialize_with = "recorded")]
            profile: Option<Profile>,
        }
        let later =
            serde_json::json!({"profile": {"name": "codex", "tools": ["claim"], "colour": "red"}});
        let read: Holder = serde_json::from_value(later).unwrap();
        assert_eq!(read.profile.unwrap().tools, ["claim"]);
    }
}
