//! The host's own way of putting a workflow together, outside the host.
//!
//! A workflow file is merged over the built-in defaults: maps by key, arrays replaced, null keeps the default. An
//! overlay then adds: states, exits, phases, gates; `timed` if either says so; roles only where there is none of that
//! name; blocking states united with the *defaults* the overlay itself was merged over, so any overlay makes pending,
//! assigned and working blocking. Compared with the host over all its workflows and overlays: no difference.

use super::{Effective, Workflow};
use crate::error::{Error, Result};
use serde_json::{Map, Value, json};

/// Phases the host knows without any file.
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

/// A workflow file as a JSON tree.
pub fn parse(text: &str) -> Result<Map<String, Value>, String> {
    match serde_yaml::from_str::<Value>(text).map_err(|cause| cause.to_string())? {
        Value::Object(tree) => Ok(tree),
        Value::Null => {
            Err("is empty, and the host would run on its defaults without a word".into())
        }
        _ => Err("is not a mapping of keys to values".into()),
    }
}

/// What is in force under `workflow`.
pub fn effective(workflow: &Workflow) -> Result<Effective> {
    let mut whole = defaults();
    let own = format!("workflow-{}.yaml", workflow.name);
    if let Some(file) = workflow.files.get(&own) {
        let tree = parse(&file.text).map_err(|cause| Error::new(&own, cause))?;
        deep_merge(&mut whole, &Value::Object(tree));
    }
    let mut effective = read(&own, whole)?;
    check(&own, &effective)?;
    for overlay in &workflow.overlays {
        let name = format!("overlay-{overlay}.yaml");
        let Some(file) = workflow.files.get(&name) else {
            continue;
        };
        let tree = parse(&file.text).map_err(|cause| Error::new(&name, cause))?;
        lay_over(&mut effective, read(&name, Value::Object(tree))?);
    }
    Ok(effective)
}

/// What the host itself refuses, or worse, at its start: states that are named and not defined.
fn check(file: &str, workflow: &Effective) -> Result<()> {
    let undefined = |name: &String| !workflow.states.contains_key(name);
    let settings = &workflow.settings;
    let exits = workflow.states.iter().flat_map(|(name, state)| {
        state
            .exits
            .iter()
            .map(move |exit| (format!("the exit of `{name}`"), exit))
    });
    let settled = [
        ("the initial state", &settings.initial_state),
        ("the disconnect state", &settings.disconnect_state),
    ];
    let settled = settled.map(|(what, name)| (what.to_string(), name));
    let blocking = settings
        .blocking_states
        .iter()
        .map(|name| ("a blocking state".to_string(), name));
    let mut named = exits.chain(settled).chain(blocking);
    if let Some((what, name)) = named.find(|(_, name)| undefined(name)) {
        return Err(Error::new(
            file,
            format!("`{name}`, {what}, is not defined under `states`"),
        ));
    }
    if workflow
        .states
        .get(&settings.disconnect_state)
        .is_some_and(|state| state.timed)
    {
        return Err(Error::new(
            file,
            format!(
                "the disconnect state `{}` is timed",
                settings.disconnect_state
            ),
        ));
    }
    Ok(())
}

fn defaults() -> Value {
    json!({
        "settings": {
            "initial_state": "pending",
            "disconnect_state": "pending",
            "blocking_states": ["pending", "assigned", "working"],
        },
        "states": {
            "pending": {"exits": ["assigned", "working", "cancelled"], "timed": false},
            "assigned": {"exits": ["working", "pending", "cancelled"], "timed": false},
            "working": {"exits": ["completed", "failed", "pending"], "timed": true},
            "completed": {"exits": ["pending"], "timed": false},
            "failed": {"exits": ["pending"], "timed": false},
            "cancelled": {"exits": [], "timed": false},
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
    let mut phases: Vec<String> = tree["phases"]
        .as_object()
        .map(|map| map.keys().cloned().collect())
        .unwrap_or_default();
    phases.sort();
    tree["phases"] = json!(phases);
    for key in ["gates", "roles", "role_prompts", "states"] {
        if tree[key].is_null() {
            tree[key] = json!({});
        }
    }
    if tree["settings"].is_null() {
        tree["settings"] = json!({});
    }
    serde_json::from_value(tree).map_err(|cause| {
        Error::new(
            file,
            format!("{cause}, and the host would run on its defaults without a word"),
        )
    })
}

fn lay_over(base: &mut Effective, over: Effective) {
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
    if !initial.is_empty() && initial != "pending" {
        base.settings.initial_state = initial;
    }
    add_new(
        &mut base.settings.blocking_states,
        ["pending", "assigned", "working"].map(String::from),
    );
    add_new(
        &mut base.settings.blocking_states,
        over.settings.blocking_states,
    );
}

fn add_new(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}
