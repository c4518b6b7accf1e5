//! Qwen Code prints each answer's tokens, and totals at the end; after a kill the answers are summed. Turned away by the
//! provider it exits 0 and calls `[API Error: ...]` its result.

use super::Format;
use super::tally::{Tally, Tokens, count};
use serde_json::Value;

pub const FORMAT: Format = Format {
    name: "qwen",
    line,
    sessions: None,
    session_line: |_, _, _| {},
    at_end: None,
};

fn line(tally: &mut Tally, event: &Value) {
    match event["type"].as_str() {
        Some("assistant") if !tally.is_complete => tally.add(tokens(&event["message"]["usage"])),
        Some("result") => {
            tally.clear();
            tally.add(tokens(&event["usage"]));
            tally.is_complete = true;
            let result = event["result"].as_str().unwrap_or_default();
            if event["is_error"] == true || result.starts_with("[API Error:") {
                tally.said(result);
                tally.said(&event["error"].to_string());
            }
        }
        _ => {}
    }
}

fn tokens(usage: &Value) -> Tokens {
    Tokens {
        input: count(usage, "input_tokens"),
        cached: count(usage, "cache_read_input_tokens"),
        cache_write: 0,
        output: count(usage, "output_tokens"),
        thinking: 0,
    }
}
