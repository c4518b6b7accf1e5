//! What an agent has used: tokens and cost, read from what its program prints while it lives, and from the session files
//! in its home where it died before it could print its totals.
//!
//! Tokens are normalised: `tokens_in` counts everything read, cached tokens included; `tokens_out` everything written,
//! thinking included. What is unknown is `None`, never 0. A program that says what it cost is believed (`reported`); else
//! the manifest's price of the model is applied (`priced`); else the cost is unknown. An agent without a known format may
//! keep a `usage.json` in its directory, as the stand-in does.

mod claude;
mod codex;
mod copilot;
mod fault;
mod gemini;
mod mini;
mod opencode;
mod qwen;
mod tail;
mod tally;

use crate::fill::Place;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tail::Tail;
use tally::Tally;
use tg_stage::Profile;
use tg_stage::profile::Price;

/// What an agent has used so far.
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
    /// Tokens of thinking, where the program tells them apart.
    pub tokens_thinking: Option<i64>,
    /// `reported`, `priced`, `simulated`, or none.
    pub cost_source: Option<String>,
    /// What the program says of its version.
    pub version: Option<String>,
    /// Why the model's provider turned it away, if it did: `auth` or `quota`.
    pub fault: Option<String>,
}

/// Takes up an event.
type Take = fn(&mut Tally, &Value);

/// How one program's output is read.
struct Format {
    /// As [`Profile::usage`] names it.
    name: &'static str,
    /// Take up a line of its stdout.
    line: Take,
    /// Where in the agent's directory its session files are: a directory, and how the files' names begin and end.
    sessions: Option<(&'static str, &'static str, &'static str)>,
    /// Take up a line of the session file of that name.
    session_line: fn(&mut Tally, &str, &Value),
    /// A file in the agent's directory that it writes at its end, and how to take it up.
    at_end: Option<(&'static str, Take)>,
}

const FORMATS: [Format; 7] = [
    claude::FORMAT,
    codex::FORMAT,
    copilot::FORMAT,
    gemini::FORMAT,
    mini::FORMAT,
    opencode::FORMAT,
    qwen::FORMAT,
];

/// Reads an agent's usage again and again, each time only what is new.
pub struct Reader {
    dir: PathBuf,
    format: Option<&'static Format>,
    price: Option<Price>,
    version: Option<String>,
    stdout: Tail,
    stderr: Tail,
    sessions: BTreeMap<PathBuf, Tail>,
    printed: Tally,
    kept: Tally,
    /// Told on stderr of an attempt that may be repeated: it counts until there is progress.
    muttered: Option<&'static str>,
    last: Option<i64>,
}

impl Reader {
    /// A reader for the agent at `place`.
    pub fn new(place: &Place, profile: Option<&Profile>) -> Self {
        let dir = place.agent_dir.clone();
        let name = profile.and_then(|profile| profile.usage.as_deref());
        Self {
            format: FORMATS.iter().find(|format| Some(format.name) == name),
            price: profile.and_then(|profile| profile.price),
            version: profile.and_then(|profile| profile.found.as_ref()?.version.clone()),
            stdout: Tail::new(dir.join("stdout.log")),
            stderr: Tail::new(dir.join("stderr.log")),
            sessions: BTreeMap::new(),
            printed: Tally::default(),
            kept: Tally::default(),
            muttered: None,
            last: None,
            dir,
        }
    }

    /// What the agent has used so far.
    pub fn read(&mut self) -> Usage {
        let Some(format) = self.format else {
            return own_file(&self.dir, self.version.clone());
        };
        let printed = &mut self.printed;
        self.stdout.lines(|line| {
            if let Ok(event) = serde_json::from_slice(line) {
                (format.line)(printed, &event);
            }
        });
        let muttered = &mut self.muttered;
        self.stderr.lines(|line| {
            *muttered = fault::of_status(&String::from_utf8_lossy(line)).or(*muttered);
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
            let tail = self
                .sessions
                .entry(path.clone())
                .or_insert_with(|| Tail::new(path));
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
            self.muttered = None;
        }
        self.last = Some(sum.input);
        let muttered = self.muttered;
        let known = sum != tally::Tokens::default();
        let tokens = |count: i64| known.then_some(count);
        let reported = self
            .printed
            .cost_usd
            .filter(|usd| !use_kept && (known || *usd > 0.0));
        let priced = self
            .price
            .filter(|_| known)
            .map(|price| price.of(sum.input, sum.cached, sum.cache_write, sum.output));
        Usage {
            cost_usd: reported.or(priced),
            tokens_in: tokens(sum.input),
            tokens_out: tokens(sum.output),
            tokens_cached: tokens(sum.cached),
            tokens_thinking: tokens(sum.thinking),
            cost_source: reported
                .map(|_| "reported")
                .or(priced.map(|_| "priced"))
                .map(String::from),
            version: self.version.clone(),
            fault: self.printed.fault.or(muttered).map(String::from),
        }
    }
}

/// `usage.json` in the agent's directory, kept by the agent itself.
fn own_file(dir: &Path, version: Option<String>) -> Usage {
    let usage = json_file(&dir.join("usage.json")).unwrap_or_default();
    let text = |key: &str| usage[key].as_str().map(String::from);
    Usage {
        cost_usd: usage["cost_usd"].as_f64(),
        tokens_in: usage["tokens_in"].as_i64(),
        tokens_out: usage["tokens_out"].as_i64(),
        tokens_cached: usage["tokens_cached"].as_i64(),
        tokens_thinking: usage["tokens_thinking"].as_i64(),
        cost_source: text("cost_source"),
        version: text("version").or(version),
        fault: text("fault"),
    }
}

fn json_file(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
