//! Gemini CLI prints its tokens in its last event, and nothing when a signal stops it; its session file has each
//! message's, written while it lives, some lines repeating a message with more in it. It never says what it cost.

use super::Format;
use super::tally::{Tally, Tokens, count};
use serde_json::Value;

pub const FORMAT: Format = Format {
    name: "gemini",
    line,
    sessions: Some(("home/.gemini/tmp", "session-", ".jsonl")),
    session_line,
    at_end: None,
};

fn line(tally: &mut Tally, event: &Value) {
    match event["type"].as_str() {
        Some("result") => {
            let stats = &event["stats"];
            // Thinking is in the total only.
            let (input, output) = (count(stats, "input_tokens"), count(stats, "output_tokens"));
            let thinking = (count(stats, "total_tokens") - input - output).max(0);
            tally.clear();
            tally.add(Tokens {
                input,
                cached: count(stats, "cached"),
                cache_write: 0,
                output: output + thinking,
                thinking,
            });
            tally.is_complete = input > 0;
            if event["status"] != "success" {
                tally.said(&event["error"].to_string());
            }
        }
        Some("error") => tally.said(&event.to_string()),
        _ => {}
    }
}

fn session_line(tally: &mut Tally, _file: &str, event: &Value) {
    let (Some(id), Some(_)) = (event["id"].as_str(), event["tokens"].as_object()) else {
        return;
    };
    let tokens = &event["tokens"];
    let thinking = count(tokens, "thoughts");
    tally.put(
        id,
        Tokens {
            input: count(tokens, "input"),
            cached: count(tokens, "cached"),
            cache_write: 0,
            output: count(tokens, "output") + thinking,
            thinking,
        },
    );
}
