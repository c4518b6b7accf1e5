//! The types of a merged workflow, as they are stored with a run.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The merged workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effective {
    /// Initial, disconnect and blocking states.
    pub settings: Settings,
    /// States by name.
    pub states: BTreeMap<String, WorkflowState>,
    /// Names of phases.
    pub phases: Vec<String>,
    /// Gates by key: `status:working` guards the exit of a state, `phase:design` the exit of a phase.
    pub gates: BTreeMap<String, Vec<Gate>>,
    /// Roles as the file defines them.
    pub roles: BTreeMap<String, Value>,
    /// Role prompts as the file defines them.
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
    /// States that block dependents.
    pub blocking_states: Vec<String>,
}

/// The rules of one state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowState {
    /// States it may change to.
    pub exits: Vec<String>,
    /// True if time in it is work.
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
    /// Its purpose.
    pub description: String,
}
