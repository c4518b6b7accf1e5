//! The output formats of the known agent programs: one entry of [`FORMATS`] for each name that a profile's `usage` may have.

use super::tally::{Tally, Tokens};
use serde_json::Value;

/// Counts the tokens of one event.
type Count = fn(&mut Tally, &Value);

/// The places and the forms of one program's usage.
pub struct Format {
    /// The name in [`tg_stage::Profile::usage`].
    pub name: &'static str,
    /// Counts a line of its stdout.
    pub line: Count,
    /// The session files in the agent's directory: their directory, and how their names begin and end.
    pub sessions: Option<(&'static str, &'static str, &'static str)>,
    /// Counts a line of the session file with that name.
    pub session_line: fn(&mut Tally, &str, &Value),
    /// The file in the agent's directory that the program writes at its end, and the function that counts it.
    pub at_end: Option<(&'static str, Count)>,
}

/// The format of a program that reports nothing.
const NONE: Format = Format {
    name: "",
    line: |_, _| {},
    sessions: None,
    session_line: |_, _, _| {},
    at_end: None,
};

pub const FORMATS: [Format; 7] = [
    // Claude Code prints totals and cost in its last event, also when SIGINT stops it. Its other events repeat messages
    // with partial counts, and are never summed. After a kill there are its transcripts, with one line or more for each
    // message, of which the last counts; they have no cost. Its input excludes cached tokens.
    Format {
        name: "claude",
        line: claude_line,
        sessions: Some(("home/.claude/projects", "", ".jsonl")),
        session_line: claude_session_line,
        ..NONE
    },
    // Codex prints its tokens at the end of a turn, and nothing when it fails or is killed; its rollout file has running
    // totals, written while it is running. It never reports its cost.
    Format {
        name: "codex",
        line: codex_line,
        sessions: Some(("home/sessions", "rollout-", ".jsonl")),
        session_line: codex_session_line,
        ..NONE
    },
    // Copilot CLI prints no tokens: it writes them to the file of `--usage-output-file` at its end, and into its session
    // state while it is running.
    Format {
        name: "copilot",
        line: copilot_line,
        sessions: Some(("home/.copilot/session-state", "events", ".jsonl")),
        session_line: copilot_session_line,
        at_end: Some(("usage-copilot.json", copilot_totals)),
    },
    // Gemini CLI prints its tokens in its last event, and nothing when a signal stops it; its session file has each
    // message's, written while it is running; some lines repeat a message with more in it. It never reports its cost.
    Format {
        name: "gemini",
        line: gemini_line,
        sessions: Some(("home/.gemini/tmp", "session-", ".jsonl")),
        session_line: gemini_session_line,
        ..NONE
    },
    // mini-swe-agent writes its trajectory, with every answer's tokens, to the file of `--output`.
    Format {
        name: "mini",
        at_end: Some(("traj.json", mini_trajectory)),
        ..NONE
    },
    // opencode prints tokens and cost after each step, so a kill loses at most one. Its cost comes from the prices in its
    // own configuration; without any it says 0, which means unknown.
    Format {
        name: "opencode",
        line: opencode_line,
        ..NONE
    },
    // Qwen Code prints each answer's tokens, and totals at the end; after a kill the answers are summed. If the provider
    // refuses it, it exits 0 and its result is `[API Error: ...]`.
    Format {
        name: "qwen",
        line: qwen_line,
        ..NONE
    },
];

/// The tokens of an event: `keys` are the paths of `input`, `cached`, `cache_write`, `output` and `thinking`, `-` for a kind
/// that the program does not report. A count that is missing is 0.
fn tokens(event: &Value, keys: &str) -> Tokens {
    let mut counts = keys.split(' ').map(|key| {
        let value = event.pointer(&format!("/{key}"));
        value.and_then(Value::as_i64).unwrap_or(0)
    });
    let mut next = || counts.next().unwrap_or(0);
    Tokens {
        input: next(),
        cached: next(),
        cache_write: next(),
        output: next(),
        thinking: next(),
    }
}

/// The entries of a JSON object.
fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn claude_line(tally: &mut Tally, event: &Value) {
    if event["type"] != "result" {
        return;
    }
    let keys = "inputTokens cacheReadInputTokens cacheCreationInputTokens outputTokens";
    tally.clear();
    for (model, usage) in entries(&event["modelUsage"]) {
        tally.put(model, tokens(usage, keys).plus_cache());
    }
    tally.cost_usd = event["total_cost_usd"].as_f64();
    tally.is_complete = true;
    if event["is_error"] == true {
        match event["api_error_status"].as_i64() {
            Some(status) => tally.note_error(&status.to_string()),
            None => tally.note_error(text(&event["result"])),
        }
    }
}

fn claude_session_line(tally: &mut Tally, _file: &str, event: &Value) {
    let keys = "input_tokens cache_read_input_tokens cache_creation_input_tokens output_tokens";
    let message = &event["message"];
    if let (Some("assistant"), Some(id)) = (event["type"].as_str(), message["id"].as_str()) {
        tally.put(id, tokens(&message["usage"], keys).plus_cache());
    }
}

const CODEX: &str = "input_tokens cached_input_tokens cache_write_input_tokens output_tokens reasoning_output_tokens";

fn codex_line(tally: &mut Tally, event: &Value) {
    match text(&event["type"]) {
        "turn.completed" => {
            tally.add(tokens(&event["usage"], CODEX));
            tally.is_complete = true;
        }
        "turn.failed" => tally.note_error(&event["error"].to_string()),
        _ => {}
    }
}

/// The last total of a file replaces the earlier ones.
fn codex_session_line(tally: &mut Tally, file: &str, event: &Value) {
    let payload = &event["payload"];
    if payload["type"] == "token_count" && payload["info"].is_object() {
        tally.put(file, tokens(&payload["info"]["total_token_usage"], CODEX));
    }
}

const COPILOT: &str = "inputTokens cacheReadTokens cacheWriteTokens outputTokens";

fn copilot_line(tally: &mut Tally, event: &Value) {
    if event["type"] == "session.error" {
        tally.note_error(text(&event["data"]["message"]));
    }
}

fn copilot_totals(tally: &mut Tally, totals: &Value) {
    for (model, metrics) in entries(&totals["modelMetrics"]) {
        tally.put(model, tokens(&metrics["usage"], COPILOT));
        tally.is_complete = true;
    }
}

fn copilot_session_line(tally: &mut Tally, file: &str, event: &Value) {
    if event["type"] == "session.usage_record" {
        let id = event["id"].as_str().map(String::from);
        let key = id.unwrap_or_else(|| format!("{file} {}", event["timestamp"]));
        tally.put(&key, tokens(&event["data"]["usage"], COPILOT));
    }
}

fn gemini_line(tally: &mut Tally, event: &Value) {
    match text(&event["type"]) {
        "result" => {
            let keys = "input_tokens cached - output_tokens total_tokens";
            let mut tokens = tokens(&event["stats"], keys);
            // Thinking is in the total only.
            tokens.thinking = (tokens.thinking - tokens.input - tokens.output).max(0);
            tally.clear();
            tally.add(tokens.plus_thinking());
            tally.is_complete = tokens.input > 0;
            if event["status"] != "success" {
                tally.note_error(&event["error"].to_string());
            }
        }
        "error" => tally.note_error(&event.to_string()),
        _ => {}
    }
}

fn gemini_session_line(tally: &mut Tally, _file: &str, event: &Value) {
    if let (Some(id), true) = (event["id"].as_str(), event["tokens"].is_object()) {
        let keys = "input cached - output thoughts";
        tally.put(id, tokens(&event["tokens"], keys).plus_thinking());
    }
}

fn mini_trajectory(tally: &mut Tally, trajectory: &Value) {
    let keys = "prompt_tokens prompt_tokens_details/cached_tokens - completion_tokens";
    tally.clear();
    for message in trajectory["messages"].as_array().into_iter().flatten() {
        let usage = &message["extra"]["response"]["usage"];
        if usage.is_object() {
            tally.add(tokens(usage, keys));
        }
    }
    let info = &trajectory["info"];
    let cost = info["model_stats"]["instance_cost"].as_f64();
    tally.cost_usd = cost.filter(|usd| *usd > 0.0);
    tally.note_error(text(&info["exit_status"]));
}

fn opencode_line(tally: &mut Tally, event: &Value) {
    match text(&event["type"]) {
        "step_finish" => {
            let keys = "input cache/read cache/write output reasoning";
            let part = &event["part"];
            tally.add(tokens(&part["tokens"], keys).plus_cache().plus_thinking());
            if let Some(usd) = part["cost"].as_f64().filter(|usd| *usd > 0.0) {
                tally.cost_usd = Some(tally.cost_usd.unwrap_or(0.0) + usd);
            }
        }
        "error" => {
            // Not the whole event: its response headers are full of numbers.
            let data = &event["error"]["data"];
            let parts = [
                &event["error"]["name"],
                &data["statusCode"],
                &data["message"],
                &data["responseBody"],
            ];
            tally.note_error(&parts.map(ToString::to_string).join(" "));
        }
        _ => {}
    }
}

fn qwen_line(tally: &mut Tally, event: &Value) {
    let keys = "input_tokens cache_read_input_tokens - output_tokens";
    match text(&event["type"]) {
        "assistant" if !tally.is_complete => {
            tally.add(tokens(&event["message"]["usage"], keys));
        }
        "result" => {
            tally.clear();
            tally.add(tokens(&event["usage"], keys));
            tally.is_complete = true;
            let result = text(&event["result"]);
            if event["is_error"] == true || result.starts_with("[API Error:") {
                tally.note_error(result);
                tally.note_error(&event["error"].to_string());
            }
        }
        _ => {}
    }
}
