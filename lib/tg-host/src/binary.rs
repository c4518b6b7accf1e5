//! Finding the host's program, and the workflow files that were installed with it.
//!
//! Only the version these tools were measured against is used; any other is named in the error and never run against a
//! database: opening a database with a newer host migrates it in place.

use crate::error::{Error, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version these tools are built for.
pub const VERSION: &str = "0.5.0";

/// The name of the host's program.
pub const PROGRAM: &str = "task-graph-mcp";

/// A host that can be used.
#[derive(Debug, Clone)]
pub struct Host {
    /// Absolute path of the program.
    pub path: PathBuf,
    /// The output of `--version`.
    pub version: String,
}

impl Host {
    /// The host named by `TG_HOST`, else the one that `scripts/install-host` built for this checkout or installation, else
    /// the first one of the right version on PATH.
    pub fn find() -> Result<Self> {
        if let Some(path) = env::var_os("TG_HOST").filter(|path| !path.is_empty()) {
            return Self::named(path.into());
        }
        let mut wrong = Vec::new();
        for path in candidates() {
            match version(&path) {
                Some(found) if found == VERSION => return Ok(Self::new(path, found)),
                Some(found) => wrong.push(format!("{} is version {found}", path.display())),
                None => {}
            }
        }
        let seen = match wrong.as_slice() {
            [] => String::new(),
            wrong => format!(" ({})", wrong.join("; ")),
        };
        let cause = format!("version {VERSION} not found{seen}");
        let install = format!("cargo install --locked --version {VERSION} {PROGRAM}");
        Err(Error::new(PROGRAM, cause).hint(format!("scripts/install-host, or: {install}")))
    }

    /// The host named by `TG_HOST`.
    fn named(path: PathBuf) -> Result<Self> {
        let (cause, hint) = match version(&path) {
            Some(found) if found == VERSION => return Ok(Self::new(path, found)),
            Some(found) => (
                format!("is version {found}, not {VERSION}"),
                "unset TG_HOST, or point it at",
            ),
            None => (
                "named by TG_HOST, does not answer --version".into(),
                "point TG_HOST at",
            ),
        };
        Err(Error::new(path.display(), cause).hint(format!("{hint} {PROGRAM} {VERSION}")))
    }

    fn new(path: PathBuf, version: String) -> Self {
        let path = std::path::absolute(&path).unwrap_or(path);
        Self { path, version }
    }

    /// The directory with the package's own workflow files, if it exists: beside a host that `scripts/install-host` built,
    /// else the directory that it fills for a host on PATH, else the one into which cargo unpacked the package.
    pub fn workflow_dir(&self) -> Option<PathBuf> {
        let root = self.path.parent().and_then(Path::parent);
        let beside = root.map(|root| root.join("workflows")).into_iter();
        let installed = places().into_iter().map(|dir| dir.join(".host/workflows"));
        let mut dirs = beside.chain(installed).chain(self.unpacked());
        dirs.find(|dir| dir.join("workflow-solo.yaml").is_file())
    }

    fn unpacked(&self) -> Vec<PathBuf> {
        let set = |name| env::var_os(name).map(PathBuf::from);
        let cargo = set("CARGO_HOME").or_else(|| Some(set("HOME")?.join(".cargo")));
        let registries = cargo.map(|cargo| cargo.join("registry/src").read_dir());
        let Some(Ok(registries)) = registries else {
            return Vec::new();
        };
        let config = format!("{PROGRAM}-{}/config", self.version);
        let dirs = registries.filter_map(|entry| Some(entry.ok()?.path().join(&config)));
        let mut dirs: Vec<PathBuf> = dirs.collect();
        dirs.sort();
        dirs
    }
}

/// The directories in which a checkout or an installation keeps its files: those above this program, and `share/tg` in
/// each.
pub fn places() -> Vec<PathBuf> {
    let exe = env::current_exe().unwrap_or_default();
    let above = exe.ancestors().skip(1);
    above
        .flat_map(|dir| [dir.to_path_buf(), dir.join("share/tg")])
        .collect()
}

fn candidates() -> Vec<PathBuf> {
    let checkout = places()
        .into_iter()
        .map(|dir| dir.join(".host/bin").join(PROGRAM));
    let on_path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&on_path)
        .map(|dir| dir.join(PROGRAM))
        .collect();
    checkout
        .chain(on_path)
        .filter(|path| path.is_file())
        .collect()
}

fn version(path: &Path) -> Option<String> {
    let out = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    text.trim()
        .strip_prefix(PROGRAM)
        .map(|rest| rest.trim().to_string())
}
