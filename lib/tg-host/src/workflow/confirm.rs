//! Comparing a workflow with a sealed server, so that the rules in force are the intended ones.
//!
//! The host silently falls back to its defaults on a bad file, an unknown workflow or an unknown overlay, so an arm
//! could run under rules that were not chosen. One server start (about 10 ms a run) on a scratch database detects it.

use super::Workflow;
use super::effective::WorkflowState;
use crate::binary::Host;
use crate::client::Client;
use crate::empty_database;
use crate::error::{Error, Result, about};
use crate::seal::Seal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Workflow {
    /// Starts a server in `seal` (whose files are written) and compares its workflow with this one; takes from the server
    /// what could not be read from files.
    pub fn confirm(&mut self, host: &Host, seal: &Seal) -> Result<()> {
        let scratch = seal.dir.join("host/scratch");
        std::fs::create_dir_all(&scratch).map_err(about(&scratch))?;
        let db = scratch.join("verify.db");
        let done = empty_database::create(host, &db).and_then(|()| {
            let dir = seal.dir.clone();
            let mut client = Client::start(Seal { db, dir }.command(host, "verify"))?;
            self.compare(&mut client, seal)
        });
        let _ = std::fs::remove_dir_all(&scratch);
        done
    }

    fn compare(&mut self, client: &mut Client, seal: &Seal) -> Result<()> {
        let subject = format!("workflow {}", self.name);
        let list = client.resource("docs://workflows/list")?;
        let default = &list["default_workflow"];
        if default.as_str() != Some(&self.name) {
            return Err(Error::new(
                subject,
                format!("the host took {default} instead"),
            ));
        }
        for name in self.files.keys() {
            let stem = name.trim_end_matches(".yaml");
            let uri = match stem.split_once('-') {
                Some(("overlay", overlay)) => format!("docs://overlays/{overlay}"),
                _ => format!("docs://workflows/{}", self.name),
            };
            let path = seal.config_dir().join(name);
            if client.resource(&uri)?["source_file"].as_str() != path.to_str() {
                let cause = "the host does not read this file as that workflow";
                return Err(Error::new(path.display(), cause));
            }
        }
        let answer = client.resource("config://states")?;
        if self.missing.is_empty() {
            return self.check_states(&subject, &answer);
        }
        self.effective.states = states(&answer);
        let settings = serde_json::from_value(answer);
        self.effective.settings = settings.map_err(|cause| Error::new("config://states", cause))?;
        Ok(())
    }

    /// Compares the states of the server's default workflow with ours without the overlays, which act per worker.
    fn check_states(&self, subject: &str, answer: &Value) -> Result<()> {
        let ours = self.merged(&[])?;
        let exits = |states: BTreeMap<String, WorkflowState>| -> BTreeMap<_, _> {
            let set = |state: WorkflowState| BTreeSet::from_iter(state.exits);
            let states = states.into_iter();
            states
                .map(|(name, state)| (name, (state.timed, set(state))))
                .collect()
        };
        let blocking = BTreeSet::from_iter(names(&answer["blocking_states"]));
        let settings = ours.settings;
        let is_same = exits(ours.states) == exits(states(answer))
            && answer["initial_state"].as_str() == Some(&settings.initial_state)
            && blocking == BTreeSet::from_iter(settings.blocking_states);
        if is_same {
            return Ok(());
        }
        Err(Error::new(
            subject,
            "the host's states differ from those of its file",
        ))
    }
}

fn states(answer: &Value) -> BTreeMap<String, WorkflowState> {
    let rows = answer["states"].as_array().into_iter().flatten();
    rows.map(|row| {
        let state = WorkflowState {
            exits: names(&row["exits"]),
            timed: row["timed"].as_bool() == Some(true),
        };
        (row["name"].as_str().unwrap_or_default().to_string(), state)
    })
    .collect()
}

fn names(list: &Value) -> Vec<String> {
    let names = list.as_array().into_iter().flatten();
    names
        .filter_map(|name| name.as_str().map(String::from))
        .collect()
}
