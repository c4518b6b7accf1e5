//! The workflow of a run: where its files come from, and the rules that result from merging them.
//!
//! No call of the host returns a whole workflow, and the host accepts broken files silently. So we take the files
//! (the package's own, or the user's), write them into the run's configuration directory where they precede the ones
//! embedded in the binary, merge them the way the host does (`merge`), and compare the result with a server
//! ([`Workflow::confirm`]). If the package's files cannot be found, only the states that the host reports are known,
//! and [`Workflow::missing`] lists the rest.

mod confirm;
pub(crate) mod effective;
mod merge;

pub use effective::{Effective, Gate, Settings, WorkflowState};

use crate::binary::Host;
use crate::error::{Error, Result, about};
use crate::hex::hex;
use crate::states::StateClasses;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The workflows that every host of the supported version contains.
pub const SHIPPED: [&str; 7] = [
    "hierarchical",
    "kanban",
    "push",
    "relay",
    "solo",
    "sprint",
    "swarm",
];

/// The overlays that every host of the supported version contains.
pub const OVERLAYS: [&str; 5] = [
    "git",
    "git-worktree",
    "governance",
    "reasoning",
    "troubleshooting",
];

/// The parts of [`Effective`] that only the files contain.
const ONLY_IN_FILES: [&str; 4] = ["gates", "roles", "role_prompts", "texts"];

/// A workflow with its overlays.
#[derive(Debug, Clone, Default)]
pub struct Workflow {
    /// Name at the host.
    pub name: String,
    /// Overlays, in the order they are applied.
    pub overlays: Vec<String>,
    /// The files, by their name in the run's configuration directory.
    pub files: BTreeMap<String, File>,
    /// The rules in force: the host's defaults, the workflow, the overlays.
    pub effective: Effective,
    /// Parts of `effective` that are unknown.
    pub missing: Vec<String>,
}

/// A workflow or overlay file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// `package` or `user`.
    pub origin: String,
    /// SHA-256 of the text.
    pub sha256: String,
    /// The whole file.
    pub text: String,
}

impl Workflow {
    /// Loads the workflow `name` with `overlays`; `own` is the user's file, if there is one.
    pub fn load(host: &Host, name: &str, own: Option<&Path>, overlays: &[String]) -> Result<Self> {
        let unknown = |subject: String| Error::new(subject, "is not one of the host's");
        if own.is_none() && !SHIPPED.contains(&name) {
            let names = SHIPPED.join(", ");
            let hint = format!("use one of {names}, or name a file: workflow_file: FILE");
            return Err(unknown(format!("workflow {name}")).hint(hint));
        }
        let mut named = overlays.iter();
        if let Some(overlay) = named.find(|overlay| !OVERLAYS.contains(&overlay.as_str())) {
            let hint = format!("use one of {}", OVERLAYS.join(", "));
            return Err(unknown(format!("overlay {overlay}")).hint(hint));
        }
        let shipped = host.workflow_dir();
        let mut workflow = Self {
            name: name.into(),
            overlays: overlays.to_vec(),
            ..Self::default()
        };
        let file = format!("workflow-{name}.yaml");
        let path = own.map(PathBuf::from);
        match path.or_else(|| Some(shipped.as_ref()?.join(&file))) {
            Some(path) => {
                let origin = if own.is_some() { "user" } else { "package" };
                workflow.add(file, origin, &path)?;
            }
            None => workflow.missing = ONLY_IN_FILES.map(String::from).into(),
        }
        for overlay in overlays {
            let Some(dir) = &shipped else { continue };
            let file = format!("overlay-{overlay}.yaml");
            workflow.add(file.clone(), "package", &dir.join(file))?;
        }
        if workflow.missing.is_empty() {
            workflow.effective = workflow.merged(overlays)?;
        }
        Ok(workflow)
    }

    /// Merges the defaults, the workflow's file and those of `overlays`.
    fn merged(&self, overlays: &[String]) -> Result<Effective> {
        let text = |file: &str| Some(self.files.get(file)?.text.as_str());
        merge::effective(&self.name, overlays, text)
    }

    fn add(&mut self, name: String, origin: &str, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path).map_err(about(path))?;
        merge::parse(&text).map_err(|cause| Error::new(path.display(), cause))?;
        let file = File {
            origin: origin.into(),
            sha256: hex(&Sha256::digest(&text)),
            text,
        };
        self.files.insert(name, file);
        Ok(())
    }

    /// File names and texts, to be written into the run's configuration directory.
    pub fn texts(&self) -> Vec<(String, String)> {
        let files = self.files.iter();
        files
            .map(|(name, file)| (name.clone(), file.text.clone()))
            .collect()
    }

    /// The classes of its states.
    pub fn classes(&self) -> StateClasses {
        StateClasses::new(&self.effective)
    }

    /// The whole workflow as JSON, as it is stored with the run.
    pub fn snapshot(&self, host: &Host) -> Value {
        json!({
            "host_version": host.version,
            "workflow": self.name,
            "overlays": self.overlays,
            "files": self.files,
            "effective": self.effective,
            "missing": self.missing,
        })
    }
}
