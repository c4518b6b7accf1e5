//! A workflow as it is in force in a run: where its files come from, and what they amount to together.
//!
//! No call of the host returns a whole workflow, and the host accepts broken files in silence. So we take the files
//! (the package's own, or the user's), write them into the run's configuration directory where they precede the ones
//! embedded in the binary, merge them the way the host does ([`merge`]), and have a server confirm it ([`verify`]).
//! Where the package's files cannot be found, what the host tells of its states is all there is, and
//! [`Workflow::missing`] says what is not known.

pub mod merge;
pub mod verify;

use crate::binary::Host;
use crate::error::{Error, Result, about};
use crate::snapshot::hashed::hex;
use crate::states::StateClasses;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The workflows that are in every host of the supported version.
pub const SHIPPED: [&str; 7] = [
    "hierarchical",
    "kanban",
    "push",
    "relay",
    "solo",
    "sprint",
    "swarm",
];

/// The overlays that are in every host of the supported version.
pub const OVERLAYS: [&str; 5] = [
    "git",
    "git-worktree",
    "governance",
    "reasoning",
    "troubleshooting",
];

/// A workflow with its overlays.
#[derive(Debug, Clone, Default)]
pub struct Workflow {
    /// Name at the host.
    pub name: String,
    /// Overlays, in the order they are applied.
    pub overlays: Vec<String>,
    /// The files, by the name they have in the run's configuration directory.
    pub files: BTreeMap<String, File>,
    /// What is in force: the host's defaults, the workflow, the overlays.
    pub effective: Effective,
    /// Parts of `effective` that could not be learned.
    pub missing: Vec<String>,
}

/// A workflow or overlay file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// `package` or `user`.
    pub origin: String,
    /// SHA-256 of the text.
    pub sha256: String,
    /// The file, whole.
    pub text: String,
}

/// The merged workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effective {
    /// Initial, disconnect and blocking states.
    pub settings: Settings,
    /// States by name.
    pub states: BTreeMap<String, State>,
    /// Names of phases.
    pub phases: Vec<String>,
    /// Gates by key: `status:working` guards the exit of a state, `phase:design` the exit of a phase.
    pub gates: BTreeMap<String, Vec<Gate>>,
    /// Roles as the file has them.
    pub roles: BTreeMap<String, Value>,
    /// Role prompts as the file has them.
    pub role_prompts: BTreeMap<String, Value>,
}

/// A workflow's settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The state of a new task.
    pub initial_state: String,
    /// The state of a task whose worker left.
    pub disconnect_state: String,
    /// States that hold dependents back.
    pub blocking_states: Vec<String>,
}

/// A state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// States it may change to.
    pub exits: Vec<String>,
    /// Whether time in it is work.
    pub timed: bool,
}

/// An artifact that must be attached before a state or phase is left.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gate {
    /// The attachment's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `reject`, `warn` (refuses too, unless forced) or `allow`.
    pub enforcement: String,
    /// What it is for.
    pub description: String,
}

impl Workflow {
    /// The workflow called `name` with `overlays`; its text is in `own`, where the user has a file of their own.
    pub fn load(host: &Host, name: &str, own: Option<&Path>, overlays: &[String]) -> Result<Self> {
        if own.is_none() && !SHIPPED.contains(&name) {
            return Err(
                Error::new(format!("workflow {name}"), "is not one of the host's").hint(format!(
                    "use one of {}, or name a file: workflow_file: FILE",
                    SHIPPED.join(", ")
                )),
            );
        }
        if let Some(unknown) = overlays
            .iter()
            .find(|overlay| !OVERLAYS.contains(&overlay.as_str()))
        {
            return Err(
                Error::new(format!("overlay {unknown}"), "is not one of the host's")
                    .hint(format!("use one of {}", OVERLAYS.join(", "))),
            );
        }
        let shipped = host.workflow_dir();
        let mut workflow = Self {
            name: name.into(),
            overlays: overlays.to_vec(),
            ..Self::default()
        };
        match own
            .map(PathBuf::from)
            .or_else(|| Some(shipped.as_ref()?.join(format!("workflow-{name}.yaml"))))
        {
            Some(path) => {
                let origin = if own.is_some() { "user" } else { "package" };
                workflow.add(format!("workflow-{name}.yaml"), origin, &path)?;
            }
            None => {
                workflow.missing = ["gates", "roles", "role_prompts", "texts"]
                    .map(String::from)
                    .into();
            }
        }
        for overlay in overlays {
            let Some(dir) = &shipped else { continue };
            let file = format!("overlay-{overlay}.yaml");
            workflow.add(file.clone(), "package", &dir.join(file))?;
        }
        if workflow.missing.is_empty() {
            workflow.effective = merge::effective(&workflow)?;
        }
        Ok(workflow)
    }

    fn add(&mut self, name: String, origin: &str, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path).map_err(about(path))?;
        merge::parse(&text).map_err(|cause| Error::new(path.display(), cause))?;
        let sha256 = hex(&Sha256::digest(&text));
        self.files.insert(
            name,
            File {
                origin: origin.into(),
                sha256,
                text,
            },
        );
        Ok(())
    }

    /// File names and texts, to be written into the run's configuration directory.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.files
            .iter()
            .map(|(name, file)| (name.clone(), file.text.clone()))
            .collect()
    }

    /// The classes of its states.
    pub fn classes(&self) -> StateClasses {
        StateClasses::of(&self.effective)
    }

    /// Everything about the workflow, as it is kept with the run.
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
