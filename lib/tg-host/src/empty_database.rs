//! An empty database, made by the host itself.
//!
//! The host owns its schema, so the host creates it: `export` of a database that does not exist creates one (16 ms). It is
//! cached in the user's cache directory, once per host version, and copied (1 ms). It is created before any server starts:
//! several servers starting on a new file race on its migrations, and some exit.

use crate::binary::Host;
use crate::error::{Error, Result, about, last_words};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The host's arguments after `--database FILE`.
const EXPORT: [&str; 9] = [
    "--media-dir",
    "media",
    "--log-dir",
    "logs",
    "--log",
    "0",
    "export",
    "-o",
    "/dev/null",
];

/// Creates an empty database at `db`, which must not exist yet.
pub fn create(host: &Host, db: &Path) -> Result<()> {
    if db.exists() {
        return Err(Error::new(db.display(), "exists already"));
    }
    let cached = cache_dir().map(|dir| dir.join(format!("empty-{}.db", host.version)));
    if let Some(cached) = &cached
        && cached.is_file()
        && fs::copy(cached, db).is_ok()
    {
        return Ok(());
    }
    export(host, db)?;
    if let Some(cached) = cached {
        save(db, &cached); // a cache that cannot be written costs 15 ms a run, nothing else
    }
    Ok(())
}

/// Makes the host create the database in a directory of its own, and moves it to `db`.
fn export(host: &Host, db: &Path) -> Result<()> {
    let parent = db.parent().filter(|dir| !dir.as_os_str().is_empty());
    let name = db.file_name().unwrap_or_default().to_string_lossy();
    let scratch = format!(".making-{}-{name}", std::process::id());
    let scratch = parent.unwrap_or(Path::new(".")).join(scratch);
    fs::create_dir_all(&scratch).map_err(about(&scratch))?;
    let nowhere = |which| (format!("TASK_GRAPH_{which}_DIR"), "none");
    let out = Command::new(&host.path)
        .args(["--database", "empty.db"])
        .args(EXPORT)
        .envs(["PROJECT", "USER", "INSTALL"].map(nowhere))
        .env_remove("TASK_GRAPH_CONFIG_PATH")
        .current_dir(&scratch)
        .stdin(Stdio::null())
        .output()
        .map_err(about(&host.path));
    let moved = out.and_then(|out| {
        if out.status.success() {
            return fs::rename(scratch.join("empty.db"), db).map_err(about(db));
        }
        let cause = format!("could not make a database: {}", last_words(&out.stderr));
        Err(Error::new(host.path.display(), cause))
    });
    let _ = fs::remove_dir_all(&scratch);
    moved
}

fn cache_dir() -> Option<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("tg"))
}

fn save(db: &Path, cached: &Path) {
    let Some(dir) = cached.parent() else { return };
    let temporary = dir.join(format!(".empty-{}.db", std::process::id()));
    let done = fs::create_dir_all(dir)
        .and_then(|()| fs::copy(db, &temporary))
        .and_then(|_| fs::rename(&temporary, cached));
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
}
