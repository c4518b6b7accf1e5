//! Reads an agent's usage while it is running: from the output of its program, and from the session files in its home if
//! the program was killed before it could print its totals.
//!
//! Tokens are normalised: `tokens_in` counts everything read, cached tokens included; `tokens_out` everything written,
//! thinking included. An unknown value is `None`, never 0. If a program reports its cost, that is taken (`reported`); else
//! the manifest's price of the model is applied (`priced`); else the cost is unknown. An agent without a known format may
//! write a `usage.json` into its directory, as the simulated agent does: values read from it are kept if the file
//! disappears, is torn or says less later, and values below zero are ignored.

use super::fault;
use super::formats::{FORMATS, Format};
use super::tail::{self, Tail};
use super::tally::{Tally, Tokens};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tg_stage::profile::Price;
use tg_stage::{Fault, Profile, file};

/// The usage of an agent so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// In USD.
    pub cost_usd: Option<f64>,
    /// Tokens read, cached ones included.
    pub tokens_in: Option<i64>,
    /// Tokens written, thinking included.
    pub tokens_out: Option<i64>,
    /// Tokens read from a cache.
    pub tokens_cached: Option<i64>,
    /// Tokens of thinking, if the program counts them separately.
    pub tokens_thinking: Option<i64>,
    /// `reported`, `priced`, `simulated`, or none.
    pub cost_source: Option<String>,
    /// The version that the program reports.
    pub version: Option<String>,
    /// The reason why the model's provider refused it, if it did: `auth` or `quota`.
    pub fault: Option<String>,
}

/// Reads an agent's usage repeatedly, each time only the new lines.
pub struct UsageReader {
    dir: PathBuf,
    format: Option<&'static Format>,
    price: Option<Price>,
    version: Option<String>,
    stdout: Tail,
    stderr: Tail,
    sessions: BTreeMap<PathBuf, Tail>,
    printed: Tally,
    kept: Tally,
    /// A fault printed on stderr about an attempt that may be repeated: it counts until there is progress.
    passing_fault: Option<Fault>,
    last: Option<i64>,
    /// The largest values read from the agent's own file.
    own: Usage,
}

impl UsageReader {
    /// A reader for the agent with the directory `dir`.
    pub fn new(dir: &Path, profile: Option<&Profile>) -> Self {
        let name = profile.and_then(|profile| profile.usage.as_deref());
        let version = profile.and_then(|profile| profile.found.as_ref()?.version.clone());
        Self {
            format: FORMATS.iter().find(|format| Some(format.name) == name),
            price: profile.and_then(|profile| profile.price),
            stdout: Tail::new(dir.join("stdout.log")),
            stderr: Tail::new(dir.join("stderr.log")),
            sessions: BTreeMap::new(),
            printed: Tally::default(),
            kept: Tally::default(),
            passing_fault: None,
            last: None,
            own: Usage {
                version: version.clone(),
                ..Usage::default()
            },
            version,
            dir: dir.into(),
        }
    }

    /// The agent's usage so far.
    pub fn read(&mut self) -> Usage {
        let Some(format) = self.format else {
            if let Some(new) = own_file(&self.dir) {
                self.own.raise(new);
            }
            return self.own.clone();
        };
        let printed = &mut self.printed;
        self.stdout.lines(|line| {
            if let Ok(event) = serde_json::from_slice(line) {
                (format.line)(printed, &event);
            }
        });
        let passing = &mut self.passing_fault;
        self.stderr.lines(|line| {
            *passing = fault::in_status(&String::from_utf8_lossy(line)).or(*passing);
        });
        if let Some((name, take)) = format.at_end
            && let Some(whole) = json_file(&self.dir.join(name))
        {
            take(printed, &whole);
        }
        if !self.printed.is_complete {
            self.read_sessions(format);
        }
        self.usage()
    }

    fn read_sessions(&mut self, format: &Format) {
        let Some((base, start, end)) = format.sessions else {
            return;
        };
        let mut found = Vec::new();
        tail::find(&self.dir.join(base), start, end, &mut found);
        for path in found {
            let name = path.to_string_lossy().into_owned();
            let kept = &mut self.kept;
            let tail = self.sessions.entry(path.clone());
            let tail = tail.or_insert_with(|| Tail::new(path));
            tail.lines(|line| {
                if let Ok(event) = serde_json::from_slice(line) {
                    (format.session_line)(kept, &name, &event);
                }
            });
        }
    }

