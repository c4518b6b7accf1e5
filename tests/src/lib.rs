//! Shared parts of the tests of the whole chain: a scratch directory in which the tools are on PATH, and readers of the
//! files they leave there.
//!
//! The tests drive the built programs through the shell, as users do, against the real host. `make test` builds both
//! first.

pub mod browser;
pub mod document;
pub mod drive;
pub mod faulty;
pub mod library;
pub mod modules;
pub mod script;
pub mod situation;
pub mod sources;
pub mod truth;
pub mod watching;

use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The workspace's directory.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A scratch directory with `templates/`, `experiments/`, `scripts/` and `docs/` of the workspace in it.
pub struct Lab {
    dir: TempDir,
}

/// The result of a command line.
pub struct Done {
    /// Exit status; 128 + n after signal n.
    pub status: i32,
    /// Its stdout.
    pub out: String,
    /// Its stderr.
    pub err: String,
}

impl Lab {
    /// A new scratch directory.
    ///
    /// # Panics
    /// If it cannot be made.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("tg-test-")
            .tempdir()
            .expect("a temporary directory");
        for name in ["templates", "experiments", "scripts", "docs"] {
            let link = dir.path().join(name);
            std::os::unix::fs::symlink(
                root().canonicalize().expect("the workspace").join(name),
                link,
            )
            .expect("a link");
        }
        Self { dir }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file in it.
    ///
    /// # Panics
    /// If that fails.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// A bash command line that runs in it, with the built tools first on PATH.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .arg("-c")
            .arg(line)
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
            .env("PATH", format!("{}:{path}", tools().display()))
            .env("NO_COLOR", "1")
            .env("COLUMNS", "120");
        command
    }

    /// Runs a command line to its end.
    ///
    /// # Panics
    /// If bash cannot be started.
    pub fn sh(&self, line: &str) -> Done {
        done(&self.command(line).output().expect("bash"))
    }

    /// Starts a command line in a process group of its own.
    ///
    /// # Panics
    /// If bash cannot be started.
    pub fn start(&self, line: &str) -> Child {
        use std::os::unix::process::CommandExt;
        let mut command = self.command(line);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command.spawn().expect("bash")
    }

    /// Opens a run's database, read-only.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub fn db(&self, path: &str) -> Connection {
        tg_host::database::open_read_only(&self.path(path)).expect("a database")
    }

    /// Our tools and the host's servers that run in or on this directory, as `pid: command line`.
    pub fn processes(&self) -> Vec<String> {
        let here = self.dir.path().to_string_lossy().into_owned();
        let ours = |line: &str| {
            ["tg-", "task-graph-mcp"]
                .iter()
                .any(|name| line.contains(name))
        };
        let of_here = |(line, cwd): (&str, &Path)| {
            ours(line) && (line.contains(&here) || cwd.starts_with(&here))
        };
        find_processes(of_here)
    }

    /// Waits until no process of this directory is left; returns those left after ten seconds.
    pub fn settle(&self) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() || begun.elapsed() > Duration::from_secs(10) {
                return left;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Processes for which `wanted` is true, given their command line and working directory, as `pid: command line`.
pub fn find_processes(wanted: impl Fn((&str, &Path)) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let cwd = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        if pid != std::process::id() && wanted((&line, &cwd)) {
            found.push(format!("{pid}: {line}"));
        }
    }
    found
}

/// The JSON lines of a text.
///
/// # Panics
/// If one is not JSON.
pub fn records(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|cause| panic!("{cause}: {line}")))
        .collect()
}

/// A finished process as [`Done`].
pub fn done(output: &Output) -> Done {
    use std::os::unix::process::ExitStatusExt;
    let status = output
        .status
        .code()
        .or(output.status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Done {
        status,
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

impl Done {
    /// Returns itself if the exit status is 0.
    ///
    /// # Panics
    /// If it is not; the message shows stderr.
    #[track_caller]
    #[allow(clippy::must_use_candidate, clippy::return_self_not_must_use)]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.err, self.out);
        self
    }
}

/// The directory of the tools: two above a test program.
fn tools() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    test.ancestors()
        .nth(2)
        .map(PathBuf::from)
        .unwrap_or_default()
}

/// A manifest on `template` for `agents` agents, with the given `configs` and more keys.
pub fn manifest(template: &str, agents: u32, workflows: &[&str], more: &str) -> String {
    let configs: Vec<String> = workflows
        .iter()
        .map(|workflow| format!("  - workflow: {workflow}\n"))
        .collect();
    format!(
        "name: test\ntemplate: templates/{template}.json\nagent_count: {agents}\nruns_per_config: 1\nconfigs:\n{}{more}\n",
        configs.concat()
    )
}

/// A manifest section that makes the simulated agent as fast as the host allows.
pub const FAST: &str =
    "stand_in: {time_scale: 0.00005, poll_ms: 20}\nlimits: {timeout: 90s, stall: 30s}\n";

/// Runs a command line that must fail with `status` and print each of `says` on stderr.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn refused(lab: &Lab, line: &str, status: i32, says: &[&str]) {
    let done = lab.sh(line);
    assert_eq!(done.status, status, "{line}\n{}{}", done.err, done.out);
    for words in says {
        assert!(
            done.err.contains(words),
            "{line}: `{words}` is not in\n{}",
            done.err
        );
    }
    assert!(!done.err.contains("panicked"), "{}", done.err);
}

/// A good manifest, one part of it replaced.
///
/// # Panics
/// If it has no such part.
pub fn bad(from: &str, to: &str) -> String {
    let good = manifest(
        "tiny-feature",
        2,
        &["swarm", "push"],
        "limits: {timeout: 60s}\n",
    );
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1)
}
