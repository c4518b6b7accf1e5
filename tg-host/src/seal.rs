//! A sealed server: one that reads only the configuration of its run.
//!
//! Left to itself the host looks for configuration in the user's home, in every directory above its working directory
//! and in the workspace, and reloads what changes there while it runs. Three variables and four flags shut all of that
//! out (measured); nothing under the run's directory may be called `task-graph` or `config`.

use crate::binary::Host;
use crate::error::{Error, Result, about};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directories one run's servers are confined to. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The run's database.
    pub db: PathBuf,
    /// The run's directory: `host/`, `media/` and `logs/` are made in it.
    pub dir: PathBuf,
}

impl Seal {
    /// Confine servers on `db` to `dir`.
    pub fn new(dir: &Path, db: &Path) -> Result<Self> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(about(path));
        Ok(Self {
            db: absolute(db)?,
            dir: absolute(dir)?,
        })
    }

    /// The directory that holds `config.yaml` and the workflow files.
    pub fn config_dir(&self) -> PathBuf {
        self.dir.join("host")
    }

    /// Write the configuration: `workflow` is the server's default, `files` are workflow and overlay files by name.
    pub fn write(&self, workflow: &str, files: &[(String, String)]) -> Result<()> {
        refuse_config_above(&self.dir)?;
        for name in ["host", "media", "logs"] {
            let dir = self.dir.join(name);
            fs::create_dir_all(&dir).map_err(about(&dir))?;
        }
        let own = [("config.yaml".to_string(), config_yaml(workflow))];
        for (name, text) in own.iter().chain(files) {
            let path = self.config_dir().join(name);
            fs::write(&path, text).map_err(about(&path))?;
        }
        Ok(())
    }

    /// The server's arguments; `name` keeps its log apart from the other servers'.
    pub fn args(&self, name: &str) -> Vec<String> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let logs = self.dir.join("logs");
        [
            "--database",
            &text(self.db.clone()),
            "--media-dir",
            &text(self.dir.join("media")),
            "--log-dir",
            &text(logs.clone()),
            "--log",
            &text(logs.join(format!("server-{name}.log"))),
            "serve",
        ]
        .map(String::from)
        .into()
    }

    /// The variables that close the host's other ways to a configuration.
    pub fn env(&self) -> [(&'static str, String); 3] {
        let config = self.config_dir();
        let nothing = config.join("none").to_string_lossy().into_owned();
        [
            (
                "TASK_GRAPH_PROJECT_DIR",
                config.to_string_lossy().into_owned(),
            ),
            ("TASK_GRAPH_USER_DIR", nothing.clone()),
            ("TASK_GRAPH_INSTALL_DIR", nothing),
        ]
    }

    /// The variables that confine the host's command line, which agents without MCP use: its `agent ...` takes the place of
    /// the database from here only, whatever `--database` says.
    pub fn cli_env(&self) -> [(&'static str, String); 6] {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let [project, user, install] = self.env();
        [
            project,
            user,
            install,
            ("TASK_GRAPH_DB_PATH", text(self.db.clone())),
            ("TASK_GRAPH_MEDIA_DIR", text(self.dir.join("media"))),
            ("TASK_GRAPH_LOG_DIR", text(self.dir.join("logs"))),
        ]
    }

    /// The command that starts a server. Its working directory must be one without `task-graph/`.
    pub fn command(&self, host: &Host, name: &str) -> Command {
        let mut command = Command::new(&host.path);
        command
            .args(self.args(name))
            .envs(self.env())
            .current_dir(self.config_dir());
        for stray in [
            "TASK_GRAPH_CONFIG_PATH",
            "TASK_GRAPH_DB_PATH",
            "TASK_GRAPH_MEDIA_DIR",
            "TASK_GRAPH_LOG_DIR",
        ] {
            command.env_remove(stray);
        }
        command
    }

    /// The same as an MCP client configuration file, as most agent programs read it.
    pub fn mcp_json(&self, host: &Host, name: &str) -> Value {
        let env: serde_json::Map<String, Value> = self
            .env()
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        json!({"mcpServers": {"task-graph": {"command": host.path, "args": self.args(name), "env": env}}})
    }
}

fn config_yaml(workflow: &str) -> String {
    format!(
        "server:\n  default_workflow: {}\n  default_format: json\n",
        json!(workflow)
    )
}

/// The host adopts the first `task-graph/` or `config/` directory above an agent's working directory, whatever it is.
fn refuse_config_above(dir: &Path) -> Result<()> {
    let found = dir
        .ancestors()
        .map(|above| above.join("task-graph"))
        .find(|path| path.is_dir());
    found.map_or(Ok(()), |path| {
        Err(Error::new(
            path.display(),
            "the host would take this directory above the run for its configuration",
        )
        .hint("keep the results elsewhere: --results DIR"))
    })
}
