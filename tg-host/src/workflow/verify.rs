//! Have a sealed server confirm that the workflow in force is the one we mean.
//!
//! The host silently falls back to its defaults on a bad file, an unknown workflow or an unknown overlay, so an arm
//! could run under rules nobody chose. One server start (about 10 ms a run) on a scratch database settles it.

use super::{State, Workflow};
use crate::binary::Host;
use crate::client::Client;
use crate::empty;
use crate::error::{Error, Result, about};
use crate::seal::Seal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Start a server in `seal` (whose files are written) and compare what it says with `workflow`; what we could not read
/// from files is taken from the server.
pub fn confirm(host: &Host, seal: &Seal, workflow: &mut Workflow) -> Result<()> {
    let scratch = seal.dir.join("host/scratch");
    std::fs::create_dir_all(&scratch).map_err(about(&scratch))?;
    let done = empty::create(host, &scratch.join("verify.db")).and_then(|()| {
        let sealed = Seal {
            db: scratch.join("verify.db"),
            dir: seal.dir.clone(),
        };
        let mut client = Client::start(sealed.command(host, "verify"))?;
        compare(&mut client, seal, workflow)
    });
    let _ = std::fs::remove_dir_all(&scratch);
    done
}

fn compare(client: &mut Client, seal: &Seal, workflow: &mut Workflow) -> Result<()> {
    let subject = format!("workflow {}", workflow.name);
    let list = client.resource("docs://workflows/list")?;
    if list["default_workflow"].as_str() != Some(&workflow.name) {
        return Err(Error::new(
            subject,
            format!("the host took {} instead", list["default_workflow"]),
        ));
    }
    for name in workflow.files.keys() {
        let stem = name.trim_end_matches(".yaml");
        let uri = match stem.split_once('-') {
            Some(("overlay", overlay)) => format!("docs://overlays/{overlay}"),
            _ => format!("docs://workflows/{}", workflow.name),
        };
        let path = seal.config_dir().join(name);
        if client.resource(&uri)?["source_file"].as_str() != path.to_str() {
            return Err(Error::new(
                path.display(),
                "the host does not read this file as that workflow",
            ));
        }
    }
    let told = client.resource("config://states")?;
    if workflow.missing.is_empty() {
        check_states(&subject, &told, workflow)
    } else {
        learn(&told, workflow)
    }
}

/// The states of the server's default workflow: those of ours without the overlays, which act per worker.
fn check_states(subject: &str, told: &Value, workflow: &Workflow) -> Result<()> {
    let plain = Workflow {
        overlays: Vec::new(),
        ..workflow.clone()
    };
    let ours = super::merge::effective(&plain)?;
    let theirs = states(told);
    let exits = |states: &BTreeMap<String, State>| -> BTreeMap<String, (BTreeSet<String>, bool)> {
        states
            .iter()
            .map(|(name, state)| {
                (
                    name.clone(),
                    (state.exits.iter().cloned().collect(), state.timed),
                )
            })
            .collect()
    };
    let same = exits(&ours.states) == exits(&theirs)
        && told["initial_state"].as_str() == Some(&ours.settings.initial_state)
        && names(&told["blocking_states"])
            .iter()
            .collect::<BTreeSet<_>>()
            == ours.settings.blocking_states.iter().collect();
    if same {
        Ok(())
    } else {
        Err(Error::new(
            subject,
            "the host's states differ from those of its file",
        ))
    }
}

fn learn(told: &Value, workflow: &mut Workflow) -> Result<()> {
    workflow.effective.states = states(told);
    workflow.effective.settings = serde_json::from_value(told.clone())
        .map_err(|cause| Error::new("config://states", cause))?;
    Ok(())
}

fn states(told: &Value) -> BTreeMap<String, State> {
    let rows = told["states"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    rows.iter()
        .map(|row| {
            let state = State {
                exits: names(&row["exits"]),
                timed: row["timed"].as_bool() == Some(true),
            };
            (row["name"].as_str().unwrap_or_default().to_string(), state)
        })
        .collect()
}

fn names(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(String::from))
        .collect()
}
