//! The paths of programs and data, and the command line of each program.

use crate::database::Result;
use crate::measure::Contender;
use std::path::{Path, PathBuf};

/// The paths of programs and data.
pub struct Places {
    /// Our tools, optimised.
    pub tools: PathBuf,
    /// Generated data.
    pub data: PathBuf,
    /// The peers' programs.
    pub peers: PathBuf,
    /// A Python that has the packages.
    pub python: PathBuf,
    /// The host.
    pub host: PathBuf,
}

impl Places {
    pub(crate) fn tool(&self, name: &str) -> String {
        self.tools.join(name).display().to_string()
    }

    /// A file of the generated run with `tasks` tasks.
    pub fn file(&self, tasks: usize, name: &str) -> String {
        let dir = self.data.join(format!("t{tasks}"));
        dir.join(name).display().to_string()
    }

    pub(crate) fn peer(&self, name: &str) -> String {
        self.peers.join(name).display().to_string()
    }

    pub(crate) fn limit(&self, name: &str, what: &str, file: &str) -> Contender {
        Contender::new(name, &[&self.tool("tg-bench"), "limit", what, file])
    }

    pub(crate) fn metrics(&self, name: &str, more: &[&str], files: &[String]) -> Contender {
        let tool = self.tool("tg-metrics");
        let mut argv: Vec<&str> = vec![&tool];
        argv.extend(more);
        argv.extend(files.iter().map(String::as_str));
        Contender::new(name, &argv)
    }

    /// Python running one of the peers' scripts.
    pub(crate) fn python(
        &self,
        name: &str,
        script: &str,
        files: &[String],
        most: usize,
    ) -> Contender {
        let (python, script) = (self.python.display().to_string(), self.peer(script));
        let mut argv: Vec<&str> = vec![&python, &script];
        argv.extend(files.iter().map(String::as_str));
        Contender {
            most,
            ..Contender::new(name, &argv)
        }
    }

    pub(crate) fn jq(&self, files: &[String], most: usize) -> Contender {
        let filter = self.peer("metrics.jq");
        let mut argv = vec!["jq", "-c", "-f", &filter];
        argv.extend(files.iter().map(String::as_str));
        Contender {
            most,
            ..Contender::new("jq", &argv)
        }
    }

    pub(crate) fn export(&self, name: &str, tasks: usize, out: &Path) -> Contender {
        let (tool, db, out_text) = (
            self.tool("tg-export"),
            self.file(tasks, "tasks.db"),
            out.display().to_string(),
        );
        Contender {
            removed: Some(out.into()),
            ..Contender::new(name, &[&tool, "--db", &db, "--out", &out_text])
        }
    }

    pub(crate) fn host_export(&self, tasks: usize, out: &Path) -> Contender {
        let (host, db, out_text) = (
            self.host.display().to_string(),
            self.file(tasks, "tasks.db"),
            out.display().to_string(),
        );
        let dir = self.data.join("host");
        let (media, logs) = (
            dir.join("media").display().to_string(),
            dir.join("logs").display().to_string(),
        );
        let mut argv = vec![
            host.as_str(),
            "--database",
            &db,
            "--media-dir",
            &media,
            "--log-dir",
            &logs,
            "--log",
            "0",
        ];
        argv.extend(["export", "-o", &out_text]);
        if out.extension().is_some_and(|ending| ending == "gz") {
            argv.push("--gzip");
        }
        Contender {
            removed: Some(out.into()),
            most: if tasks > 100_000 { 1 } else { usize::MAX },
            ..Contender::new("the host's export", &argv)
        }
    }
}

/// Makes data in a process of its own: the peak memory of a program includes our memory at its start.
pub fn generate(dir: &Path, more: &[&str]) -> Result<()> {
    let mut child = std::process::Command::new(std::env::current_exe()?);
    let done = child.arg("generate").arg(dir).args(more).status()?;
    if done.success() {
        return Ok(());
    }
    Err(format!("{}: not made", dir.display()).into())
}
