//! The host's own rules for merging a workflow, reimplemented outside the host.
//!
//! A workflow file is merged over the built-in defaults: maps by key, arrays replaced, null keeps the default. An
//! overlay then adds: states, exits, phases, gates; `timed` if either file says so; roles only if the name is not yet
//! defined; blocking states united with the *defaults* the overlay itself was merged over, so any overlay makes pending,
//! assigned and working blocking. Compared with the host over all its workflows and overlays: no difference.

use super::effective::Effective;
use crate::error::{Error, Result};
use crate::states::{ASSIGNED, CANCELLED, COMPLETED, FAILED, PENDING, WORKING};
use serde_json::{Map, Value, json};

/// Phases that are built into the host.
const PHASES: [&str; 15] = [
    "deliver",
    "deploy",
    "design",
    "diagnose",
    "doc",
    "explore",
    "implement",
    "integrate",
    "monitor",
    "optimize",
    "plan",
    "review",
    "security",
    "test",
    "triage",
];

/// Blocking states that are built into the host.
const BLOCKING: [&str; 3] = [PENDING, ASSIGNED, WORKING];

/// Parses a workflow file into a JSON tree.
pub fn parse(text: &str) -> Result<Map<String, Value>, String> {
    match serde_yaml::from_str::<Value>(text).map_err(|cause| cause.to_string())? {
        Value::Object(tree) => Ok(tree),
        Value::Null => Err("is empty, and the host would silently run on its defaults".into()),
        _ => Err("is not a mapping of keys to values".into()),
    }
}

/// Merges the defaults, the file of the workflow `name` and those of `overlays`; `text` returns the text of a file.
pub fn effective<'a>(
    name: &str,
    overlays: &[String],
    text: impl Fn(&str) -> Option<&'a str>,
) -> Result<Effective> {
    let tree = |file: &str| {
        let tree = text(file).map(parse).transpose();
        let tree = tree.map_err(|cause| Error::new(file, cause))?;
        Ok::<_, Error>(tree.map(Value::Object))
    };
    let mut whole = defaults();
    let file = format!("workflow-{name}.yaml");
    if let Some(tree) = tree(&file)? {
        deep_merge(&mut whole, &tree);
    }
    let mut effective = read(&file, whole)?;
    check(&file, &effective)?;
    for overlay in overlays {
        let file = format!("overlay-{overlay}.yaml");
        if let Some(tree) = tree(&file)? {
            add_overlay(&mut effective, read(&file, tree)?);
        }
    }
    Ok(effective)
}

/// Refuses states that are named and not defined: the host refuses them only at its start, or not at all.
fn check(file: &str, workflow: &Effective) -> Result<()> {
    let settings = &workflow.settings;
    let exits = workflow.states.iter().flat_map(|(name, state)| {
        let exits = state.exits.iter();
        exits.map(move |exit| (format!("the exit of `{name}`"), exit))
    });
    let settled = [
        ("the initial state", &settings.initial_state),
        ("the disconnect state", &settings.disconnect_state),
    ];
    let blocking = settings
        .blocking_states
        .iter()
        .map(|name| ("a blocking state", name));
    let settled = settled.into_iter().chain(blocking);
    let mut named = exits.chain(settled.map(|(what, name)| (what.to_string(), name)));
    if let Some((what, name)) = named.find(|(_, name)| !workflow.states.contains_key(*name)) {
        let cause = format!("`{name}`, {what}, is not defined under `states`");
        return Err(Error::new(file, cause));
    }
    let name = &settings.disconnect_state;
    if workflow.states.get(name).is_some_and(|state| state.timed) {
        return Err(Error::new(
            file,
            format!("the disconnect state `{name}` is timed"),
        ));
    }
    Ok(())
}

fn defaults() -> Value {
    let state = |exits: &[&str], timed: bool| json!({"exits": exits, "timed": timed});
    json!({
        "settings": {"initial_state": PENDING, "disconnect_state": PENDING, "blocking_states": BLOCKING},
        "states": {
            PENDING: state(&[ASSIGNED, WORKING, CANCELLED], false),
            ASSIGNED: state(&[WORKING, PENDING, CANCELLED], false),
            WORKING: state(&[COMPLETED, FAILED, PENDING], true),
            COMPLETED: state(&[PENDING], false),
            FAILED: state(&[PENDING], false),
            CANCELLED: state(&[], false),
        },
        "phases": PHASES.iter().map(|name| ((*name).to_string(), json!({}))).collect::<Map<_, _>>(),
    })
}

fn deep_merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                deep_merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (base, over) => *base = over.clone(),
    }
}

fn read(file: &str, mut tree: Value) -> Result<Effective> {
    let phases = tree["phases"].as_object();
    let mut phases: Vec<String> = phases
        .map(|map| map.keys().cloned().collect())
        .unwrap_or_default();
    phases.sort();
    tree["phases"] = json!(phases);
    for key in ["gates", "roles", "role_prompts", "states", "settings"] {
        if tree[key].is_null() {
            tree[key] = json!({});
        }
    }
    serde_json::from_value(tree).map_err(|cause| {
        let cause = format!("{cause}, and the host would silently run on its defaults");
        Error::new(file, cause)
    })
}

fn add_overlay(base: &mut Effective, over: Effective) {
    for (name, state) in over.states {
        let mine = base.states.entry(name).or_default();
        mine.timed |= state.timed;
        add_new(&mut mine.exits, state.exits);
    }
    add_new(&mut base.phases, over.phases);
    base.phases.sort();
    for (key, gates) in over.gates {
        base.gates.entry(key).or_default().extend(gates);
    }
    for (name, role) in over.roles {
        base.roles.entry(name).or_insert(role);
    }
    for (name, prompt) in over.role_prompts {
        base.role_prompts.entry(name).or_insert(prompt);
    }
    let initial = over.settings.initial_state;
    if !initial.is_empty() && initial != PENDING {
        base.settings.initial_state = initial;
    }
    let blocking = BLOCKING.map(String::from).into_iter();
    add_new(
        &mut base.settings.blocking_states,
        blocking.chain(over.settings.blocking_states),
    );
}

fn add_new(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}
