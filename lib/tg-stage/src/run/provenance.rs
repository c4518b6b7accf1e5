//! The provenance of a run: programs, machine, workspace and manifest as they were when it was made.
//!
//! `run.inputs` decides if a run has to be run again; this is for the reader who has to trust a comparison, and for the
//! report, which names runs that differ in it. Nothing here identifies a person: no machine name, no user, no path outside
//! the manifest's own, and of environment variables the names only.

use serde::{Deserialize, Serialize};

/// `run.provenance`; what is unknown is null.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// Version of these tools.
    pub tg: String,
    /// SHA-256 of the manifest; its copy is `manifest.yaml` in the run's directory.
    pub manifest_sha256: Option<String>,
    /// The host.
    pub host: Program,
    /// The agents' program.
    pub agent: Program,
    /// The machine that made the run.
    pub machine: Machine,
    /// The source of the workspace, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Git>,
    /// Names of the environment variables that the agent's profile passes on.
    pub env: Vec<String>,
}

/// A program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Program {
    /// Its name.
    pub program: String,
    /// The version it reports; null where it is not run to ask (a command of the user's own could begin to work).
    pub version: Option<String>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
}

/// A machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// The distribution and its version.
    pub os: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The processor's model.
    pub cpu: Option<String>,
    /// Cores that this process may use.
    pub cores: Option<u32>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
}

/// A directory as git sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Git {
    /// `clean`, `dirty`, or `unknown` without a repository or without git.
    pub state: String,
    /// The commit that is checked out.
    pub commit: Option<String>,
}
