//! opencode prints tokens and cost after each step, so a kill loses at most one. Its cost comes from the prices in its own
//! configuration; without any it says 0, which means unknown.

use super::Format;
use super::tally::{Tally, Tokens, count};
use serde_json::Value;

pub const FORMAT: Format = Format {
    name: "opencode",
    line,
    sessions: None,
    session_line: |_, _, _| {},
    at_end: None,
};

fn line(tally: &mut Tally, event: &Value) {
    let part = &event["part"];
    match event["type"].as_str() {
        Some("step_finish") => {
            let tokens = &part["tokens"];
            let (read, written) = (
                count(&tokens["cache"], "read"),
                count(&tokens["cache"], "write"),
            );
            let thinking = count(tokens, "reasoning");
            tally.add(Tokens {
                input: count(tokens, "input") + read + written,
                cached: read,
                cache_write: written,
                output: count(tokens, "output") + thinking,
                thinking,
            });
            if let Some(usd) = part["cost"].as_f64().filter(|usd| *usd > 0.0) {
                tally.cost_usd = Some(tally.cost_usd.unwrap_or(0.0) + usd);
            }
        }
        Some("error") => {
            // Not the whole of it: response headers are full of numbers.
            let data = &event["error"]["data"];
            let told = [
                &event["error"]["name"],
                &data["statusCode"],
                &data["message"],
                &data["responseBody"],
            ];
            tally.said(&told.map(ToString::to_string).join(" "));
        }
        _ => {}
    }
}
