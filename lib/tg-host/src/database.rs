//! Opening run databases: read-only while agents are running, alone and writable after they have ended.
//!
//! While servers are running, the file can be a stub with everything in its `-wal`: never copy it, never open it
//! `immutable`. A reader in read-only mode disturbs no other process; a writer makes every claim of that moment fail.
//! `journal_mode=DELETE` succeeds only if no other process has the database open, and leaves one self-contained file: it
//! is the test for "all have ended".

use crate::error::{Error, Result, sqlite};
use crate::snapshot::text;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// The migration of the host's schema that this crate was written for (host 0.5.0).
const SCHEMA: i64 = 8;

/// The first bytes of every `SQLite` database.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// True if a file is a database, by its first bytes.
pub fn is_database(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    text::file(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok()) && magic == *MAGIC
}

/// Opens a database that other processes may be writing to.
///
/// In a directory that cannot be written to, `SQLite` cannot open a file that was left in WAL mode; if there is no `-wal`,
/// so that the file is complete, it is opened as immutable.
pub fn open_read_only(path: &Path) -> Result<Connection> {
    check_exists(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match check_host(path, Connection::open_with_flags(path, flags)) {
        Err(_) if is_database(path) && !is_open(path) => {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            check_host(path, Connection::open_with_flags(immutable(path), flags))
        }
        opened => opened,
    }
}

/// Checks that the connection can read the file, and that it has a table of tasks.
fn check_host(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Connection> {
    let db = opened.map_err(sqlite(path))?;
    db.busy_timeout(Duration::from_secs(5))
        .map_err(sqlite(path))?;
    let sql = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'tasks'";
    if !db
        .query_row(sql, [], |row| row.get::<_, bool>(0))
        .map_err(sqlite(path))?
    {
        let cause = "has no table `tasks`: not a database of the host";
        return Err(Error::new(path.display(), cause));
    }
    Ok(db)
}

/// The file's name as a URI that makes `SQLite` assume that it cannot change.
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

/// Opens a database that no other process writes to: before the first server starts, or after the last has ended.
pub fn open_to_write(path: &Path) -> Result<Connection> {
    check_exists(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
    db.busy_timeout(Duration::from_secs(5))
        .map_err(sqlite(path))?;
    db.pragma_update(None, "foreign_keys", true)
        .map_err(sqlite(path))?;
    refuse_newer(&db, path)?;
    Ok(db)
}

/// Refuses to write into the database of a newer host: the meaning of its columns has not been measured.
fn refuse_newer(db: &Connection, path: &Path) -> Result<()> {
    let sql = "SELECT max(version) FROM refinery_schema_history";
    match db.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)) {
        Ok(Some(version)) if version > SCHEMA => Err(Error::new(
            path.display(),
            format!(
                "was made by a newer host (schema V{version}, and V{SCHEMA} is the newest known here)"
            ),
        )),
        Err(cause) if is_busy(&cause) => Err(sqlite(path)(cause)),
        _ => Ok(()),
    }
}

fn is_busy(cause: &rusqlite::Error) -> bool {
    cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Opens the database for writing as soon as no other process has it open; `None` if one still has after `patience`.
pub fn open_alone(path: &Path, patience: Duration) -> Result<Option<Connection>> {
    let begun = Instant::now();
    loop {
        let db = open_to_write(path)?;
        db.busy_timeout(Duration::from_millis(50))
            .map_err(sqlite(path))?;
        let sql = "PRAGMA journal_mode=DELETE";
        match db.query_row(sql, [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "delete" => return Ok(Some(db)),
            Err(cause) if !is_busy(&cause) => return Err(sqlite(path)(cause)),
            _ => {}
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
    let mut query = db.prepare_cached("PRAGMA data_version")?;
    query.query_row([], |row| row.get(0))
}

/// Bytes that change with every commit; `None` if no process has the database open.
///
/// They are the head of the `wal-index`, read as a plain file, so this takes no lock and no connection. A process must not
/// call it while it has a connection to the same database: closing the file would drop the locks of that connection.
pub fn stamp(db: &Path) -> Option<Vec<u8>> {
    let path = beside(db, "-shm");
    if !fs::metadata(&path).ok()?.is_file() {
        return None; // opening a pipe would block until another process writes into it
    }
    let mut head = Vec::new();
    File::open(path)
        .ok()?
        .take(96)
        .read_to_end(&mut head)
        .ok()?;
    (head.len() == 96).then_some(head)
}

/// The time of the last write to the database, in milliseconds since the epoch.
pub fn written_at_ms(db: &Path) -> Option<i64> {
    let modified = |path: &Path| {
        let time = fs::metadata(path).ok()?.modified().ok()?;
        Some(time.duration_since(UNIX_EPOCH).ok()?.as_millis() as i64)
    };
    modified(&beside(db, "-wal")).max(modified(db))
}

/// True if a process has the database open, as far as its files show. Opening a database that is not open creates files.
pub fn is_open(db: &Path) -> bool {
    beside(db, "-wal").exists()
}

fn beside(db: &Path, ending: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn check_exists(path: &Path) -> Result<()> {
    if path.exists() {
        return text::check(path);
    }
    Err(Error::new(path.display(), "no such database").hint("tg-instantiate makes one"))
}
