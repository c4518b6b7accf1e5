//! Run database in, snapshot file out.
//!
//! [`tg_host::rows`] reads the database and knows how a value becomes JSON, [`document`] puts the tables together, [`sink`]
//! makes a file of them, [`end`] adds how the run ended where the database was never free to be told. Nothing here knows what
//! a table means, so that a snapshot stays complete when the host or the toolkit gains one.

pub mod args;
pub mod document;
pub mod end;
pub mod sink;

pub use args::Args;

use document::Failure;
use end::End;
use std::collections::BTreeSet;
use std::io::{BufRead, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Exit, Export, Instantiate, Record, Result, stage};

/// Export the run of each record in `input`, or the one database that `--db` names.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if let (Some(db), Some(out)) = (&args.db, &args.out) {
        if out.as_os_str() == "-" {
            return to_stdout(db, output);
        }
        export(db, out, None, None)?;
        return Ok(Exit::Done);
    }
    let mut written = BTreeSet::new();
    stage::each("tg-export", "export", input, output, |record| {
        let made: Instantiate = record.get("instantiate")?;
        if made.db.is_empty() {
            return Err(lacks(record, "the record has no \"instantiate\".\"db\""));
        }
        let out = destination(args.out.as_deref(), record)?;
        if args.out.is_some() && !written.insert(out.clone()) {
            return Err(Error::usage(out.display(), "already holds the run before")
                .hint("tg-export --out '{run}.json.gz'"));
        }
        let done = export(
            Path::new(&made.db),
            &out,
            Some(record.id()),
            End::of(record)?,
        )?;
        serde_json::to_value(done).map_err(|cause| Error::outside("export", cause))
    })
}

/// Write the snapshot of `db` to `out`: of `run` alone where several share it, with `end` where the database does not know
/// it. The database is not changed.
pub fn export(db: &Path, out: &Path, run: Option<&str>, end: Option<End>) -> Result<Export> {
    let connection = tg_host::database::open_read_only(db).map_err(outside)?;
    if out
        .canonicalize()
        .is_ok_and(|out| db.canonicalize().is_ok_and(|db| db == out))
    {
        return Err(Error::usage(out.display(), "is the database itself"));
    }
    let gzip = out.extension().is_some_and(|ending| ending == "gz");
    let mut sink = sink::to_file(out, gzip)?;
    document::write(&connection, run, end, &mut sink).map_err(|failure| failure.about(db, out))?;
    let (sha256, bytes) = sink::finish(sink, out)?;
    Ok(Export {
        path: out.display().to_string(),
        sha256,
        bytes,
    })
}

fn to_stdout(db: &Path, output: impl Write) -> Result<Exit> {
    let connection = tg_host::database::open_read_only(db).map_err(outside)?;
    let mut output = std::io::BufWriter::with_capacity(1 << 16, output);
    let done = document::write(&connection, None, None, &mut output);
    match done.and_then(|()| output.flush().map_err(Failure::Output)) {
        Err(Failure::Output(cause)) if cause.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(failure) => Err(failure.about(db, Path::new("stdout"))),
        Ok(()) => Ok(Exit::Done),
    }
}

/// Where the snapshot of a record's run goes.
fn destination(out: Option<&Path>, record: &Record) -> Result<PathBuf> {
    match out {
        Some(out) if out.as_os_str() == "-" => {
            Err(Error::usage("--out -", "stdout is for the records")
                .hint("tg-export --db FILE --out -"))
        }
        Some(out) => Ok(out.to_string_lossy().replace("{run}", record.id()).into()),
        None => match record.dir() {
            Some(dir) => Ok(dir.join("snapshot.json.gz")),
            None => Err(
                lacks(record, "the record has no \"run\".\"dir\" for the snapshot")
                    .hint("tg-export --out '{run}.json.gz'"),
            ),
        },
    }
}

fn lacks(record: &Record, what: &str) -> Error {
    Error::input(format!("run {}", record.id()), what)
}

impl Failure {
    /// The error of an export from `db` to `out`.
    fn about(self, db: &Path, out: &Path) -> Error {
        match self {
            Self::Database(cause) => Error::outside(db.display(), cause),
            Self::Schema(cause) => Error::outside(db.display(), cause),
            Self::Output(cause) => file_error(out)(cause),
        }
    }
}
