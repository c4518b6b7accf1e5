//! Copilot CLI prints no tokens: it writes them to the file of `--usage-output-file` at its end, and into its session
//! state as it goes.

use super::Format;
use super::tally::{Tally, Tokens, count};
use serde_json::Value;

pub const FORMAT: Format = Format {
    name: "copilot",
    line,
    sessions: Some(("home/.copilot/session-state", "events", ".jsonl")),
    session_line,
    at_end: Some(("usage-copilot.json", at_end)),
};

fn line(tally: &mut Tally, event: &Value) {
    if event["type"] == "session.error" {
        tally.said(event["data"]["message"].as_str().unwrap_or_default());
    }
}

fn at_end(tally: &mut Tally, totals: &Value) {
    for (model, metrics) in totals["modelMetrics"].as_object().into_iter().flatten() {
        tally.put(model, tokens(&metrics["usage"]));
        tally.is_complete = true;
    }
}

fn session_line(tally: &mut Tally, file: &str, event: &Value) {
    if event["type"] == "session.usage_record" {
        let id = event["id"].as_str().map(String::from);
        let key = id.unwrap_or_else(|| format!("{file} {}", event["timestamp"]));
        tally.put(&key, tokens(&event["data"]["usage"]));
    }
}

fn tokens(usage: &Value) -> Tokens {
    Tokens {
        input: count(usage, "inputTokens"),
        cached: count(usage, "cacheReadTokens"),
        cache_write: count(usage, "cacheWriteTokens"),
        output: count(usage, "outputTokens"),
        thinking: 0,
    }
}
