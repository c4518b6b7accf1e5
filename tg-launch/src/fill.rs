//! Placeholders: from the manifest's command line to one agent's.

use std::path::{Path, PathBuf};
use tg_stage::{Agent, Error, Result, Run, placeholder};

/// Where one agent's things are. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Place {
    /// The run's directory.
    pub dir: PathBuf,
    /// The run's database.
    pub db: PathBuf,
    /// The agents' working directory.
    pub work: PathBuf,
    /// The agent's own directory.
    pub agent_dir: PathBuf,
}

/// The agent's command line, with every `{placeholder}` filled in.
pub fn command(run: &Run, agent: &Agent, place: &Place) -> Result<Vec<String>> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let value = |name: &str| match name {
        "worker" => agent.worker.clone(),
        "role" => agent.role.clone(),
        "tags" => agent.tags.join(","),
        "workflow" => run.workflow.clone(),
        "run" => run.id.clone(),
        "seed" => run.seed.to_string(),
        "model" => run.model.clone().unwrap_or_default(),
        "db" => path(&place.db),
        "dir" => path(&place.dir),
        "agent_dir" => path(&place.agent_dir),
        "work" => path(&place.work),
        _ => path(&place.agent_dir.join("mcp.json")),
    };
    let words: Vec<String> = run
        .command
        .iter()
        .map(|word| placeholder::fill(word, value))
        .collect::<Result<_>>()?;
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(
            Error::input("", "the run has no `command` to start its agents with")
                .hint("set `agent:` or `command:` in the manifest"),
        ),
    }
}

/// The program to start: the stand-in is the one installed beside this tool.
pub fn program(name: &str) -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .map(|exe| exe.with_file_name(name))
        .filter(|path| path.is_file());
    if name == "tg-agent" {
        beside.unwrap_or_else(|| name.into())
    } else {
        name.into()
    }
}
