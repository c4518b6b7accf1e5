//! Opening run databases: read-only while agents live, alone and writable when they are gone.
//!
//! While servers live, the file can be a stub with everything in its `-wal`: never copy it, never open it `immutable`.
//! A reader in read-only mode harms nobody; a writer makes every claim of that moment fail. `journal_mode=DELETE`
//! succeeds only if nobody else has the database open, and leaves one self-contained file: it is the test for "all
//! gone".

use crate::error::{Error, Result, sqlite};
use crate::snapshot::text;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

/// The migration of the host's schema that this crate was written for (host 0.5.0).
const SCHEMA: i64 = 8;

/// How every `SQLite` database begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Whether a file is a database, by its first bytes.
pub fn is_one(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    text::file(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok()) && magic == *MAGIC
}

/// Open a database that others may be writing to.
///
/// In a directory that cannot be written to, `SQLite` cannot open a file that was left in WAL mode; where no `-wal` says
/// that something is missing from the file, it is read as it is.
pub fn open_read_only(path: &Path) -> Result<Connection> {
    present(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match look(path, Connection::open_with_flags(path, flags)) {
        Err(_) if is_archived(path) => {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            look(path, Connection::open_with_flags(immutable(path), flags))
        }
        opened => opened,
    }
}

/// A connection that really reads this file, and finds tasks in it.
fn look(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Connection> {
    let db = opened.map_err(sqlite(path))?;
    db.busy_timeout(Duration::from_secs(5))
        .map_err(sqlite(path))?;
    db.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'tasks'",
        [],
        |row| row.get(0),
    )
    .map_err(sqlite(path))
    .and_then(|tables: i64| match tables {
        0 => Err(Error::new(
            path.display(),
            "has no table `tasks`: not a database of the host",
        )),
        _ => Ok(db),
    })
}

/// Whether the file is all there is: no `-wal` beside it, and a directory in which nothing can be made.
fn is_archived(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    is_one(path) && !Path::new(&wal).exists()
}

/// The file's name as a URI, to be read as if it could not change.
fn immutable(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
    let name: String = bytes
        .map(|&byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("file:{name}?immutable=1")
}

/// Open a database that nobody else writes to: before the first server starts, or after the last has ended.
pub fn open_to_write(path: &Path) -> Result<Connection> {
    present(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
    db.busy_timeout(Duration::from_secs(5))
        .map_err(sqlite(path))?;
    db.pragma_update(None, "foreign_keys", true)
        .map_err(sqlite(path))?;
    refuse_newer(&db, path)?;
    Ok(db)
}

/// What a newer host made is not ours to write into: nobody has measured what its columns mean.
fn refuse_newer(db: &Connection, path: &Path) -> Result<()> {
    let version = db.query_row(
        "SELECT max(version) FROM refinery_schema_history",
        [],
        |row| row.get::<_, Option<i64>>(0),
    );
    match version {
        Ok(Some(version)) if version > SCHEMA => Err(Error::new(
            path.display(),
            format!(
                "was made by a newer host (schema V{version}, and V{SCHEMA} is the newest known here)"
            ),
        )),
        Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            Err(sqlite(path)(cause))
        }
        _ => Ok(()),
    }
}

/// Open for writing once nobody else has the database open; `None` if somebody still has after `patience`.
pub fn open_alone(path: &Path, patience: Duration) -> Result<Option<Connection>> {
    let begun = Instant::now();
    loop {
        let db = open_to_write(path)?;
        db.busy_timeout(Duration::from_millis(50))
            .map_err(sqlite(path))?;
        let alone = db.query_row("PRAGMA journal_mode=DELETE", [], |row| {
            row.get::<_, String>(0)
        });
        match alone {
            Ok(mode) if mode == "delete" => return Ok(Some(db)),
            Ok(_) => {}
            Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(cause) => return Err(sqlite(path)(cause)),
        }
        drop(db);
        if begun.elapsed() >= patience {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A number that changes whenever another connection commits; reading it takes about a microsecond.
pub fn data_version(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}

fn present(path: &Path) -> Result<()> {
    if path.exists() {
        return text::check(path);
    }
    Err(Error::new(path.display(), "no such database").hint("tg-instantiate makes one"))
}
