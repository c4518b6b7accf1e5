//! Run database in, snapshot file out.
//!
//! [`tg_host::rows`] reads the database and converts values to JSON, `document` puts the tables together, `sink` makes a
//! file of them, `end` adds the end of the run if the database does not have it. Nothing here knows what a table means, so
//! that a snapshot stays complete when the host or the toolkit gains one.

mod args;
mod copy;
mod document;
mod end;
mod sink;
mod writer;
mod writer_thread;

pub use args::Args;
pub use copy::copy_snapshot;
pub use document::{ExportOptions, write_database};
pub use end::RecordedEnd;
pub use writer::Failure;

use rusqlite::Connection;
use std::collections::BTreeSet;
use std::io::{BufRead, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tg_host::{database, snapshot::text};
use tg_stage::error::outside;
use tg_stage::{Error, Exit, Export, Instantiate, Record, Result, stage};

/// Exports the run of each record in `input`, or the one database that `--db` names.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if let (Some(db), Some(out)) = (&args.db, &args.out) {
        let options = ExportOptions {
            for_import: args.for_import,
            ..ExportOptions::default()
        };
        if out.as_os_str() == "-" {
            return to_stdout(db, &options, output);
        }
        export(db, out, &options)?;
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
        let options = ExportOptions {
            run: Some(record.id()),
            end: RecordedEnd::of_record(record)?,
            for_import: args.for_import,
        };
        let done = export(Path::new(&made.db), &out, &options)?;
        serde_json::to_value(done).map_err(|cause| Error::outside("export", cause))
    })
}

/// Writes the snapshot of `db`, a database or a snapshot, to `out`; `db` is only read.
pub fn export(db: &Path, out: &Path, options: &ExportOptions) -> Result<Export> {
    let absolute = out.canonicalize();
    if absolute.is_ok_and(|out| db.canonicalize().is_ok_and(|db| db == out)) {
        return Err(Error::usage(out.display(), "is what is to be exported"));
    }
    let gzip = out.extension().is_some_and(|ending| ending == "gz");
    let source = Source::open(db)?;
    let mut sink = sink::create(out, gzip)?;
    let done = source.write(options, &mut sink);
    done.map_err(|failure| failure.into_error(db, out))?;
    let (sha256, bytes) = sink::finish(sink, out)?;
    Ok(Export {
        path: out.display().to_string(),
        sha256,
        bytes,
    })
}

fn to_stdout(db: &Path, options: &ExportOptions, output: impl Write) -> Result<Exit> {
    let source = Source::open(db)?;
    let mut output = std::io::BufWriter::with_capacity(1 << 16, output);
    let done = source.write(options, &mut output);
    match done.and_then(|()| output.flush().map_err(Failure::Output)) {
        Err(Failure::Output(cause)) if cause.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(failure) => Err(failure.into_error(db, Path::new("stdout"))),
        Ok(()) => Ok(Exit::Done),
    }
}

/// The file that is exported.
enum Source {
    Database(Connection),
    Snapshot(text::Text<'static>),
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        if text::is_snapshot(path) {
            return Ok(Self::Snapshot(text::open(path).map_err(outside)?));
        }
        tg_host::read_ahead(path);
        let db = database::open_read_only(path).map_err(outside)?;
        Ok(Self::Database(db))
    }

    fn write(self, options: &ExportOptions, out: &mut impl Write) -> Result<(), Failure> {
        match self {
            Self::Database(db) => write_database(&db, options, out),
            Self::Snapshot(text) => copy_snapshot(text, options.for_import, out),
        }
    }
}

/// The path of the snapshot of a record's run.
fn destination(out: Option<&Path>, record: &Record) -> Result<PathBuf> {
    match out {
        Some(out) if out.as_os_str() == "-" => {
            Err(Error::usage("--out -", "stdout is for the records")
                .hint("tg-export --db FILE --out -"))
        }
        Some(out) => Ok(out.to_string_lossy().replace("{run}", record.id()).into()),
        None => match record.run_dir() {
            Some(dir) => Ok(dir.snapshot()),
            None => Err(
                lacks(record, "the record has no \"run\".\"dir\" for the snapshot")
                    .hint("tg-export --out '{run}.json.gz'"),
            ),
        },
    }
}

fn lacks(record: &Record, cause: &str) -> Error {
    Error::input(format!("run {}", record.id()), cause)
}
