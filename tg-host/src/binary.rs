//! Finding the host's program, and the workflow files that came with it.
//!
//! Only the version these tools were measured against is used; another one is named in the error, never run against a
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
    /// What `--version` says.
    pub version: String,
}

impl Host {
    /// The host named by `TG_HOST`, else the one `scripts/install-host` built for this checkout or installation, else the first good one
    /// on PATH.
    pub fn find() -> Result<Self> {
        if let Some(path) = env::var_os("TG_HOST").filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            return match version(&path) {
                Some(found) if found == VERSION => Ok(Self {
                    path: absolute(path),
                    version: found,
                }),
                Some(found) => Err(Error::new(
                    path.display(),
                    format!("is version {found}, not {VERSION}"),
                )
                .hint(format!("unset TG_HOST, or point it at {PROGRAM} {VERSION}"))),
                None => Err(Error::new(
                    path.display(),
                    "named by TG_HOST, does not answer --version",
                )
                .hint(format!("point TG_HOST at {PROGRAM} {VERSION}"))),
            };
        }
        let mut wrong = Vec::new();
        for path in candidates() {
            match version(&path) {
                Some(found) if found == VERSION => {
                    return Ok(Self {
                        path: absolute(path),
                        version: found,
                    });
                }
                Some(found) => wrong.push(format!("{} is version {found}", path.display())),
                None => {}
            }
        }
        let seen = if wrong.is_empty() {
            String::new()
        } else {
            format!(" ({})", wrong.join("; "))
        };
        Err(
            Error::new(PROGRAM, format!("version {VERSION} not found{seen}")).hint(format!(
                "scripts/install-host, or: cargo install --locked --version {VERSION} {PROGRAM}"
            )),
        )
    }

    /// The directory with the package's own workflow files, if the installation left one: beside a host that
    /// `scripts/install-host` built, else where that put them for a host on PATH, else where cargo unpacked the package.
    pub fn workflow_dir(&self) -> Option<PathBuf> {
        let beside = self
            .path
            .parent()
            .and_then(Path::parent)
            .map(|root| root.join("workflows"));
        beside
            .into_iter()
            .chain(places().into_iter().map(|dir| dir.join(".host/workflows")))
            .chain(self.unpacked())
            .find(|dir| dir.join("workflow-solo.yaml").is_file())
    }

    fn unpacked(&self) -> Vec<PathBuf> {
        let home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        let Some(Ok(registries)) = home.map(|home| home.join("registry/src").read_dir()) else {
            return Vec::new();
        };
        let mut dirs: Vec<PathBuf> = registries
            .filter_map(|entry| {
                Some(
                    entry
                        .ok()?
                        .path()
                        .join(format!("{PROGRAM}-{}/config", self.version)),
                )
            })
            .collect();
        dirs.sort();
        dirs
    }
}

/// Where a checkout or an installation keeps its files: the directories above this program, and `share/tg` in each.
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

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
