//! mini-swe-agent writes its trajectory, with every answer's tokens, to the file of `--output`.

use super::Format;
use super::tally::{Tally, Tokens, count};
use serde_json::Value;

pub const FORMAT: Format = Format {
    name: "mini",
    line: |_, _| {},
    sessions: None,
    session_line: |_, _, _| {},
    at_end: Some(("traj.json", at_end)),
};

fn at_end(tally: &mut Tally, trajectory: &Value) {
    tally.clear();
    for message in trajectory["messages"].as_array().into_iter().flatten() {
        let usage = &message["extra"]["response"]["usage"];
        if usage.is_object() {
            tally.add(Tokens {
                input: count(usage, "prompt_tokens"),
                cached: count(&usage["prompt_tokens_details"], "cached_tokens"),
                cache_write: 0,
                output: count(usage, "completion_tokens"),
                thinking: 0,
            });
        }
    }
    let stats = &trajectory["info"]["model_stats"];
    tally.cost_usd = stats["instance_cost"].as_f64().filter(|usd| *usd > 0.0);
    tally.said(
        trajectory["info"]["exit_status"]
            .as_str()
            .unwrap_or_default(),
    );
}
