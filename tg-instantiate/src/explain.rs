//! The reason why a row is run again: the inputs that differ from those of the run on disk, as `old -> new` if short.
//!
//! The hashes tell which inputs differ; the difference is then searched for in the two `run` objects. If these agree (the
//! bytes of a file changed, and not its name), the hashes are shown instead.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use tg_stage::Run;

/// Each input and the keys of `run` that hold its value.
const SPELLED: [(&str, &[&str]); 15] = [
    ("agent", &["command", "profile"]),
    ("agents", &["agents"]),
    ("database", &["shared_db"]),
    ("host", &["provenance"]),
    ("limits", &["limits"]),
    ("model", &["model", "temperature"]),
    ("prompts", &["prompts"]),
    ("seed", &["seed"]),
    ("stand_in", &["stand_in"]),
    ("start", &["start_gate"]),
    ("template", &["template"]),
    ("tools", &["tools"]),
    ("verify", &["verify"]),
    ("workflow", &["workflow", "workflow_file", "overlays"]),
    ("workspace", &["workspace"]),
];

/// The longest value that is shown, in characters.
const SHORT: usize = 48;

/// The differences, one text for each input: `seed 7001 -> 7002`.
pub fn changes(before: &Run, now: &Run) -> Vec<String> {
    let names: BTreeSet<&String> = now.inputs.keys().chain(before.inputs.keys()).collect();
    let differs = |name: &&String| before.inputs.get(*name) != now.inputs.get(*name);
    let (old, new) = (spelled(before), spelled(now));
    let change = |name: &String| change(name, before, now, &old, &new);
    names.into_iter().filter(differs).map(change).collect()
}

/// The run as JSON, with only those parts that are inputs.
fn spelled(run: &Run) -> Value {
    let mut value = json!(run.fixed());
    let provenance = run.provenance.as_ref();
    value["provenance"] = json!({"host": provenance.and_then(|found| found.host.version.clone())});
    if let Some(profile) = value.get_mut("profile").and_then(Value::as_object_mut) {
        let found = profile.remove("found").unwrap_or_default();
        profile.remove("price");
        let tools = profile.remove("tools");
        profile.insert("version".into(), found["version"].clone());
        value["tools"] = tools.unwrap_or_default();
    }
    value
}

fn change(name: &str, before: &Run, now: &Run, old: &Value, new: &Value) -> String {
    let entry = SPELLED.iter().find(|(input, _)| *input == name);
    let keys = entry.map_or(&[][..], |(_, keys)| *keys);
    let mut found = Vec::new();
    for key in keys {
        leaves(key, &old[*key], &new[*key], &mut found);
    }
    if !found.is_empty() {
        return found.join(", ");
    }
    let hash = |run: &Run| match run.inputs.get(name) {
        Some(hash) => format!("{hash:.8}.."),
        None => "none".into(),
    };
    let title = keys.first().and_then(|key| new[*key].as_str());
    let title = title.map_or_else(|| name.to_string(), |title| format!("{name} {title}"));
    format!("{title} (sha {} -> {})", hash(before), hash(now))
}

/// The leaves that differ, as `path old -> new`.
fn leaves(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                leaves(&format!("{path}.{key}"), &old[key], &new[key], found);
            }
        }
        _ => match (shown(old), shown(new)) {
            (Some(old), Some(new)) => found.push(format!("{path} {old} -> {new}")),
            _ => found.push(format!("{path} (too long to show)")),
        },
    }
}

/// A value as text; `None` if it is long.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        Value::Array(words) if words.iter().all(Value::is_string) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            format!("[{}]", words.join(" "))
        }
        other => other.to_string(),
    };
    (text.chars().count() <= SHORT).then_some(text)
}
