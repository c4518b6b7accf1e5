//! Checks that every file is whole, and that a file is unchanged.

use crate::fault::Then;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file as it was: inode, time of the last change in nanoseconds, SHA-256.
pub type Print = (u64, i64, String);

/// The identity of each file below `dir`, by its path relative to `dir`.
pub fn prints(dir: &Path) -> BTreeMap<String, Print> {
    let mut found = BTreeMap::new();
    for path in tg_stage::file::tree(dir).unwrap_or_default() {
        let whole = dir.join(&path);
        let Ok(data) = whole.symlink_metadata() else {
            continue;
        };
        if data.is_file() {
            let hash = tg_stage::file::sha256(&fs::read(&whole).unwrap_or_default());
            let changed = data.mtime() * 1_000_000_000 + data.mtime_nsec();
            found.insert(path.display().to_string(), (data.ino(), changed, hash));
        }
    }
    found
}

/// Names of files that differ between the two.
pub fn changed(before: &BTreeMap<String, Print>, after: &BTreeMap<String, Print>) -> Vec<String> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| before.get(*name) != after.get(*name));
    names.into_iter().cloned().collect()
}

/// The files below `results` that are not whole, but for a file that the fault itself tore.
pub fn faults(results: &Path, then: &Then) -> Vec<String> {
    let mut faults = Vec::new();
    for path in tg_stage::file::tree(results).unwrap_or_default() {
        let shown = path.display().to_string();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let whole = results.join(&path);
        let is_temporary = name.starts_with(".tg-")
            || name.starts_with(".making-")
            || [".new", ".tmp", ".part"]
                .iter()
                .any(|end| name.ends_with(end));
        // Files in the agents' working directory belong to the agents.
        if is_temporary && !shown.contains("/work/") {
            faults.push(format!("{shown} was left behind"));
        }
        let is_torn = !then.torn.is_empty() && without_try(&shown) == then.torn;
        if !whole.is_file() || is_torn && (then.stays || shown != then.torn) {
            continue;
        }
        let fault = match name.rsplit('.').next() {
            Some("json") => json(&whole),
            Some("gz") => snapshot(&whole),
            Some("db") => database(&whole),
            _ => None,
        };
        faults.extend(fault.map(|fault| format!("{shown}: {fault}")));
    }
    faults
}

/// `test/swarm-r1.try2/run.json` as `test/swarm-r1/run.json`.
fn without_try(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.split_once(".try") {
        Some((run, _)) => run,
        None => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn json(path: &Path) -> Option<String> {
    let text = fs::read(path).unwrap_or_default();
    let read: Result<serde_json::Value, _> = serde_json::from_slice(&text);
    let value = match read {
        Ok(value) => value,
        Err(cause) => return Some(cause.to_string()),
    };
    // The snapshot that a record names exists and has its hash.
    let export = value
        .get("export")
        .filter(|export| export.get("sha256").is_some())?;
    let beside = path.with_file_name("snapshot.json.gz");
    let bytes = fs::read(&beside).unwrap_or_default();
    let (hash, size) = (tg_stage::file::sha256(&bytes), bytes.len() as u64);
    (export["sha256"] != hash.as_str() || export["bytes"] != size).then(|| {
        format!(
            "names a snapshot of {}, and there is {hash}",
            export["sha256"]
        )
    })
}

fn snapshot(path: &Path) -> Option<String> {
    let bytes = fs::read(path).unwrap_or_default();
    let mut text = Vec::new();
    let read = flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text);
    if let Err(cause) = read {
        return Some(cause.to_string());
    }
    let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&text);
    match parsed {
        Ok(snapshot) if snapshot["tables"]["tasks"].is_array() => None,
        Ok(_) => Some("has no tasks".into()),
        Err(cause) => Some(cause.to_string()),
    }
}

/// A database is read in a copy, with its log: reading it in place could change it.
fn database(path: &Path) -> Option<String> {
    let place = tempfile::tempdir().ok()?;
    for end in ["", "-wal"] {
        let from = format!("{}{end}", path.display());
        if Path::new(&from).is_file()
            && let Err(cause) = fs::copy(&from, place.path().join(format!("copy.db{end}")))
        {
            return Some(cause.to_string());
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let asked = Connection::open_with_flags(place.path().join("copy.db"), flags)
        .and_then(|db| db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
    match asked {
        Ok(answer) if answer == "ok" => None,
        Ok(answer) => Some(answer),
        Err(cause) => Some(cause.to_string()),
    }
}
