//! Codex prints its tokens at the end of a turn, and nothing when it fails or is killed; its rollout file has running
//! totals, which it keeps while it lives. It never says what it cost.

use super::Format;
use super::tally::{Tally, Tokens, count};
use serde_json::Value;

pub const FORMAT: Format = Format {
    name: "codex",
    line,
    sessions: Some(("home/sessions", "rollout-", ".jsonl")),
    session_line,
    at_end: None,
};

fn line(tally: &mut Tally, event: &Value) {
    match event["type"].as_str() {
        Some("turn.completed") => {
            tally.add(tokens(&event["usage"]));
            tally.is_complete = true;
        }
        Some("turn.failed") => tally.said(&event["error"].to_string()),
        _ => {}
    }
}

/// The last total of a file stands for the whole of it.
fn session_line(tally: &mut Tally, file: &str, event: &Value) {
    let payload = &event["payload"];
    if payload["type"] == "token_count" && payload["info"].is_object() {
        tally.put(file, tokens(&payload["info"]["total_token_usage"]));
    }
}

fn tokens(usage: &Value) -> Tokens {
    Tokens {
        input: count(usage, "input_tokens"),
        cached: count(usage, "cached_input_tokens"),
        cache_write: count(usage, "cache_write_input_tokens"),
        output: count(usage, "output_tokens"),
        thinking: count(usage, "reasoning_output_tokens"),
    }
}
