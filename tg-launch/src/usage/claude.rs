//! Claude Code prints totals and cost in its last event, also when it is stopped by SIGINT. Its other events repeat
//! messages with partial counts, and are never summed. After a kill there are its transcripts, one line or more for each
//! message, of which the last counts; they have no cost. Its input excludes what was cached.

use super::Format;
use super::tally::{Tally, Tokens, count};
use serde_json::Value;

pub const FORMAT: Format = Format {
    name: "claude",
    line,
    sessions: Some(("home/.claude/projects", "", ".jsonl")),
    session_line,
    at_end: None,
};

fn line(tally: &mut Tally, event: &Value) {
    if event["type"] != "result" {
        return;
    }
    tally.clear();
    for (model, usage) in event["modelUsage"].as_object().into_iter().flatten() {
        let (cached, written) = (
            count(usage, "cacheReadInputTokens"),
            count(usage, "cacheCreationInputTokens"),
        );
        tally.put(
            model,
            Tokens {
                input: count(usage, "inputTokens") + cached + written,
                cached,
                cache_write: written,
                output: count(usage, "outputTokens"),
                thinking: 0,
            },
        );
    }
    tally.cost_usd = event["total_cost_usd"].as_f64();
    tally.is_complete = true;
    if event["is_error"] == true {
        match event["api_error_status"].as_i64() {
            Some(status) => tally.said(&status.to_string()),
            None => tally.said(event["result"].as_str().unwrap_or_default()),
        }
    }
}

fn session_line(tally: &mut Tally, _file: &str, event: &Value) {
    let message = &event["message"];
    let (Some("assistant"), Some(id)) = (event["type"].as_str(), message["id"].as_str()) else {
        return;
    };
    let usage = &message["usage"];
    let (cached, written) = (
        count(usage, "cache_read_input_tokens"),
        count(usage, "cache_creation_input_tokens"),
    );
    tally.put(
        id,
        Tokens {
            input: count(usage, "input_tokens") + cached + written,
            cached,
            cache_write: written,
            output: count(usage, "output_tokens"),
            thinking: 0,
        },
    );
}
