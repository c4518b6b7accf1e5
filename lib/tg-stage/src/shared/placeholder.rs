//! The placeholders of an agent's command line, files and prompts: `tg-instantiate` checks them, `tg-launch` fills them.

use crate::{Error, Result, nearest};

/// The names that may stand in braces in a manifest's `command`, in a profile and in a prompt.
pub const NAMES: [&str; 26] = [
    "worker",
    "role",
    "tags",
    "workflow",
    "run",
    "seed",
    "model",
    "db",
    "dir",
    "agent_dir",
    "work",
    "mcp_config",
    "host",
    "prompt",
    "home",
    "root",
    "overlays",
    "tools",
    "tool",
    "server_command",
    "server_args",
    "server_argv",
    "server_env",
    "price",
    "base_url",
    "temperature",
];

/// Replaces every `{name}` in `word` by its `value`. Braces around anything but a lower-case word stay: JSON on a command
/// line is common.
pub fn fill(word: &str, value: impl Fn(&str) -> String) -> Result<String> {
    let mut out = String::new();
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        let inside = &rest[open + 1..];
        let length = inside
            .find(|c: char| !(c.is_ascii_lowercase() || c == '_'))
            .unwrap_or(inside.len());
        let (name, after) = inside.split_at(length);
        out.push_str(&rest[..open]);
        if name.is_empty() || !after.starts_with('}') {
            out.push('{');
            rest = inside;
            continue;
        }
        if !NAMES.contains(&name) {
            let error = Error::usage("command", format!("unknown placeholder {{{name}}}"));
            return Err(match nearest(name, NAMES) {
                Some(near) => error.hint(format!("did you mean {{{near}}}?")),
                None => error.hint(format!("known: {{{}}}", NAMES.join("} {"))),
            });
        }
        out.push_str(&value(name));
        rest = &after[1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// True if `{name}` stands in `text`.
pub fn uses(text: &str, name: &str) -> bool {
    text.contains(&format!("{{{name}}}"))
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn names_are_filled_and_other_braces_stay() {
        let value = |name: &str| format!("<{name}>");
        assert_eq!(
            fill("--x={worker}/{run}", value).unwrap(),
            "--x=<worker>/<run>"
        );
        assert_eq!(
            fill("{\"a\": {}, \"b\": {X}} {", value).unwrap(),
            "{\"a\": {}, \"b\": {X}} {"
        );
        let error = fill("{wrker}", value).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean {worker}?"));
    }
}
