//! A sealed server: a server that reads only the configuration of its run.
//!
//! By default the host searches for configuration in the user's home, in every directory above its working directory
//! and in the workspace, and reloads files that change there while it runs. Three variables and four flags exclude all of
//! that (measured); no directory below the run's may be called `task-graph` or `config`.

use crate::binary::Host;
use crate::error::{Error, Result, about};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The paths to which a run's servers are confined. All are absolute.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The run's database.
    pub db: PathBuf,
    /// The run's directory; [`Seal::write`] creates `host/`, `media/` and `logs/` in it.
    pub dir: PathBuf,
}

impl Seal {
    /// Confines servers on `db` to `dir`.
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

    /// Writes the configuration: `workflow` is the server's default, `files` are workflow and overlay files by name.
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

    /// The server's arguments; `name` makes the name of its log unique.
    pub fn args(&self, name: &str) -> Vec<String> {
        let (media, logs) = (self.dir.join("media"), self.dir.join("logs"));
        let log = logs.join(format!("server-{name}.log"));
        let paths = [
            ("--database", &self.db),
            ("--media-dir", &media),
            ("--log-dir", &logs),
            ("--log", &log),
        ];
        let args = paths
            .into_iter()
            .flat_map(|(flag, path)| [flag.into(), text(path)]);
        args.chain(["serve".into()]).collect()
    }

    /// The variables that hide all other configurations from the host.
    pub fn env(&self) -> [(&'static str, String); 3] {
        let config = self.config_dir();
        let nothing = text(&config.join("none"));
        [
            ("TASK_GRAPH_PROJECT_DIR", text(&config)),
            ("TASK_GRAPH_USER_DIR", nothing.clone()),
            ("TASK_GRAPH_INSTALL_DIR", nothing),
        ]
    }

    /// The variables that confine the host's command line, which agents without MCP use: its `agent ...` reads the path of
    /// the database from here only and ignores `--database`.
    pub fn cli_env(&self) -> [(&'static str, String); 6] {
        let [project, user, install] = self.env();
        [
            project,
            user,
            install,
            ("TASK_GRAPH_DB_PATH", text(&self.db)),
            ("TASK_GRAPH_MEDIA_DIR", text(&self.dir.join("media"))),
            ("TASK_GRAPH_LOG_DIR", text(&self.dir.join("logs"))),
        ]
    }

    /// The command that starts a server. Its working directory must not contain `task-graph/`.
    pub fn command(&self, host: &Host, name: &str) -> Command {
        let mut command = Command::new(&host.path);
        command
            .args(self.args(name))
            .envs(self.env())
            .current_dir(self.config_dir());
        for stray in ["CONFIG_PATH", "DB_PATH", "MEDIA_DIR", "LOG_DIR"] {
            command.env_remove(format!("TASK_GRAPH_{stray}"));
        }
        command
    }

    /// The same command as an MCP client configuration file, which most agent programs read.
    pub fn mcp_json(&self, host: &Host, name: &str) -> Value {
        let env: Map<_, _> = self
            .env()
            .map(|(key, value)| (key.into(), value.into()))
            .into_iter()
            .collect();
        json!({"mcpServers": {"task-graph": {"command": host.path, "args": self.args(name), "env": env}}})
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn config_yaml(workflow: &str) -> String {
    format!(
        "server:\n  default_workflow: {}\n  default_format: json\n",
        json!(workflow)
    )
}

/// Refuses a `task-graph/` above the run: the host adopts the first `task-graph/` or `config/` directory above an agent's
/// working directory, whatever it contains.
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
