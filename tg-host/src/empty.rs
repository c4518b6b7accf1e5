//! An empty database, made by the host itself.
//!
//! The schema is the host's business, so the host makes it: `export` of a database that does not exist creates one
//! (16 ms). It is kept in the user's cache, once per host version, and copied (1 ms). It is made before any server
//! starts: several servers starting on a new file race on its migrations, and some die.

use crate::binary::Host;
use crate::error::{Error, Result, about, last_words};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Make an empty database called `db`, which must not exist yet.
pub fn create(host: &Host, db: &Path) -> Result<()> {
    if db.exists() {
        return Err(Error::new(db.display(), "exists already"));
    }
    let kept = cache_dir().map(|dir| dir.join(format!("empty-{}.db", host.version)));
    if let Some(kept) = &kept
        && kept.is_file()
        && fs::copy(kept, db).is_ok()
    {
        return Ok(());
    }
    make(host, db)?;
    if let Some(kept) = kept {
        keep(db, &kept); // a cache that cannot be written costs 15 ms a run, nothing else
    }
    Ok(())
}

fn make(host: &Host, db: &Path) -> Result<()> {
    let parent = db
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = db.file_name().unwrap_or_default();
    let scratch = parent.join(format!(
        ".making-{}-{}",
        std::process::id(),
        name.to_string_lossy()
    ));
    fs::create_dir_all(&scratch).map_err(about(&scratch))?;
    let made = scratch.join("empty.db");
    let out = Command::new(&host.path)
        .arg("--database")
        .arg("empty.db")
        .args([
            "--media-dir",
            "media",
            "--log-dir",
            "logs",
            "--log",
            "0",
            "export",
            "-o",
            "/dev/null",
        ])
        .envs(
            ["PROJECT", "USER", "INSTALL"].map(|which| (format!("TASK_GRAPH_{which}_DIR"), "none")),
        )
        .env_remove("TASK_GRAPH_CONFIG_PATH")
        .current_dir(&scratch)
        .stdin(Stdio::null())
        .output()
        .map_err(about(&host.path));
    let moved = match out {
        Ok(out) if out.status.success() => fs::rename(&made, db).map_err(about(db)),
        Ok(out) => Err(Error::new(
            host.path.display(),
            format!("could not make a database: {}", last_words(&out.stderr)),
        )),
        Err(error) => Err(error),
    };
    let _ = fs::remove_dir_all(&scratch);
    moved
}

fn cache_dir() -> Option<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    Some(
        set("XDG_CACHE_HOME")
            .or_else(|| Some(set("HOME")?.join(".cache")))?
            .join("tg"),
    )
}

fn keep(db: &Path, kept: &Path) {
    let Some(dir) = kept.parent() else { return };
    let temporary = dir.join(format!(".empty-{}.db", std::process::id()));
    let done = fs::create_dir_all(dir)
        .and_then(|()| fs::copy(db, &temporary))
        .and_then(|_| fs::rename(&temporary, kept));
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
}