    fn usage(&mut self) -> Usage {
        let (printed, kept) = (self.printed.sum(), self.kept.sum());
        let use_kept = !self.printed.is_complete && kept.input > printed.input;
        let sum = if use_kept { kept } else { printed };
        let progress = self.last.is_some_and(|last| sum.input > last);
        if progress || self.printed.is_complete {
            self.passing_fault = None;
        }
        self.last = Some(sum.input);
        let known = sum != Tokens::default();
        let tokens = |count: i64| known.then_some(count);
        let reported = self.printed.cost_usd;
        let reported = reported.filter(|usd| !use_kept && (known || *usd > 0.0));
        let price = self.price.filter(|_| known);
        let priced =
            price.map(|price| price.cost_usd(sum.input, sum.cached, sum.cache_write, sum.output));
        let cost = reported.map(|usd| (usd, "reported"));
        let cost = cost.or(priced.map(|usd| (usd, "priced")));
        let fault = self.printed.fault.or(self.passing_fault);
        Usage {
            cost_usd: cost.map(|(usd, _)| usd),
            tokens_in: tokens(sum.input),
            tokens_out: tokens(sum.output),
            tokens_cached: tokens(sum.cached),
            tokens_thinking: tokens(sum.thinking),
            cost_source: cost.map(|(_, source)| source.into()),
            version: self.version.clone(),
            fault: fault.map(|fault| fault.to_string()),
        }
    }
}

impl Usage {
    /// Updates to newer values: an amount never decreases, a known value never becomes unknown. A fault may be over.
    fn raise(&mut self, new: Self) {
        if new.cost_usd.is_some() && new.cost_usd >= self.cost_usd {
            self.cost_usd = new.cost_usd;
            self.cost_source = new.cost_source.or(self.cost_source.take());
        }
        self.tokens_in = self.tokens_in.max(new.tokens_in);
        self.tokens_out = self.tokens_out.max(new.tokens_out);
        self.tokens_cached = self.tokens_cached.max(new.tokens_cached);
        self.tokens_thinking = self.tokens_thinking.max(new.tokens_thinking);
        self.version = new.version.or(self.version.take());
        self.fault = new.fault;
    }
}

/// `usage.json` in the agent's directory, written by the agent itself, if it exists and is whole.
fn own_file(dir: &Path) -> Option<Usage> {
    let usage = json_file(&dir.join("usage.json"))?;
    let text = |key: &str| usage[key].as_str().map(String::from);
    let tokens = |key: &str| usage[key].as_i64().filter(|count| *count >= 0);
    Some(Usage {
        cost_usd: usage["cost_usd"].as_f64().filter(|usd| *usd >= 0.0),
        tokens_in: tokens("tokens_in"),
        tokens_out: tokens("tokens_out"),
        tokens_cached: tokens("tokens_cached"),
        tokens_thinking: tokens("tokens_thinking"),
        cost_source: text("cost_source"),
        version: text("version"),
        fault: text("fault"),
    })
}

fn json_file(path: &Path) -> Option<Value> {
    serde_json::from_slice(&file::read_kept(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_agents_own_file_nothing_is_forgotten_and_nothing_is_below_zero() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("usage.json");
        let mut reader = UsageReader::new(dir.path(), None);
        let mut after = |text: Option<&str>| {
            match text {
                Some(text) => std::fs::write(&file, text).unwrap(),
                None => std::fs::remove_file(&file).unwrap(),
            }
            let usage = reader.read();
            (usage.cost_usd, usage.tokens_in, usage.cost_source)
        };
        let none = (None, None, None);
        assert_eq!(after(Some("{\"cost_usd\": -5, \"tokens_in\": -1}")), none);
        let reported = Some("reported".to_string());
        let known = (Some(2.5), Some(10), reported.clone());
        let whole = "{\"cost_usd\": 2.5, \"tokens_in\": 10, \"cost_source\": \"reported\"}";
        assert_eq!(after(Some(whole)), known);
        for less in [
            "{\"cost_usd\": 2.",
            "{}",
            "{\"cost_usd\": 0.1, \"tokens_in\": -9}",
        ] {
            assert_eq!(after(Some(less)), known, "{less}");
        }
        assert_eq!(after(None), known);
        let more = "{\"cost_usd\": 1, \"tokens_in\": 11}";
        assert_eq!(after(Some(more)), (Some(2.5), Some(11), reported));
    }
}
