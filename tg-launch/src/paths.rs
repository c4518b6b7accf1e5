//! The directories and files that one agent works with.

use std::path::PathBuf;
use tg_stage::{AgentDir, RunDir};

/// All paths are absolute.
#[derive(Debug, Clone)]
pub struct AgentPaths {
    pub run: RunDir,
    pub agent: AgentDir,
    /// The run's database.
    pub db: PathBuf,
    /// The working directory.
    pub work: PathBuf,
}

impl AgentPaths {
    /// The agent's home, if its profile gives it one.
    pub fn home(&self) -> PathBuf {
        self.agent.path().join("home")
    }
}
